import type { Seq } from './batch.ts'
import type { Clock } from './clock.ts'
import type { CoverageBooks } from './coverage-books.ts'
import type { OpenReads } from './open-reads.ts'
import type { Overlay } from './overlay.ts'
import type { PendingAcks } from './pending-acks.ts'
import type { Refetches } from './refetch.ts'
import type { ReplicaTables } from './replica-tables.ts'
import type { Stamp } from './row-slots.ts'

/** What the steps of `apply` share. Internal: a replica is used through `Replica`. */
export interface Kernel {
  readonly clock: Clock
  readonly tables: ReplicaTables
  readonly overlay: Overlay
  readonly acks: PendingAcks
  readonly openReads: OpenReads
  readonly refetches: Refetches
  /** What was read as a whole, where the host asked for it. */
  coverage?: CoverageBooks | undefined
  readonly rules: KernelRules
  /** Number of the newest applied batch. */
  seq: Seq
  /** The connection now; what was verified in an older one may have missed changes. */
  epoch: number
  /** `seq` when this epoch began. */
  epochStartedAt: Seq
  /** Whether a parked batch will write a row; nothing is parked without one. */
  intake?: { holdsBack(table: string, id: string): boolean } | undefined
}

/** How the facts of one batch are known; the stamp of what they write. */
export type Telling = Stamp & {
  readonly isLive: boolean
  /** `seq` at which they are known to have been true: when a read was sent, or a push came. */
  readonly asOf: Seq
}

/** What was true in the connection before may have changed between the two. */
export function epochOf(kernel: Kernel, asOf: Seq): number {
  return asOf >= kernel.epochStartedAt ? kernel.epoch : kernel.epoch - 1
}

/**
 * The rules a convergence run can switch off, to show that it would notice:
 * one that is `false` is off. All are on, always, outside of such a run.
 */
export type KernelRules = {
  /** A2: a read does not overwrite what changed after it was sent. */
  readonly crossedReads?: false
  /** S2: reading begins once the stream stands. */
  readonly subscribeFirst?: false
  /** S3: a partial update on an unverified row is read again. */
  readonly verifiedBase?: false
  /** S4: what a whole walk did not see is gone. */
  readonly reconcileDeletions?: false
  /** A2: a stretch of a log that was applied is not applied again. */
  readonly dropCovered?: false
  /** A3: a rewind undoes what lies after it. */
  readonly rewind?: false
  /** S10: a stream goes on from a checkpoint only where nothing was left to be read. */
  readonly provenContinuity?: false
  /** S7: what waits holds back later batches with the same keys. */
  readonly deferSameKeys?: false
}
