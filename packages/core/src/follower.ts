import { applyBatch } from './apply-batch.ts'
import type { RowFact } from './batch.ts'
import { wholeTable } from './coverage.ts'
import { readBooks, takeOver } from './kept-books.ts'
import { lead } from './lead.ts'
import type { Replica } from './replica.ts'
import { coreOf, type ReplicaCore } from './replica-core.ts'
import { kernelTables } from './replica-records.ts'
import type { Store, StoreWrite } from './store.ts'
import { idsVerifiedBefore } from './verified-before.ts'

/** Takes over what another process or tab commits to the store they share [T9]. */
export type Follower = {
  /** Resolves when all that was committed before the call is taken over. Calls share one run; does nothing for a leader. */
  pull(): Promise<void>
  /**
   * Ends the leadership before and becomes the leader: from now on what is
   * applied is committed, and this replica alone may run sources [T10].
   *
   * @throws {FreshetError} `storage/*` as the store does.
   */
  promote(): Promise<void>
}

/** Follows the store a replica was opened on as a follower; does nothing for one in memory. Once per replica. */
export function followStore<F>(replica: Replica<F>): Follower {
  const core = coreOf(replica)
  const { disk } = core
  let pulling: Promise<void> | undefined
  let again = false

  const pullUntilQuiet = async (): Promise<void> => {
    try {
      do {
        again = false
        await pullOnce(core)
      } while (again)
    } finally {
      pulling = undefined
    }
  }
  const pull = async (): Promise<void> => {
    if (core.committer) return
    again = true
    pulling ??= pullUntilQuiet()
    await pulling
  }

  return {
    pull,
    async promote() {
      if (core.committer || !disk) return
      await pull()
      const term = await disk.store.takeTerm()
      // What the leader before committed between the two.
      await pull()
      takeOver(core, await readBooks(core, disk))
      // Which rows of other tables the leader before held for verified is not known.
      const isWhole = (table: string): boolean => core.coverage?.get(table, wholeTable)?.complete === true
      core.continuous &&= core.tables.names().every(isWhole)
      lead(core, disk, term)
    },
  }
}

async function pullOnce<F>(core: ReplicaCore<F>): Promise<void> {
  const { disk } = core
  if (!disk) return
  const changes = await disk.store.changesSince(disk.seq)
  if (changes.seq === disk.seq) return
  const tables = new Set(core.tables.names())
  const apply = (facts: readonly RowFact[]): void =>
    void applyBatch(core, { kind: 'state', startedAt: 'live', facts })
  if (changes.kind === 'reset') {
    core.log.write(
      'info',
      'freshet::follower',
      'The store no longer knows what changed; everything is read again.',
    )
    for (const table of tables) apply(await differences(core, disk.store, table))
    takeOver(core, await readBooks(core, disk))
  } else {
    const facts = changes.writes.flatMap(({ table, id, value }) =>
      tables.has(table) ? [factOf(table, id, value)] : [],
    )
    if (facts.length > 0) apply(facts)
    const isOfBooks = ({ table }: StoreWrite): boolean =>
      table === kernelTables.state || table === kernelTables.coverage
    if (changes.writes.some(isOfBooks)) takeOver(core, await readBooks(core, disk))
  }
  disk.seq = changes.seq
}

async function differences<F>(
  { tables }: ReplicaCore<F>,
  store: Store,
  table: string,
): Promise<readonly RowFact[]> {
  const facts: RowFact[] = []
  const seen = new Set<string>()
  for await (const slice of store.scan(table, 5_000)) {
    for (const { id, value } of slice) {
      seen.add(id)
      facts.push(factOf(table, id, value))
    }
  }
  for (const id of idsVerifiedBefore(tables.writer(table), Infinity)) {
    if (!seen.has(id)) facts.push(factOf(table, id, undefined))
  }
  return facts
}

function factOf(table: string, id: string, row: StoreWrite['value']): RowFact {
  return row ? { kind: 'put', table, id, row } : { kind: 'delete', table, id }
}
