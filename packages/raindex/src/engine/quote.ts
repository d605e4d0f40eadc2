import type { Float } from '../float/index.ts'
import { calculateIO, pairIOs, type EvaluationHost, type OrderPair, type WordRead } from './calculate-io.ts'
import type { SignedContext } from './event.ts'
import type { Address, Bytes32 } from './hex.ts'
import { reasonOf, Unquotable, type NotComparable } from './not-comparable.ts'
import { rememberHash, type Order } from './order.ts'
import type { OrderbookState } from './orderbook-state.ts'

/** A word that is to be taken as set, for this quote only. */
export type StoreOverride = {
  readonly store: Address
  readonly fqn: Bytes32
  readonly key: Bytes32
  readonly value: Bytes32
}

export type QuoteRequest = {
  /** A live order's hash, or an order that need not be on chain. */
  readonly order: Bytes32 | Order
  readonly inputIOIndex: number
  readonly outputIOIndex: number
  /** Who would take. On chain it is the caller of `quote2`; give the same address to get the same quote. */
  readonly counterparty: Address
  readonly signedContext?: readonly SignedContext[] | undefined
  readonly overrides?: readonly StoreOverride[] | undefined
}

/** What an order offers, or why that cannot be said. */
export type QuoteOutcome =
  | {
      readonly kind: 'quote'
      /** What the taker gives per unit received. */
      readonly ioRatio: Float
      /** The most the taker can receive; what the output vault holds is the limit. */
      readonly outputMax: Float
      /** Top first: the ratio, `outputMax`, and what else the program left. */
      readonly stack: readonly Bytes32[]
      /** Keys and values that a take would set; a quote sets nothing. */
      readonly writes: readonly Bytes32[]
      /** Words of the store that the program looked at. While they, the vaults and the clock stay, so does the quote. */
      readonly reads: readonly WordRead[]
    }
  | { readonly kind: 'not-comparable'; readonly reason: NotComparable }

/**
 * Quotes one pair of an order in a state. Changes nothing.
 *
 * @throws what the state or the interpreter throws beside their contracts.
 */
export async function quoteOrder(
  host: EvaluationHost,
  state: OrderbookState,
  request: QuoteRequest,
): Promise<QuoteOutcome> {
  const { overrides = [] } = request
  try {
    const found = calculateIO(host, overlaid(state, overrides), resolvePair(state, request))
    const { ioRatio, outputMax, stack, writes, reads } = found instanceof Promise ? await found : found
    return { kind: 'quote', ioRatio, outputMax, stack, writes, reads }
  } catch (error) {
    return { kind: 'not-comparable', reason: reasonOf(error) }
  }
}

/** @throws {Unquotable} `OrderNotFound`, `InvalidInputIndex`, `InvalidOutputIndex`, `TokenSelfTrade` */
export function resolvePair(state: OrderbookState, request: QuoteRequest): OrderPair {
  const { inputIOIndex, outputIOIndex, counterparty, signedContext = [] } = request
  const order = resolveOrder(state, request.order)
  const { input, output } = pairIOs(order, inputIOIndex, outputIOIndex)
  if (input.token === output.token) throw new Unquotable({ kind: 'TokenSelfTrade' })
  return { order, inputIOIndex, outputIOIndex, counterparty, signedContext }
}

function resolveOrder(state: OrderbookState, order: Bytes32 | Order): Order {
  if (typeof order !== 'string') return order
  const live = state.order(order)
  if (live === undefined) throw new Unquotable({ kind: 'OrderNotFound', orderHash: order })
  rememberHash(live, order)
  return live
}

function overlaid(state: OrderbookState, overrides: readonly StoreOverride[]): OrderbookState {
  if (overrides.length === 0) return state
  return {
    get env() {
      return state.env
    },
    order: (hash) => state.order(hash),
    vaultBalance: (owner, token, vaultId) => state.vaultBalance(owner, token, vaultId),
    word(store, fqn, key) {
      const override = overrides.findLast((set) => set.key === key && set.fqn === fqn && set.store === store)
      return override?.value ?? state.word(store, fqn, key)
    },
    tokenDecimals: (token) => state.tokenDecimals(token),
    wallet: (owner, token) => state.wallet?.(owner, token),
  }
}
