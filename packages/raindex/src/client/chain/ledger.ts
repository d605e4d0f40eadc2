import type { Value } from '@freshet/core'
import type { Address, Bytes32, ChainLog, StoreSet } from '../../engine/index.ts'
import type { TokenDecimals } from './book-changes.ts'
import type { LogPage } from './log-page.ts'
import type { BlockHeader } from './read-header.ts'

/** A block by number and hash. */
export type BlockId = { readonly number: number; readonly hash: Bytes32 }

export type Token = {
  readonly address: Address
  readonly decimals: TokenDecimals
  /** Empty where the contract does not tell. */
  readonly name: string
  readonly symbol: string
}

/** A stretch of the chain as it goes into a ledger: all of it or nothing. */
export type LedgerWindow = {
  /** Follows the tip. */
  readonly from: number
  /** The new tip. */
  readonly to: number
  readonly header: BlockHeader
  /** Of blocks that may still be reorganised, ascending. */
  readonly headers: readonly BlockHeader[]
  /** Of the order book and its stores, ascending, with the time of their blocks. */
  readonly logs: readonly ChainLog[] | LogPage
  /** Stores first named in these logs, and the block that does. */
  readonly newStores: ReadonlyMap<Address, number>
  readonly newTokens: readonly Token[]
  /** Nothing at or before this block is reorganised any more. */
  readonly finalizedTo: number
  /** Whether logs of the new stores are missing from these, as in a download that left them out. Default false. */
  readonly storesLack?: boolean | undefined
  /**
   * Stores whose logs are among these. A ledger that knows of others, which somebody else has found, refuses the
   * window, for a while. Default: all that it knows.
   */
  readonly follows?: ReadonlySet<Address> | undefined
}

/** Logs that a ledger has kept. */
export type LedgerPage = {
  readonly logs: readonly ChainLog[]
  /** The page is complete up to here. */
  readonly upTo: BlockId
}

/**
 * Where an order book's part of the chain is kept, so that a node is asked for it once.
 *
 * Holds all logs up to its tip; a store that is known has all its logs up to the tip too. Calls are answered in their
 * order: a stretch may be given before the one ahead of it is written, and is refused if that one was.
 */
export interface Ledger {
  /** Undefined when nothing is kept. */
  tip(): Promise<BlockId | undefined>
  /** Known stores, with the block of the first order that names each. */
  stores(): Promise<ReadonlyMap<Address, number>>
  tokens(): Promise<readonly Token[]>
  /** Known stores whose logs before the tip are not there. */
  incompleteStores(): Promise<readonly Address[]>
  /** Says that they are there now. */
  completeStores(stores: readonly Address[]): Promise<void>
  commit(window: LedgerWindow): Promise<void>
  /** Keeps logs of a store that is about to become known, from before the tip. What is there already stays. */
  addStoreLogs(logs: readonly ChainLog[] | LogPage): Promise<void>
  /** Forgets everything after a block, which has this hash where it is known. */
  rewind(to: number): Promise<void>
  /** Kept blocks at or before a number, newest first. */
  blocks(atOrBefore: number, limit: number): Promise<readonly BlockId[]>
  /** Logs after a block, as far as there are about `limit` of them. Nothing is left to read when `upTo` is the tip. */
  read(after: number, limit: number): Promise<LedgerPage>
  /** The newest of each word that a store has set before a block. */
  words(store: Address, before: number): Promise<readonly StoreSet[]>
  /** What must go into the checkpoint of a replica, because it is kept nowhere else. */
  checkpoint?(): Value
}
