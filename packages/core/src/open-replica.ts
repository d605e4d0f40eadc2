import type { RowFact } from './batch.ts'
import { readBooks } from './kept-books.ts'
import { createReplicaOn, type Replica, type ReplicaOptions } from './replica.ts'
import { kernelStoreTables } from './replica-records.ts'
import type { TableSpec } from './replica-tables.ts'
import type { CommitSeq, Store, StoreRecord, StoreTable } from './store.ts'

export type OpenReplicaOptions<F> = ReplicaOptions<F> & {
  readonly store: Store
  /**
   * `leader` (default) ends the leadership before it and commits what it applies.
   * `follower` shows what the leader commits; `promote` makes it the leader.
   */
  readonly role?: 'leader' | 'follower' | undefined
  /** Told after each commit, so that followers can be told. */
  readonly onCommitted?: ((seq: CommitSeq) => void) | undefined
}

/** Rows read from the store in one slice while loading. */
const loadRows = 5_000

/**
 * A replica on a durable store: it stands where the run before stopped, with
 * all rows loaded, and commits what it applies.
 *
 * The store must have been opened with `storeTables(options.tables)`.
 *
 * @throws {FreshetError} `storage/*` as the store does.
 */
export async function openReplica<F = RowFact>(options: OpenReplicaOptions<F>): Promise<Replica<F>> {
  const { store, role = 'leader', origin = -1, onCommitted } = options
  const term = role === 'leader' ? await store.takeTerm() : undefined
  // Before the rows: what is committed while they are read is pulled again.
  const kept = await readBooks<F>(store, origin)
  const loaded = await loadTables(options.tables, store)
  return createReplicaOn(options, { store, kept, loaded, term, onCommitted })
}

/** The tables a store needs for a replica with these tables. */
export function storeTables(tables: readonly TableSpec[]): readonly StoreTable[] {
  return [
    ...tables.map(({ name, indexes }): StoreTable => ({ name, space: 'replica', indexes })),
    ...kernelStoreTables,
  ]
}

async function loadTables(
  tables: readonly TableSpec[],
  store: Store,
): Promise<ReadonlyMap<string, readonly StoreRecord[]>> {
  const loaded = new Map<string, readonly StoreRecord[]>()
  for (const { name } of tables) {
    const records: StoreRecord[] = []
    for await (const slice of store.scan(name, loadRows)) records.push(...slice)
    loaded.set(name, records)
  }
  return loaded
}
