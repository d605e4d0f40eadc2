import { wholeTable, type Coverage } from './coverage.ts'
import type { Disk, ReplicaCore } from './replica-core.ts'
import { kernelTables, readCoverage, readState, type KeptState } from './replica-records.ts'
import type { CommitSeq } from './store.ts'

/** Everything a store keeps of a replica besides its rows. */
export type KeptBooks = KeptState & {
  /** The commit these books are at least as new as. */
  readonly seq: CommitSeq
  readonly coverages: readonly Coverage[]
  readonly restoreIntake: ((oldest: number) => void) | undefined
}

export async function readBooks<F>(
  { origin, intake }: ReplicaCore<F>,
  { store }: Pick<Disk, 'store'>,
): Promise<KeptBooks> {
  const { seq } = await store.info()
  const [state, coverages, restoreIntake] = await Promise.all([
    store.range(kernelTables.state, {}),
    store.range(kernelTables.coverage, {}),
    intake?.read(store),
  ])
  return { ...readState(state, origin), seq, coverages: coverages.map(readCoverage), restoreIntake }
}

/** Goes on where the books stand. */
export function takeOver<F>(core: ReplicaCore<F>, books: KeptBooks): void {
  const { coverages, tables, epoch, seq, status } = core
  const { position, checkpoint, freshAtUnixMs, continuous } = books
  Object.assign(core, { position, checkpoint, freshAtUnixMs, continuous })
  books.restoreIntake?.(books.oldest)
  for (const coverage of books.coverages) {
    coverages.set({ ...coverage, epoch, seq })
    if (coverage.key === wholeTable) tables.writer(coverage.table).setComplete(coverage.complete)
  }
  status.update({ freshness: { freshAtUnixMs } })
}
