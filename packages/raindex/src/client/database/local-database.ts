import type { Address, ArtifactId, ChainLog } from '../../engine/index.ts'
import type { CodeShelf } from '../chain/code-fetcher.ts'
import type { Ledger, LedgerWindow, Token } from '../chain/ledger.ts'
import type { LogPage } from '../chain/log-page.ts'
import type { AsOf, BookId, Rewinds, StoredSnapshot } from './book-tables.ts'
import type { SqlRow } from './database-core.ts'
import type { SqlValue } from './sql-database.ts'

/** An order book's part of a local database: its ledger, and what is kept beside it. */
export interface LocalBook extends Ledger, CodeShelf {
  readonly id: BookId
  /**
   * As a ledger does.
   *
   * @param asOf - When they were read. Default now.
   * @throws {RaindexClientError} `ChainMoved`: a fork has undone blocks they are of.
   */
  addStoreLogs(logs: readonly ChainLog[] | LogPage, asOf?: AsOf): Promise<void>
  /** Keeps logs from before those that are there, and the stores and tokens they name. Throws as `addStoreLogs`. */
  addOlder(
    logs: readonly ChainLog[] | LogPage,
    newStores: ReadonlyMap<Address, number>,
    newTokens: readonly Token[],
    asOf?: AsOf,
  ): Promise<void>
  /**
   * Works out anew what vaults held, once all older logs up to a block are there. Stores that they have named are known
   * from now on; who has read on without their words goes back. Throws as `addStoreLogs`.
   *
   * @param storeLogs - Up to where all logs of these stores are there too. Default nowhere: a sync reads them.
   */
  finishOlder(older: AsOf, storeLogs?: AsOf): Promise<void>
  /**
   * Begins an empty book from a snapshot, with the window whose last block it is of.
   *
   * @throws {RangeError} the book is not empty.
   */
  beginAt(window: LedgerWindow, snapshot: StoredSnapshot): Promise<void>
  /**
   * The first block from which on no event is missing: 0, or the one behind the snapshot that the book began from. That
   * snapshot is kept until older events are filled in.
   */
  completeFrom(): Promise<number>
  /** The first block that was read of the book; what happened before is not there. 0 where it began from elsewhere. */
  firstRead(): Promise<number>
  /**
   * Says that all events from an earlier block on are there by now. Where there are any, the state is made anew of all:
   * snapshots without them are dropped, and who has read on goes back to the beginning.
   */
  beginEarlier(firstBlock: number): Promise<void>
  putTokens(tokens: readonly Token[]): Promise<void>
  /** How far the book was undone since a reader that knew of `id` rewinds. */
  rewindsSince(id: number): Promise<Rewinds>
  /** The time of a kept block, in seconds. */
  timestampOf(block: number): Promise<number | undefined>
  /** Code that any order of the book has needed. */
  artifacts(): Promise<readonly ArtifactId[]>
  /** The newest snapshot at or before a block. Its checksum is the reader's to check. */
  snapshot(atOrBefore: number): Promise<StoredSnapshot | undefined>
  /**
   * Keeps a snapshot, and of the older ones the newest; see `completeFrom` for one that stays.
   *
   * @param rewinds - Number of the newest fork that it has taken in: nothing is kept of one that a later fork undoes.
   * Default: it has taken in all.
   */
  putSnapshot(snapshot: StoredSnapshot, keep: number, rewinds?: number): Promise<void>
}

/**
 * Order books in one SQLite file, in the public schema: raw events, decoded tables, tokens, watermarks, balances, and
 * beside them code, snapshots and block hashes.
 */
export interface LocalDatabase {
  readonly path: string
  book(id: BookId): LocalBook
  /**
   * Runs one statement that only reads, for people and pages. FLOAT_SUM, FLOAT_NEGATE, FLOAT_IS_ZERO and
   * FLOAT_ZERO_HEX are there.
   */
  query(sql: string, values?: readonly SqlValue[]): Promise<readonly SqlRow[]>
  close(): Promise<void>
}

/** Names of the calls that a database answers, with what they take and give. */
export type DatabaseCall =
  | {
      readonly kind: 'book'
      readonly id: BookId
      readonly method: BookMethod
      readonly args: readonly unknown[]
    }
  | { readonly kind: 'query'; readonly sql: string; readonly values: readonly SqlValue[] }
  | { readonly kind: 'close' }

type BookMethod = Exclude<keyof LocalBook, 'id' | 'checkpoint'>

const bookMethods: readonly BookMethod[] = [
  'tip',
  'stores',
  'tokens',
  'incompleteStores',
  'completeStores',
  'commit',
  'addStoreLogs',
  'addOlder',
  'finishOlder',
  'beginAt',
  'completeFrom',
  'firstRead',
  'beginEarlier',
  'rewind',
  'blocks',
  'read',
  'words',
  'putTokens',
  'rewindsSince',
  'lowestRewindSince',
  'artifacts',
  'timestampOf',
  'code',
  'putCode',
  'snapshot',
  'putSnapshot',
]

/**
 * A database whose calls are answered elsewhere: on this thread or another one.
 *
 * @param ask - Answers a call; calls are answered in their order.
 */
export function createLocalDatabase(
  path: string,
  ask: (call: DatabaseCall) => Promise<unknown>,
): LocalDatabase {
  const bookOf = (id: BookId): LocalBook => {
    const methods = bookMethods.map((method) => [
      method,
      (...args: readonly unknown[]) => ask({ kind: 'book', id, method, args }),
    ])
    // Each method of the interface, answered by the method of the same name in the tables.
    return { id, ...Object.fromEntries(methods) } as LocalBook
  }
  return {
    path,
    book: bookOf,
    // Rows by name are what a query answers.
    query: async (sql, values = []) => (await ask({ kind: 'query', sql, values })) as readonly SqlRow[],
    close: async () => void (await ask({ kind: 'close' })),
  }
}
