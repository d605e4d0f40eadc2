import type { KeptCoverages } from './coverage-books.ts'
import type { Disk, ReplicaCore } from './replica-core.ts'
import { kernelTables, readState, type KeptState } from './replica-records.ts'
import type { CommitSeq } from './store.ts'

/** Everything a store keeps of a replica besides its rows. */
export type KeptBooks = KeptState & {
  /** The commit these books are at least as new as. */
  readonly seq: CommitSeq
  readonly coverages: KeptCoverages | undefined
  readonly restoreIntake: ((oldest: number) => void) | undefined
}

export async function readBooks<F>(
  { origin, intake, coverage }: ReplicaCore<F>,
  { store }: Pick<Disk, 'store'>,
): Promise<KeptBooks> {
  const { seq } = await store.info()
  const [state, coverages, restoreIntake] = await Promise.all([
    store.range(kernelTables.state, {}),
    coverage?.read(store),
    intake?.read(store),
  ])
  return { ...readState(state, origin), seq, coverages, restoreIntake }
}

/** Goes on where the books stand. */
export function takeOver<F>(core: ReplicaCore<F>, books: KeptBooks): void {
  const { position, checkpoint, freshAtUnixMs, continuous } = books
  Object.assign(core, { position, checkpoint, freshAtUnixMs, continuous })
  books.restoreIntake?.(books.oldest)
  books.coverages?.takeOver()
  core.status.update({ freshness: { freshAtUnixMs } })
}
