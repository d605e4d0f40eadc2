import type { RowFact } from './batch.ts'
import type { Log } from './log.ts'
import { kernelTables } from './replica-records.ts'
import type { CommitSeq, Store, StoreWrite } from './store.ts'

/** Takes over what another process or tab commits to the store they share [T9]. */
export type Follower = {
  /** Resolves when all that was committed before the call is taken over. Calls share one run. */
  pull(): Promise<void>
}

export function createFollower(options: {
  readonly store: Store
  /** The commit the follower's rows are at least as new as. */
  readonly seq: CommitSeq
  readonly tables: readonly string[]
  readonly log: Log
  /** Ids that are held of a table. */
  held(table: string): Iterable<string>
  apply(facts: readonly RowFact[]): void
  /** The kernel's own books have changed. */
  refresh(): Promise<void>
}): Follower {
  const { store, log } = options
  const tables = new Set(options.tables)
  const books = new Set<string>([kernelTables.state, kernelTables.coverage])
  let seq = options.seq
  let pulling: Promise<void> | undefined
  let again = false

  const pullOnce = async (): Promise<void> => {
    const changes = await store.changesSince(seq)
    if (changes.seq === seq) return
    if (changes.kind === 'reset') {
      log.write(
        'info',
        'freshet::follower',
        'The store no longer knows what changed; everything is read again.',
      )
      for (const table of tables) options.apply(await differences(table))
      await options.refresh()
    } else {
      const facts = changes.writes.flatMap(({ table, id, value }) =>
        tables.has(table) ? [factOf(table, id, value)] : [],
      )
      if (facts.length > 0) options.apply(facts)
      if (changes.writes.some(({ table }) => books.has(table))) await options.refresh()
    }
    seq = changes.seq
  }
  const differences = async (table: string): Promise<readonly RowFact[]> => {
    const facts: RowFact[] = []
    const seen = new Set<string>()
    for await (const slice of store.scan(table, 5_000)) {
      for (const { id, value } of slice) {
        seen.add(id)
        facts.push(factOf(table, id, value))
      }
    }
    for (const id of options.held(table)) if (!seen.has(id)) facts.push(factOf(table, id, undefined))
    return facts
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
    pull() {
      again = true
      pulling ??= pullUntilQuiet()
      return pulling
    },
  }
}

function factOf(table: string, id: string, row: StoreWrite['value']): RowFact {
  return row ? { kind: 'put', table, id, row } : { kind: 'delete', table, id }
}
