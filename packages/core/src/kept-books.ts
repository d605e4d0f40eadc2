import type { Position } from './batch.ts'
import type { Coverage } from './coverage.ts'
import type { Deferred } from './deferral.ts'
import type { HistoryEntry } from './history.ts'
import {
  kernelTables,
  readCoverage,
  readDeferred,
  readHistory,
  readState,
  type KeptState,
} from './replica-records.ts'
import type { CommitSeq, Store } from './store.ts'

/** Everything a store keeps of a replica besides its rows. */
export type KeptBooks<F> = KeptState & {
  /** The commit these books are at least as new as. */
  readonly seq: CommitSeq
  readonly history: readonly HistoryEntry<F>[]
  readonly deferred: readonly Deferred<F>[]
  readonly coverages: readonly Coverage[]
}

export async function readBooks<F>(store: Store, origin: Position): Promise<KeptBooks<F>> {
  const { seq } = await store.info()
  const [state, history, deferred, coverages] = await Promise.all([
    store.range(kernelTables.state, {}),
    store.range(kernelTables.history, {}),
    store.range(kernelTables.deferred, {}),
    store.range(kernelTables.coverage, {}),
  ])
  return {
    ...readState(state, origin),
    seq,
    history: history.map((record) => readHistory<F>(record)),
    deferred: deferred.map((record) => readDeferred<F>(record)),
    coverages: coverages.map(readCoverage),
  }
}
