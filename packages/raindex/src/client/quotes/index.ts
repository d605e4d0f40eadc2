export { fetchRpcQuotes, type RpcQuote, type RpcQuotesOptions, type RpcQuotesRequest } from './rpc-quotes.ts'
export type { QuoteTarget } from './quote-call.ts'
export { compareQuotes, type QuoteVerdict } from './compare-quotes.ts'
export {
  quoteBeside,
  type ComparedQuote,
  type QuotedPair,
  type QuoteSides,
  type StatePosition,
} from './quote-beside.ts'
