export { orderPairs, type OrderPair } from './order-pairs.ts'
export { quoteOrder, type QuoteOutcome, type QuoteRequest, type StoreOverride } from './quote.ts'
export {
  prepareQuote,
  runPreparedQuote,
  type PreparedQuote,
  type QuoteOffer,
  type QuoteRun,
} from './prepared-quote.ts'
export {
  simulateTakeOrders,
  type TakenOrder,
  type TakeOrderConfig,
  type TakeOrdersConfig,
  type TakeOutcome,
  type TakeWarning,
} from './take-orders.ts'
export { simulateClear, type ClearOutcome, type ClearRequest } from './clear-orders.ts'
export { simulateAddOrder, type AddOrderOutcome, type PostTask } from './add-order.ts'
export { revertDataOf, type NotComparable } from './not-comparable.ts'
export type { EvaluationHost, WordRead } from './calculate-io.ts'
export type {
  ClockReads,
  EntryPoint,
  Evaluation,
  EvaluationGap,
  EvaluationResult,
  Interpreter,
} from './interpreter.ts'
export type { OrderbookState, Wallet } from './orderbook-state.ts'
export { replicaState, rowState, type RowReader } from './replica-state.ts'
export { replayLogs, type BlockChanges, type LogReplay, type Note } from './replay-logs.ts'
export { readRpcLog, type ChainLog } from './chain-log.ts'
export { decodeLog } from './decode-log.ts'
export type { ClearConfig, ClearStateChange, RaindexEvent, SignedContext } from './event.ts'
export type { Mutation, StoreSet, VaultDelta } from './mutation.ts'
export { createRaindexProjection } from './projection.ts'
export {
  envId,
  raindexTables,
  storeRowId,
  vaultRowId,
  type EnvRow,
  type OrderRow,
  type StoreRow,
  type TokenRow,
  type VaultRow,
} from './tables.ts'
export { decodeOrder, encodeOrder, hashOrder, type Evaluable, type Order, type OrderIO } from './order.ts'
export { qualifiedNamespace } from './namespace.ts'
export type { Orderbook } from './orderbook.ts'
export type { Address, Bytes32, Hex } from './hex.ts'
export { RaindexError, type RaindexErrorDetails, type RaindexErrorName } from './raindex-error.ts'
export {
  artifactsOf,
  codeNeed,
  createStaticCodeCache,
  isCodeReady,
  needToArtifact,
  type Artifact,
  type ArtifactId,
  type CodeKind,
  type StaticCodeCache,
} from './code-cache.ts'
export { createEvmInterpreter, type EvmInterpreterOptions } from './evm-interpreter.ts'
export {
  snapshotVersion,
  takeSnapshot,
  type CacheHandles,
  type PendingEnvelope,
  type SnapshotBundle,
  type SnapshotParts,
} from './snapshot.ts'
export { readSnapshot, type RestoredSnapshot } from './read-snapshot.ts'
export { mutationFromJson, mutationToJson, type JsonMutation } from './json-mutation.ts'
