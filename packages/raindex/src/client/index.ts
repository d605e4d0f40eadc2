export * from './replay/index.ts'
export * from './settings/index.ts'
export {
  createChainSource,
  defaultFinalityDepth,
  type ChainSourceOptions,
} from './chain/chain-source.ts'
export { createRpcPool, type RpcFaultNotice, type RpcPool, type RpcPoolOptions } from './chain/rpc-pool.ts'
export type { RpcCall, RpcFetch } from './chain/rpc-node.ts'
export { RpcFault, type RpcFaultKind } from './chain/rpc-fault.ts'
export {
  createChainHeads,
  type ChainHeads,
  type ChainHeadsOptions,
  type HeadSocket,
} from './chain/chain-heads.ts'
export { checkBook, fetchCode } from './chain/check-book.ts'
export { readToken } from './chain/read-token.ts'
export type { TokenDecimals } from './chain/book-changes.ts'
export type { ChainNotice } from './chain/chain-notice.ts'
export type { ChainRules } from './chain/chain-rules.ts'
export type { BlockHeader } from './chain/read-header.ts'
export type { BlockId, Ledger, LedgerPage, LedgerWindow, Token } from './chain/ledger.ts'
export { RaindexClientError, type RaindexClientErrorName } from './client-error.ts'
export type { LocalBook, LocalDatabase } from './database/local-database.ts'
export type { BookId, Rewinds, StoredCode, StoredSnapshot } from './database/book-tables.ts'
export type { SqlRow } from './database/database-core.ts'
export type { SqlValue } from './database/sql-database.ts'
export {
  createLocalDbSyncEngine,
  type LocalDbCursor,
  type LocalDbSyncEngineOptions,
} from './database/local-db-sync-engine.ts'
export {
  createCodeFetcher,
  type CodeFetcher,
  type CodeFetcherOptions,
  type CodeShelf,
} from './chain/code-fetcher.ts'
export { createBookSync, type BookSync, type BookSyncOptions } from './chain/create-book-sync.ts'
