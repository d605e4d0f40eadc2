import type { Need, Position, RowFact, Seq } from './batch.ts'
import { systemClock } from './clock.ts'
import type { Committer } from './committer.ts'
import { createCoverages } from './coverage.ts'
import { createDeferrals, type Deferrals } from './deferral.ts'
import { rowKeyText } from './draft.ts'
import { createHistory, type History } from './history.ts'
import { createHostLayers, type HostLayers } from './host-layers.ts'
import { allRules, type Kernel } from './kernel.ts'
import { addLayer, dropLayer } from './layers.ts'
import { silentLog, type Log } from './log.ts'
import { createOpenReads } from './open-reads.ts'
import { createOverlay } from './overlay.ts'
import { createPendingAcks } from './pending-acks.ts'
import type { Projection } from './projection.ts'
import { createRefetches } from './refetch.ts'
import type { ReplicaOptions } from './replica.ts'
import { stateWrite } from './replica-records.ts'
import { createReplicaTables } from './replica-tables.ts'
import { createStatusCell, type StatusCell } from './status.ts'
import type { StoreWrite } from './store.ts'
import type { Value } from './value.ts'

/** The parts of one replica and its books; what `Replica` offers works on these. Internal. */
export interface ReplicaCore<F> extends Kernel {
  readonly name: string
  readonly projection: Projection<F> | undefined
  readonly needsOf: ((fact: RowFact) => readonly Need[]) | undefined
  readonly origin: Position
  readonly keepPositions: number
  readonly maxRows: number
  readonly maxBacklog: number
  readonly log: Log
  readonly status: StatusCell
  readonly hostLayers: HostLayers
  isReady(need: Need): boolean
  /** Where the replica stands in the log. */
  position: Position
  checkpoint: Value | undefined
  freshAtUnixMs: number | undefined
  /** Whether a stream that goes on from the checkpoint misses nothing. */
  continuous: boolean
  history: History<F>
  deferrals: Deferrals<F>
  /** Where changes are committed; undefined in memory, and for a follower. */
  committer: Committer | undefined
}

export function createReplicaCore<F>(options: ReplicaOptions<F>): ReplicaCore<F> {
  const { name, projection, needsOf, isReady = () => false, clock = systemClock, log = silentLog } = options
  const {
    origin = -1,
    keepPositions = 0,
    maxRows = 1_000_000,
    maxBacklog = 20_000,
    rules = allRules,
  } = options
  const onListenerError = (error: unknown): void =>
    log.write('error', 'freshet::listener', error instanceof Error ? error.message : String(error))
  const tables = createReplicaTables(options.tables, {
    durable: () => core.committer !== undefined,
    onListenerError,
  })
  const refetches = createRefetches((): Seq => core.seq)
  const hostLayers = createHostLayers({
    clock,
    confirmed: (table, id) => tables.collection(table).confirmed(id),
    show: (layer) => addLayer(core, layer),
    drop: (operationId) => dropLayer(core, operationId),
    onGuardError: onListenerError,
  })
  const core: ReplicaCore<F> = {
    name,
    projection,
    needsOf,
    isReady,
    origin,
    keepPositions,
    maxRows,
    maxBacklog,
    rules,
    clock,
    log,
    tables,
    overlay: createOverlay(),
    acks: createPendingAcks(refetches),
    openReads: createOpenReads(),
    refetches,
    coverages: createCoverages(),
    status: createStatusCell(onListenerError),
    hostLayers,
    seq: 0,
    epoch: 1,
    epochStartedAt: 0,
    position: origin,
    checkpoint: undefined,
    freshAtUnixMs: undefined,
    continuous: false,
    history: createHistory(origin),
    deferrals: createDeferrals(),
    committer: undefined,
    isHeldBack: (table, id) =>
      core.deferrals.size > 0 && core.deferrals.blocks(new Set([rowKeyText(table, id)])),
  }
  return core
}

/** Hands writes to the committer, with the state of the books that goes with them [T3]. */
export function stage<F>(
  core: ReplicaCore<F>,
  writes: readonly StoreWrite[],
  clear?: readonly string[],
): void {
  const { committer, position, history, checkpoint, freshAtUnixMs } = core
  if (!committer) return
  // What is to be read again is in no checkpoint, and the next run cannot finish a walk of this one.
  const continuous = core.continuous && core.refetches.idle && !endsOfWalksWait(core)
  const state = stateWrite({ position, oldest: history.oldest, checkpoint, freshAtUnixMs, continuous })
  committer.stage([...writes, state], clear)
}

/** Whether the last page of a walk waits, which says what is gone. */
function endsOfWalksWait<F>({ deferrals }: ReplicaCore<F>): boolean {
  if (deferrals.size === 0) return false
  return deferrals.all().some(({ batch }) => batch.kind === 'state' && (batch.covers ?? []).length > 0)
}

/** Shows in the status what parked batches wait for. */
export function publishPending<F>({ deferrals, status, isReady }: ReplicaCore<F>): void {
  const pending = deferrals.needs(isReady)
  if (pending.join('\n') !== status.get().pending.join('\n')) status.update({ pending })
}
