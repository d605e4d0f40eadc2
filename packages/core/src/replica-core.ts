import type { Position, Seq } from './batch.ts'
import { systemClock } from './clock.ts'
import type { Committer } from './committer.ts'
import type { HostLayers } from './host-layers.ts'
import type { OpenIntake } from './intake.ts'
import type { Kernel } from './kernel.ts'
import { silentLog, type Log } from './log.ts'
import { createOpenReads } from './open-reads.ts'
import { createOverlay } from './overlay.ts'
import { createPendingAcks } from './pending-acks.ts'
import { createRefetches } from './refetch.ts'
import type { Replica, ReplicaOptions } from './replica.ts'
import { stateWrite } from './replica-records.ts'
import { createReplicaTables } from './replica-tables.ts'
import { createStatusCell, type StatusCell } from './status.ts'
import type { CommitSeq, Store, StoreWrite } from './store.ts'
import type { Value } from './value.ts'

/** The parts of one replica and its books; what `Replica` offers works on these. Internal. */
export interface ReplicaCore<F> extends Kernel {
  readonly name: string
  readonly origin: Position
  readonly maxRows: number
  readonly maxBacklog: number
  readonly log: Log
  readonly status: StatusCell
  /** Where the replica stands in the log. */
  position: Position
  checkpoint: Value | undefined
  freshAtUnixMs: number | undefined
  /** Whether a stream that goes on from the checkpoint misses nothing. */
  continuous: boolean
  /** The books over what is no row yet, where the host asked for them. */
  intake?: OpenIntake<F> | undefined
  /** Writes of the host's own, from the first on. */
  hostLayers?: HostLayers | undefined
  /** The store that this replica stands on, as a leader or a follower. */
  disk?: Disk | undefined
  /** Where changes are committed; undefined in memory, and for a follower. */
  committer?: Committer | undefined
  onListenerError(error: unknown): void
}

/** A store, and how far a replica has taken it over. */
export type Disk = {
  readonly store: Store
  readonly onCommitted: ((seq: CommitSeq) => void) | undefined
  /** The commit that rows and books are at least as new as. */
  seq: CommitSeq
}

export function createReplicaCore<F>(options: ReplicaOptions<F>): ReplicaCore<F> {
  const { name, intake, clock = systemClock, log = silentLog, rules = {} } = options
  const { maxRows = 1_000_000, maxBacklog = 20_000 } = options
  const origin = intake?.origin ?? -1
  const onListenerError = (error: unknown): void =>
    log.write('error', 'freshet::listener', error instanceof Error ? error.message : String(error))
  const refetches = createRefetches((): Seq => core.seq)
  const core: ReplicaCore<F> = {
    name,
    origin,
    maxRows,
    maxBacklog,
    rules,
    clock,
    log,
    tables: createReplicaTables(options.tables, onListenerError),
    overlay: createOverlay(),
    acks: createPendingAcks(refetches),
    openReads: createOpenReads(),
    refetches,
    status: createStatusCell(onListenerError),
    seq: 0,
    epoch: 1,
    epochStartedAt: 0,
    position: origin,
    checkpoint: undefined,
    freshAtUnixMs: undefined,
    continuous: false,
    onListenerError,
  }
  core.coverage = options.coverages?.(core)
  core.intake = intake?.open(core)
  return core
}

/** What stands behind a replica, for what works on one from outside. */
export function coreOf<F>(replica: Replica<F>): ReplicaCore<F> {
  // Every replica is made of its core, by `createReplicaOn`.
  return replica as ReplicaCore<F> & Replica<F>
}

/** Hands writes to the committer, with the state of the books that goes with them [T3]. */
export function stage<F>(
  core: ReplicaCore<F>,
  writes: readonly StoreWrite[],
  clear?: readonly string[],
): void {
  const { committer, position, origin, intake, checkpoint, freshAtUnixMs } = core
  if (!committer) return
  // What is to be read again is in no checkpoint, and the next run cannot finish a walk of this one.
  const continuous = core.continuous && core.refetches.idle && !intake?.endOfWalkWaits
  const oldest = intake?.oldest ?? origin
  committer.stage([...writes, stateWrite({ position, oldest, checkpoint, freshAtUnixMs, continuous })], clear)
}
