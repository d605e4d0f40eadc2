import type { Seq } from './batch.ts'
import { createDeferrals, type Deferred } from './deferral.ts'
import { createHistory, type HistoryEntry } from './history.ts'
import { createReplicaOn, type Replica, type ReplicaOptions } from './replica.ts'
import { kernelStoreTables, kernelTables, readCoverage, readDeferred, readHistory, readState } from './replica-records.ts'
import type { TableSpec } from './replica-tables.ts'
import type { CommitSeq, Store, StoreRecord, StoreTable, Term } from './store.ts'
import type { RowFact } from './batch.ts'

export type OpenReplicaOptions<F> = ReplicaOptions<F> & {
  readonly store: Store
  /** Default: takes a new leadership of the store, which ends the one before [T9]. */
  readonly term?: Term | undefined
  /** Told after each commit, so that followers can be told. */
  onCommitted?(seq: CommitSeq): void
}

/** Rows read from the store in one slice while loading. */
const hydrateRows = 5_000

/**
 * A replica on a durable store: it stands where the run before stopped, with
 * all rows loaded, and commits what it applies.
 *
 * The store must have been opened with `storeTables(options.tables)`.
 *
 * @throws {FreshetError} `storage/*` as the store does.
 */
export async function openReplica<F = RowFact>(options: OpenReplicaOptions<F>): Promise<Replica<F>> {
  const { store, origin = -1 } = options
  const term = options.term ?? (await store.takeTerm())
  const state = readState(await store.range(kernelTables.state, {}), origin)
  const history: HistoryEntry<F>[] = (await store.range(kernelTables.history, {})).map((record) => readHistory<F>(record))
  const deferred: Deferred<F>[] = (await store.range(kernelTables.deferred, {})).map((record) => readDeferred<F>(record))
  const firstEpoch = 1
  const seq: Seq = 0
  const coverages = (await store.range(kernelTables.coverage, {})).map((record) => readCoverage(record, firstEpoch, seq))
  const loaded = await loadRows(options.tables, store)
  return createReplicaOn(options, {
    store,
    term,
    position: state.position,
    checkpoint: state.checkpoint,
    freshAtUnixMs: state.freshAtUnixMs,
    history: createHistory(state.oldest, history),
    deferrals: createDeferrals(deferred),
    coverages,
    loaded,
    onCommitted: options.onCommitted,
  })
}

/** The tables a store needs for a replica with these tables. */
export function storeTables(tables: readonly TableSpec[]): readonly StoreTable[] {
  return [...tables.map(({ name, indexes }): StoreTable => ({ name, space: 'replica', indexes })), ...kernelStoreTables]
}

async function loadRows(tables: readonly TableSpec[], store: Store): Promise<Map<string, readonly StoreRecord[]>> {
  const loaded = new Map<string, readonly StoreRecord[]>()
  for (const { name } of tables) {
    const records: StoreRecord[] = []
    for await (const slice of store.scan(name, hydrateRows)) records.push(...slice)
    loaded.set(name, records)
  }
  return loaded
}
