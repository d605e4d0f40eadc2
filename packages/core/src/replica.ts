import { applyBatch } from './apply-batch.ts'
import type { ApplyOutcome, Batch, Position, RowFact, Seq } from './batch.ts'
import type { Clock } from './clock.ts'
import type { Collection } from './collection.ts'
import type { Coverages } from './coverage.ts'
import type { OpenCoverages } from './coverage-books.ts'
import type { Intake } from './intake.ts'
import type { KernelRules } from './kernel.ts'
import { addLayer, dropLayer } from './layers.ts'
import type { Log } from './log.ts'
import type { OpenRead } from './open-reads.ts'
import type { Layer, Overlay } from './overlay.ts'
import type { Refetches } from './refetch.ts'
import { createReplicaCore, type ReplicaCore } from './replica-core.ts'
import type { TableSpec } from './replica-tables.ts'
import type { StatusCell } from './status.ts'
import type { Value } from './value.ts'

export type ReplicaOptions<F> = {
  readonly name: string
  readonly tables: readonly TableSpec[]
  /** What takes in log batches, and rows that must wait for something. Default: rows alone. */
  readonly intake?: Intake<F> | undefined
  /** `coverages`: keeps account of what was read as a whole, for `createSync` and batches with `covers`. Default: the intake's, else none. */
  readonly coverages?: OpenCoverages | undefined
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
  /** What was read as a whole; nothing where the replica was not given `coverages`. */
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
   * @throws {FreshetError} `replica/too-many-rows`, `replica/unknown-table`,
   *   `replica/no-coverages`, or `replica/refused-facts` when the projection refuses; nothing has changed.
   */
  apply(batch: Batch<F>): ApplyOutcome
  /** To be held while a read is on its way; its `startedAt` goes into the batch. */
  beginRead(): OpenRead
  /** Shows a write that is not confirmed yet. */
  addLayer(layer: Layer): void
  /** Takes a write back, or lets it fall because it is confirmed elsewhere. */
  dropLayer(operationId: string): void
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
    coverages: core.coverage ?? noCoverages,
    tableNames: tables.names,
    collection: tables.collection,
    apply: (batch: Batch<F>) => applyBatch(core, batch),
    beginRead: () => openReads.begin(core.seq),
    addLayer: (layer: Layer) => addLayer(core, layer),
    dropLayer: (operationId: string) => dropLayer(core, operationId),
    ready: async () => core.committer?.ready(),
    flushed: async () => core.committer?.flushed(),
    close: async () => core.committer?.close(),
  })
}

const noCoverages: Replica['coverages'] = { get: () => undefined, ofTable: () => [] }
