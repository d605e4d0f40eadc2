import type { Address, Bytes32, Hex } from '../../engine/index.ts'
import type { Float } from '../../float/index.ts'
import { RpcFault } from '../chain/rpc-fault.ts'
import type { RpcPool } from '../chain/rpc-pool.ts'
import { decodeMulticall, decodeQuote, encodeMulticall, encodeQuote, type QuoteTarget } from './quote-call.ts'

/** What the chain answers to `quote2`. */
export type RpcQuote =
  | { readonly kind: 'quote'; readonly ioRatio: Float; readonly outputMax: Float }
  /** The order is there, and was asked for by its hash alone. */
  | { readonly kind: 'order' }
  /** The order is not there, or no more. */
  | { readonly kind: 'no-order' }
  | { readonly kind: 'reverted'; readonly data: Hex }
  /** No node answers; `message` says what to do. */
  | { readonly kind: 'unavailable'; readonly message: string }

export type RpcQuotesOptions = {
  readonly pool: RpcPool
  readonly orderbook: Address
  /** Quotes in one call of the chain. Default 16, as public nodes limit the gas of a call. */
  readonly chunkSize?: number | undefined
}

export type RpcQuotesRequest = {
  readonly targets: readonly QuoteTarget[]
  /** Who would take. */
  readonly counterparty: Address
  /** By hash, so that another block of the same number is not taken for it. */
  readonly block: { readonly number: number; readonly hash?: Bytes32 | undefined }
  readonly signal: AbortSignal
}

/**
 * Asks the chain for quotes at one block, several in a call; where a call reverts, it is halved until the quotes that
 * revert stand alone.
 *
 * @returns one answer for each target, in their order.
 * @throws what `signal` is aborted with.
 * @see EIP-1898 for blocks by hash
 */
export async function fetchRpcQuotes(
  { pool, orderbook, chunkSize = 16 }: RpcQuotesOptions,
  { targets, counterparty, block, signal }: RpcQuotesRequest,
): Promise<readonly RpcQuote[]> {
  const at = block.hash === undefined ? `0x${block.number.toString(16)}` : { blockHash: block.hash }
  const ask = <T>(data: Hex, read: (answer: unknown) => T): Promise<T> => {
    const call = { method: 'eth_call', params: [{ from: counterparty, to: orderbook, data }, at] }
    return pool.ask([call], ([answer]) => read(answer), { signal, mayShrink: true })
  }
  const quoteAll = async (some: readonly QuoteTarget[]): Promise<readonly RpcQuote[]> => {
    const [first] = some
    if (first === undefined) return []
    try {
      const calls = some.map(encodeQuote)
      if (some.length > 1) {
        return await ask(encodeMulticall(calls), (answer) => decodeMulticall(some, answer))
      }
      return [await ask(encodeQuote(first), (answer) => decodeQuote(first, answer))]
    } catch (error) {
      signal.throwIfAborted()
      if (some.length === 1 || !mayBeOneOfMany(error)) return some.map(() => failureOf(error))
      const half = some.length >> 1
      return (await Promise.all([quoteAll(some.slice(0, half)), quoteAll(some.slice(half))])).flat()
    }
  }
  const chunks: (readonly QuoteTarget[])[] = []
  for (let at = 0; at < targets.length; at += chunkSize) chunks.push(targets.slice(at, at + chunkSize))
  return (await Promise.all(chunks.map(quoteAll))).flat()
}

/** Whether a call of several may have failed because of one of them, or of their number. */
function mayBeOneOfMany(error: unknown): boolean {
  return error instanceof RpcFault && (error.fault === 'refused' || error.fault === 'too-large')
}

function failureOf(error: unknown): RpcQuote {
  if (!(error instanceof Error)) throw error
  if (error instanceof RpcFault && error.revertData !== undefined) {
    return { kind: 'reverted', data: error.revertData }
  }
  return { kind: 'unavailable', message: error.message }
}
