import type {
  Bytes32,
  Mutation,
  Orderbook,
  OrderbookState,
  RaindexEvent,
  TokenRow,
} from '../../engine/index.ts'

/** An event of a block, in the block's order. */
export type HistoryEvent = {
  readonly logIndex: number
  readonly transactionHash: Bytes32
  readonly event: RaindexEvent
}

/** A block whose time is known. Blocks without changes may be left out, or be there for their time alone. */
export type HistoryBlock = {
  readonly number: number
  /** Seconds since 1970. */
  readonly timestamp: number
  /** What the block changed, in order; a `setEnv` among it says nothing beyond the two fields above. */
  readonly mutations: readonly Mutation[]
  readonly events: readonly HistoryEvent[]
}

/** The newest block up to which a history is complete. */
export type HistoryHead = { readonly number: number; readonly timestamp: number }

/**
 * What an order book went through, for a replay to read. A list of logs is
 * one, and so is a database of them.
 */
export interface ReplayHistory {
  readonly orderbook: Orderbook
  readonly chainId: number
  /** Nothing is known of later blocks: there a replay has no quotes. */
  readonly head: HistoryHead
  /**
   * The block whose state this history begins with, where it is not whole: nothing is known of what was before, and a
   * replay refuses it.
   */
  readonly since?: HistoryHead | undefined
  /** Decimals of the tokens, which hold for all time. */
  readonly tokens: readonly TokenRow[]
  /** What a wallet has and allows, for vault 0 of V6. It is known as of now only, so points that need it are marked. */
  readonly wallet?: OrderbookState['wallet'] | undefined
  /**
   * All blocks from the first that changed anything up to `head`, ascending by
   * number, with timestamps that do not fall. Read once for each replay that is opened, and once more in part where
   * the replay is of some orders that are named by their hash.
   */
  blocks(): Iterable<HistoryBlock> | AsyncIterable<HistoryBlock>
}
