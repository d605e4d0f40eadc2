import type { SyncState } from '@freshet/core'
import type { Artifact } from '../../engine/index.ts'
import type { BlockId } from '../chain/ledger.ts'
import type { BookId, StoredSnapshot } from '../database/book-tables.ts'

/** A place in what a writer has told: how many changes it had told in its term. */
export type SharedPlace = { readonly term: number; readonly seq: number }

/** How the writer is: what a reader needs beside the state to say how fresh it is. */
export type WriterNews = {
  readonly state: SyncState
  /** The chain's head as the writer last saw it. */
  readonly headBlock: number | undefined
  /** In seconds. */
  readonly headTimestamp: number | undefined
}

/** How far the writer of a book is. */
export type SharedCursor = SharedPlace &
  WriterNews & {
    /** Of the state after all changes. */
    readonly block: BlockId
    /** How long ago the writer last said anything, by the clock of the store. */
    readonly silentMs: number
  }

/** A snapshot, and the place up to which it has the changes. */
export type SharedSnapshot = StoredSnapshot & SharedPlace

/** One change of a book's state. */
export type SharedChange = {
  readonly seq: number
  /** The poll as text; see `pollToText`. */
  readonly poll: string
}

/** A change as its writer tells it. */
export type ToldChange = {
  readonly poll: string
  /** Of the state behind it. */
  readonly block: BlockId
  /** Blocks after this one were undone: snapshots of them are dropped. */
  readonly rewindTo: number | undefined
  readonly code: readonly Artifact[]
}

/**
 * What processes share of one order book: snapshots, the changes since, code, and where the writer is. One of them
 * writes it at a time, the others read.
 *
 * All methods throw what the store throws; `raindex/shared-unreachable` is worth another try.
 */
export interface SharedBook {
  /** Undefined until a writer has put its first snapshot. */
  cursor(): Promise<SharedCursor | undefined>
  /** The newest snapshot of the current log at or before a block. Its checksum is the reader's to check. */
  snapshot(atOrBefore?: number): Promise<SharedSnapshot | undefined>
  /**
   * Changes behind a place, in their order, without a gap.
   *
   * @returns undefined when they are not kept, or of another term: begin again from a snapshot.
   */
  changes(after: SharedPlace, limit: number): Promise<readonly SharedChange[] | undefined>
  code(): Promise<readonly Artifact[]>
  /** Becomes the writer. @returns undefined while another is. */
  lead(): Promise<SharedWriter | undefined>
  /** Told that there may be news; a hint, which may fail to come. @returns a function that ends it. */
  subscribe(listener: () => void): () => void
}

/**
 * The one who may write a book, until it is released or lost. Its term is above all before; what is written with a
 * term that another has followed is refused whole, with `raindex/shared-deposed`.
 */
export interface SharedWriter {
  readonly term: number
  /** Aborted when nothing can be written any more. */
  readonly lost: AbortSignal
  /** Keeps the state after all changes so far. The first of a term begins its log, in place of the one before. */
  putSnapshot(snapshot: StoredSnapshot, code: readonly Artifact[]): Promise<void>
  append(change: ToldChange): Promise<void>
  /** To be called again and again also without news: who is silent is taken for stuck. */
  tell(news: WriterNews): Promise<void>
  /** Lets another become the writer. */
  release(): Promise<void>
}

/** Where processes share order books: one PostgreSQL, or one file. */
export interface SharedBooks {
  book(id: BookId): SharedBook
  /** Lets go of everything. */
  close(): Promise<void>
}

/** Snapshots that are kept of a book, so that one before a fork is among them. */
export const keptSnapshots = 3
