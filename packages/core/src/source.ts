import type { Ack, CoverageUpdate, LogBatch, Position, RowFact } from './batch.ts'
import type { Value } from './value.ts'

/** What a source can do. Declared and not delivered is a defect the contract suites look for [S1]. */
export type SourceCapabilities = {
  /** `state`: absolute facts about rows. `log`: an ordered history. */
  readonly kind: 'state' | 'log'
  /** Whether the stream misses nothing while it is open; if not, the whole is reconciled from time to time [S5]. */
  readonly lossless: boolean
  /** Whether the stream can go on from a checkpoint without a gap. Always so for `log`. */
  readonly resumable: boolean
  /**
   * Whether the `next` of a page outlives its connection, so that a first reading
   * that was interrupted can go on there [S13]. Default false.
   */
  readonly keptCursors?: boolean | undefined
}

export type PageRequest = {
  readonly table: string
  /** The `next` of the page before; absent for the first. */
  readonly cursor?: Value | undefined
  readonly limit: number
}

export type Page = {
  readonly facts: readonly RowFact[]
  /** Absent on the last page. A page that has a `next` may be short. */
  readonly next?: Value | undefined
  /** How many rows there are in all, for progress only: never trusted. */
  readonly total?: number | undefined
}

/** Where a replica stands when it asks a stream to go on. */
export type Resume = {
  readonly position: Position
  readonly checkpoint: Value | undefined
  /** Kept positions with the source's own marks, newest first: where a fork can be found [S8]. */
  readonly marks: readonly { readonly position: Position; readonly mark: string }[]
}

export type StreamItem<F> =
  /** From here on, changes are pushed as they happen. A state stream says so once it is subscribed. */
  | { readonly kind: 'live' }
  /** The stream went on from the checkpoint: nothing was missed. Only before `live`. */
  | { readonly kind: 'resumed' }
  | {
      readonly kind: 'facts'
      readonly facts: readonly RowFact[]
      /** A table that a stream which goes on has read whole itself, such as one that was not held before. */
      readonly covers?: readonly CoverageUpdate[] | undefined
      readonly acks?: readonly Ack[] | undefined
      readonly checkpoint?: Value | undefined
    }
  | { readonly kind: 'log'; readonly batch: LogBatch<F> }
  /** Something changed that the source cannot name: read everything again. */
  | { readonly kind: 'invalidated' }
  /** How far a long catch-up is, where the source can count [P4]. */
  | { readonly kind: 'progress'; readonly done: number; readonly total: number }

/**
 * Where data comes from. It may lie, stall, repeat, reorder or vanish; the
 * kernel assumes so.
 *
 * Any end of `stream`, a clean one too, is a gap [S4]. Methods reject or throw
 * with a `FreshetError` of kind `remote` (retried) or `protocol` (halts);
 * anything else counts as `remote`.
 */
export interface Source<F> {
  readonly capabilities: SourceCapabilities
  /**
   * A stretch of a whole table, in an order that is stable while rows come and
   * go (by key, not by offset): a row that is there all the while is always seen.
   */
  page?(request: PageRequest, signal: AbortSignal): Promise<Page>
  /** Rows by id: a `put` for each that exists, a `delete` for each that does not. */
  get?(table: string, ids: readonly string[], signal: AbortSignal): Promise<readonly RowFact[]>
  stream?(resume: Resume | null, signal: AbortSignal): AsyncIterable<StreamItem<F>>
  /**
   * Told that all up to this checkpoint of a state stream is on the disk: a
   * source that keeps changes for this replica may let go of them.
   */
  durable?(checkpoint: Value): void
}
