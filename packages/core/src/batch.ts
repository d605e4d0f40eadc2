import type { Query } from './query.ts'
import type { Row, Value } from './value.ts'

/** Counts what a replica has applied, from 1. Not durable: it orders reads and changes of one run. */
export type Seq = number

/** A place in a source's log, such as a block number. Ascending whole numbers. */
export type Position = number

/** Something that must be known before a fact can be applied, such as `bytecode:0x…` [S7]. */
export type Need = string

/** Orders two states of one row, where the source has such a thing: higher is newer. */
export type Version = number | bigint | string

/** What a source says about one row. */
export type RowFact =
  | {
      readonly kind: 'put'
      readonly table: string
      readonly id: string
      readonly row: Row
      readonly version?: Version | undefined
    }
  /** Some fields of a row; the others stay as they are. */
  | {
      readonly kind: 'patch'
      readonly table: string
      readonly id: string
      readonly set: Row
      readonly unset?: readonly string[] | undefined
      readonly version?: Version | undefined
    }
  | {
      readonly kind: 'delete'
      readonly table: string
      readonly id: string
      readonly version?: Version | undefined
    }
  /** The row changed in a way the source did not tell. */
  | { readonly kind: 'touched'; readonly table: string; readonly id: string }

/** The remote has taken the operation with this id; its layer may fall in the same apply [W5]. */
export type Ack = {
  readonly operationId: string
  /** The operation's record in the store, which goes in the same transaction. */
  readonly recordId?: string | undefined
}

/**
 * What a page tells beyond its rows [R7].
 *
 * `ids` is the result in the remote's order; absent for a whole table, whose
 * key is `all`. `complete` on `all` means: every row has been seen in this walk,
 * so what was not seen is gone.
 */
export type CoverageUpdate = {
  readonly table: string
  readonly key: string
  readonly query?: Query | undefined
  readonly ids?: readonly string[] | undefined
  readonly complete: boolean
  readonly total?: number | undefined
  /** Where a reading of the whole table goes on that has come this far [S13]. */
  readonly next?: Value | undefined
  /** When the remote said so, where that was earlier than now. */
  readonly fetchedAtUnixMs?: number | undefined
  /** `replica.seq` when the first of several pages was asked for. Default the batch's `startedAt`. */
  readonly since?: Seq | undefined
}

/** Absolute facts: pages, single rows, pushed events, replies to writes [A2]. */
export type StateBatch = {
  readonly kind: 'state'
  /**
   * `replica.seq` when the read was sent; a row that changed later is not
   * overwritten. `live` for pushed events, which are newest by their nature.
   */
  readonly startedAt: Seq | 'live'
  readonly facts: readonly RowFact[]
  readonly covers?: readonly CoverageUpdate[] | undefined
  readonly acks?: readonly Ack[] | undefined
  readonly checkpoint?: Value | undefined
}

/** A stretch of a log, whose facts may be relative: applied exactly once, in order [A2]. */
export type LogBatch<F> = {
  readonly kind: 'log'
  /** The position this stretch starts behind. */
  readonly after: Position
  readonly upTo: Position
  /** First undo everything after this position [A3]. Equals `after`. */
  readonly rewindTo?: Position | undefined
  /** What the source calls its state at `upTo`, such as a block hash; given back on resume [S8]. */
  readonly mark?: string | undefined
  /** Nothing at or before this position will ever be rewound. */
  readonly finalizedTo?: Position | undefined
  readonly facts: readonly F[]
  readonly acks?: readonly Ack[] | undefined
  readonly checkpoint?: Value | undefined
}

export type Batch<F> = StateBatch | LogBatch<F>

/** What became of a batch. Only `applied` and `parked` changed anything. */
export type ApplyOutcome =
  | { readonly kind: 'applied'; readonly changedRows: number }
  /** Everything in it was there already. */
  | { readonly kind: 'covered' }
  /** It waits, durably, for something to be known; its position counts as received [S7]. */
  | { readonly kind: 'parked'; readonly needs: readonly Need[] }
  /** It does not start where the replica stands: resume from `position`. */
  | { readonly kind: 'gap'; readonly position: Position }
  /** The rewind goes behind what is kept: reset and read everything again. */
  | { readonly kind: 'beyond-history'; readonly oldest: Position }
