import type { RowFact, Seq, Version } from './batch.ts'
import type { Clock } from './clock.ts'
import type { Stamp } from './collection.ts'
import type { Coverages } from './coverage.ts'
import type { OpenReads } from './open-reads.ts'
import type { Overlay } from './overlay.ts'
import type { Refetches } from './refetch.ts'
import type { ReplicaTables, TableChange } from './replica-tables.ts'

/** What the steps of `apply` share. Internal: a replica is used through `Replica`. */
export interface Kernel {
  readonly clock: Clock
  readonly tables: ReplicaTables
  readonly overlay: Overlay
  readonly openReads: OpenReads
  readonly refetches: Refetches
  readonly coverages: Coverages
  readonly rules: KernelRules
  /** The connection now; what was verified in an older one may have missed changes. */
  readonly epoch: number
  /** `seq` when this epoch began. */
  readonly epochStartedAt: Seq
  stamp(seq: Seq): Stamp
  versionOf(table: string, id: string): Version | undefined
  /** Whether rows of this table that are not held are of interest: it is held whole, or may be being read. */
  wantsUnknown(table: string): boolean
  /** Whether a parked batch will write this row. */
  isHeldBack(table: string, id: string): boolean
  /** A whole row was told: what waited for it can fall. */
  rowSettled(change: TableChange, fact: Exclude<RowFact, { kind: 'touched' }>, startedAt: Seq | 'live'): void
  /** A whole table was read in this epoch: so can what waited before it for a row that is not there. */
  walked(change: TableChange, table: string): void
}

/**
 * The rules a convergence run can switch off, to show that it would notice.
 * All are on, always, outside of such a run.
 */
export type KernelRules = {
  /** A2: a read does not overwrite what changed after it was sent. */
  readonly crossedReads: boolean
  /** S2: reading begins once the stream stands. */
  readonly subscribeFirst: boolean
  /** S3: a partial update on an unverified row is read again. */
  readonly verifiedBase: boolean
  /** S4: what a whole walk did not see is gone. */
  readonly reconcileDeletions: boolean
  /** A2: a stretch of a log that was applied is not applied again. */
  readonly dropCovered: boolean
  /** A3: a rewind undoes what lies after it. */
  readonly rewind: boolean
  /** S7: what waits holds back later batches with the same keys. */
  readonly deferSameKeys: boolean
}

export const allRules: KernelRules = {
  crossedReads: true,
  subscribeFirst: true,
  verifiedBase: true,
  reconcileDeletions: true,
  dropCovered: true,
  rewind: true,
  deferSameKeys: true,
}
