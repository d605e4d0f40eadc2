import type { Float } from '../float/index.ts'
import type { Address, Bytes32 } from './hex.ts'
import type { Order } from './order.ts'
import type { EnvRow } from './tables.ts'

/** What a token says an owner has, and how much of it the order book may move. In the smallest unit. */
export type Wallet = { readonly balance: bigint; readonly allowance: bigint }

/**
 * The state an order book is evaluated in. Only read.
 *
 * It must not change while an evaluation runs: give a copy, or an interpreter
 * that answers at once.
 */
export interface OrderbookState {
  readonly env: EnvRow
  /** A live order by its hash. */
  order(hash: Bytes32): Order | undefined
  /** What a vault holds; zero when there is none. */
  vaultBalance(owner: Address, token: Address, vaultId: Bytes32): Float
  /** A word of a store; zero when it was never set. */
  word(store: Address, fqn: Bytes32, key: Bytes32): Bytes32
  tokenDecimals(token: Address): number | undefined
  /** Only asked for vault 0 of V6, which is the owner's wallet. Default: not known. */
  wallet?(owner: Address, token: Address): Wallet | undefined
}
