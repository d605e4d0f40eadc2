import { silentLog, type Log } from './log.ts'
import type { Replica } from './replica.ts'
import type { RowFact } from './batch.ts'
import type { CommitSeq, Store } from './store.ts'

/**
 * Keeps a replica equal to what another process or tab commits to the store
 * they share [T9].
 */
export interface Follower {
  /** Takes over what was committed since the last call; to be called whenever the leader says it committed. */
  pull(): Promise<void>
}

/**
 * @param options.replica - A replica in memory alone, whose rows are those of `store` at `seq`.
 */
export function createFollower(options: {
  readonly replica: Replica<RowFact>
  readonly store: Store
  readonly seq: CommitSeq
  readonly log?: Log | undefined
}): Follower {
  const { replica, store, log = silentLog } = options
  let seq = options.seq
  let pulling: Promise<void> | undefined
  let again = false

  const pullOnce = async (): Promise<void> => {
    const changes = await store.changesSince(seq)
    const tables = new Set(replica.tables())
    if (changes.kind === 'reset') {
      log.write('info', 'freshet::follower', 'The store no longer knows what changed; everything is read again.')
      await readAll(replica, store)
    } else {
      const facts = changes.writes.flatMap(({ table, id, value }): RowFact[] => {
        if (!tables.has(table)) return []
        return [value ? { kind: 'put', table, id, row: value } : { kind: 'delete', table, id }]
      })
      if (facts.length > 0) replica.apply({ kind: 'state', startedAt: 'live', facts })
    }
    seq = changes.seq
  }
  const pullUntilQuiet = async (): Promise<void> => {
    try {
      do {
        again = false
        await pullOnce()
      } while (again)
    } finally {
      pulling = undefined
    }
  }

  return {
    async pull() {
      again = true
      pulling ??= pullUntilQuiet()
      await pulling
    },
  }
}

async function readAll(replica: Replica<RowFact>, store: Store): Promise<void> {
  replica.beginEpoch()
  for (const table of replica.tables()) {
    for await (const slice of store.scan(table, 1_000)) {
      const facts = slice.map(({ id, value }): RowFact => ({ kind: 'put', table, id, row: value }))
      replica.apply({ kind: 'state', startedAt: 'live', facts })
    }
    replica.apply({ kind: 'state', startedAt: 'live', facts: [], covers: [{ table, key: 'all', complete: true }] })
  }
}
