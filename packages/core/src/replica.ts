import { applyBatch } from './apply-batch.ts'
import type { ApplyOutcome, Batch, Position, RowFact, Seq } from './batch.ts'
import type { Clock } from './clock.ts'
import type { Collection } from './collection.ts'
import type { Coverages } from './coverage.ts'
import type { Intake } from './intake.ts'
import type { KernelRules } from './kernel.ts'
import { addLayer, dropLayer } from './layers.ts'
import type { Log } from './log.ts'
import type { OpenRead } from './open-reads.ts'
import type { Layer, Overlay } from './overlay.ts'
import type { Refetches } from './refetch.ts'
import { createReplicaCore, stage, type ReplicaCore } from './replica-core.ts'
import { coverageWrite, kernelTables } from './replica-records.ts'
import type { TableSpec } from './replica-tables.ts'
import type { Resume } from './source.ts'
import type { StatusCell } from './status.ts'
import type { Value } from './value.ts'

export type ReplicaOptions<F> = {
  readonly name: string
  readonly tables: readonly TableSpec[]
  /** What takes in log batches, and rows that must wait for something. Default: rows alone. */
  readonly intake?: Intake<F> | undefined
  /** Rows of one table before the replica refuses more. Default 1,000,000 [R9]. */
  readonly maxRows?: number | undefined
  /** Records that memory may lead the store by. Default 20,000 [A1]. */
  readonly maxBacklog?: number | undefined
  readonly clock?: Clock | undefined
  readonly log?: Log | undefined
  /** Only for convergence runs. */
  readonly rules?: KernelRules | undefined
}

/**
 * A local replica: collections of rows, what is known of their freshness, and
 * the one door through which they change.
 */
export interface Replica<F = RowFact> {
  readonly name: string
  /** Counts what was applied in this run. Read it before sending a read. */
  readonly seq: Seq
  /** Where the replica stands in the log. */
  readonly position: Position
  readonly checkpoint: Value | undefined
  /** The connection now, from 1: what was verified in an older one may be stale. */
  readonly epoch: number
  readonly status: StatusCell
  readonly refetches: Refetches
  readonly coverages: Pick<Coverages, 'get' | 'ofTable'>
  readonly overlay: Pick<Overlay, 'find' | 'layersOf' | 'size'>
  tableNames(): readonly string[]
  /** @throws {FreshetError} `replica/unknown-table` */
  collection(table: string): Collection
  /**
   * The only writer of the collections [A1]: drops what is covered, parks what
   * must wait, works the rest out aside, swaps it in at once, tells each
   * listener once, and commits behind that. All of a batch or nothing.
   *
   * @throws {FreshetError} `replica/too-many-rows`, `replica/unknown-table`, or
   *   `replica/refused-facts` when the projection refuses; nothing has changed.
   */
  apply(batch: Batch<F>): ApplyOutcome
  /** To be held while a read is on its way; its `startedAt` goes into the batch. */
  beginRead(): OpenRead
  /** Begins a new connection: from now on everything must be verified anew. */
  beginEpoch(): number
  /** Notes that a change may have moved rows in or out of a known query [R8]. */
  invalidate(table: string, key: string): void
  /** Applies what waited and may go now; returns how many batches that were. */
  retryDeferred(): number
  /** What a source needs to go on where this replica stands. */
  resume(): Resume
  /** Shows a write that is not confirmed yet. */
  addLayer(layer: Layer): void
  /** Takes a write back, or lets it fall because it is confirmed elsewhere. */
  dropLayer(operationId: string): void
  /** Forgets rows, coverage, position and what waits, here and on disk; what the user did stays [T7]. */
  reset(): void
  /**
   * Notes that a log has been applied up to its head: all tables are known
   * whole from now on, but for those that a waiting batch will write.
   */
  reachedHead(): void
  /** Notes that everything is now equal to the remote. */
  markFresh(): void
  /** Notes that everything may have changed without our being told. */
  markStale(): void
  /**
   * Whether a stream that goes on from the checkpoint misses nothing: no
   * reading of everything is due or under way.
   */
  readonly continuous: boolean
  /** Resolves when the store has caught up enough for another batch [A1]. */
  ready(): Promise<void>
  /** Resolves when all that was applied is on the disk; at once without a store. */
  flushed(): Promise<void>
  close(): Promise<void>
}

/** A replica in memory alone. With a store: `openReplica`. */
export function createReplica<F = RowFact>(options: ReplicaOptions<F>): Replica<F> {
  return createReplicaOn(createReplicaCore(options))
}

/** Internal: gives a core the methods that make it a replica. */
export function createReplicaOn<F>(core: ReplicaCore<F>): Replica<F> {
  const { tables, openReads } = core
  return Object.assign(core, {
    tableNames: tables.names,
    collection: tables.collection,
    apply: (batch: Batch<F>) => applyBatch(core, batch),
    retryDeferred: () => core.intake?.retry() ?? 0,
    beginRead: () => openReads.begin(core.seq),
    beginEpoch: () => beginEpoch(core),
    invalidate: (table: string, key: string) => invalidate(core, table, key),
    resume: () => ({
      position: core.position,
      checkpoint: core.checkpoint,
      marks: core.intake?.marks() ?? [],
    }),
    addLayer: (layer: Layer) => addLayer(core, layer),
    dropLayer: (operationId: string) => dropLayer(core, operationId),
    reset: () => reset(core),
    reachedHead: () => core.intake?.reachedHead(),
    markFresh: () => markFresh(core),
    markStale: () => markStale(core),
    ready: async () => core.committer?.ready(),
    flushed: async () => core.committer?.flushed(),
    close: async () => core.committer?.close(),
  })
}

function beginEpoch<F>(core: ReplicaCore<F>): number {
  // A number of its own, so that reads sent before are told apart from those sent after.
  core.seq += 1
  core.epochStartedAt = core.seq
  core.epoch += 1
  core.continuous = false
  return core.epoch
}

function invalidate<F>(core: ReplicaCore<F>, table: string, key: string): void {
  // A number of its own, as for an epoch [R6].
  core.seq += 1
  const invalidated = core.coverages.invalidate(table, key, core.seq)
  if (invalidated) stage(core, [coverageWrite(invalidated)])
}

function reset<F>(core: ReplicaCore<F>): void {
  const { tables, coverages, status, origin } = core
  core.intake?.reset()
  core.position = origin
  core.checkpoint = undefined
  core.freshAtUnixMs = undefined
  core.continuous = false
  core.seq += 1
  coverages.clear()
  const { coverage, history, deferred } = kernelTables
  tables.transact(
    (change) => {
      for (const name of tables.names()) change.of(name).clear()
    },
    0,
    () => stage(core, [], [...tables.names(), coverage, history, deferred]),
  )
  status.update({ freshness: { freshAtUnixMs: undefined } })
}

function markFresh<F>(core: ReplicaCore<F>): void {
  const freshAtUnixMs = core.clock.now()
  core.continuous = true
  core.freshAtUnixMs = freshAtUnixMs
  core.status.update({ freshness: { freshAtUnixMs, staleSinceUnixMs: undefined } })
  stage(core, [])
}

function markStale<F>(core: ReplicaCore<F>): void {
  const { staleSinceUnixMs = core.clock.now() } = core.status.get().freshness
  core.continuous = false
  core.status.update({ freshness: { staleSinceUnixMs } })
  stage(core, [])
}
