export { backfillBook, type BackfillOptions } from './backfill-book.ts'
export { createBookSync, type BookSync, type BookSyncOptions } from './create-book-sync.ts'
export { createChainSource, defaultFinalityDepth, type ChainSourceOptions } from './chain-source.ts'
export { createRpcPool, type RpcFaultNotice, type RpcPool, type RpcPoolOptions } from './rpc-pool.ts'
export type { RpcCall } from './rpc-node.ts'
export type { RpcFetch } from './send-over-fetch.ts'
export { RpcFault, type RpcFaultKind } from './rpc-fault.ts'
export { createChainHeads, type ChainHeads, type ChainHeadsOptions, type HeadSocket } from './chain-heads.ts'
export { checkBook, fetchCode } from './check-book.ts'
export { readChainId } from './read-chain-id.ts'
export { readHeadNumber } from './read-head-number.ts'
export { readToken } from './read-token.ts'
export {
  createCodeFetcher,
  type CodeFetcher,
  type CodeFetcherOptions,
  type CodeShelf,
} from './code-fetcher.ts'
export type { TokenDecimals } from './book-changes.ts'
export type { ChainNotice } from './chain-notice.ts'
export type { ChainRules } from './chain-rules.ts'
export type { BlockHeader } from './read-header.ts'
export type { BlockId, Ledger, LedgerPage, LedgerWindow, Token } from './ledger.ts'
