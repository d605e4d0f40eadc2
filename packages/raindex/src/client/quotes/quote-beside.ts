import type { Address, Bytes32, QuoteOutcome, SignedContext } from '../../engine/index.ts'
import type { LiveVirtualRaindex, QuotePair } from '../../live/index.ts'
import { compareQuotes, type QuoteVerdict } from './compare-quotes.ts'
import type { RpcQuote, RpcQuotesRequest } from './rpc-quotes.ts'

/** One pair of a live order, and who would take. */
export type QuotedPair = QuotePair & {
  readonly counterparty: Address
  readonly signedContext?: readonly SignedContext[] | undefined
}

/** Which block a state is of. */
export type StatePosition = {
  readonly number: number
  /** Undefined where the engine does not know it: then another block of the same number may be meant. */
  readonly hash?: Bytes32 | undefined
  /** In seconds. */
  readonly timestamp: number
}

/** Where both quotes come from. */
export type QuoteSides = {
  readonly live: Pick<LiveVirtualRaindex<never>, 'quote' | 'state'>
  position(): StatePosition | undefined
  /** Undefined: there is no chain to ask. */
  readonly askChain?: ((request: RpcQuotesRequest) => Promise<readonly RpcQuote[]>) | undefined
}

export type ComparedQuote = {
  readonly virtual: QuoteOutcome
  /** Undefined where no chain was asked. */
  readonly rpc: RpcQuote | undefined
  readonly verdict: QuoteVerdict | undefined
  /** The block that both are of; undefined while the state is empty. */
  readonly block: StatePosition | undefined
}

/**
 * Quotes a pair here and on the chain, both at the block of the state.
 *
 * @param onVirtual - Told of the quote made here at once, before the chain has answered.
 * @throws what `signal` is aborted with.
 */
export async function quoteBeside(
  { live, position, askChain }: QuoteSides,
  pair: QuotedPair,
  signal: AbortSignal,
  onVirtual: (virtual: QuoteOutcome) => void = () => undefined,
): Promise<ComparedQuote> {
  const { order: hash, counterparty, ...target } = pair
  const { virtual, block } = await quoteAtOneBlock(live, position, pair)
  onVirtual(virtual)
  if (askChain === undefined || block === undefined) {
    return { virtual, rpc: undefined, verdict: undefined, block }
  }
  const order = live.state.order(hash) ?? hash
  const [rpc] = await askChain({ targets: [{ order, ...target }], counterparty, block, signal })
  return { virtual, rpc, verdict: rpc && compareQuotes(virtual, rpc), block }
}

/** Again, if a block came in the middle of an evaluation that took its time. */
async function quoteAtOneBlock(
  live: QuoteSides['live'],
  position: QuoteSides['position'],
  pair: QuotedPair,
): Promise<{ readonly virtual: QuoteOutcome; readonly block: StatePosition | undefined }> {
  for (;;) {
    const block = position()
    const virtual = await live.quote(pair)
    const after = position()
    if (after?.number === block?.number && after?.hash === block?.hash) return { virtual, block }
  }
}
