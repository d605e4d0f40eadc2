export { openLiveVirtualRaindex, type LiveOptions, type LiveVirtualRaindex } from './live-raindex.ts'
export { openQuotes, type Quotes, type QuotesOptions } from './open-quotes.ts'
export { quoteId, type QuoteRow } from './quote-entry.ts'
export { shareQuotes, type QuotesLease, type SharedQuotes, type SharedQuotesOptions } from './share-quotes.ts'
export type { QuoteJob, QuoteWorkers } from './quote-workers.ts'
export type { BytecodeWarmupQueue } from './warmup-queue.ts'
export type { QuotePair, QuoteReads } from './watched-quote.ts'
export {
  advisoryText,
  type Advisory,
  type LivePhase,
  type LiveStatus,
  type SyncProgress,
} from './live-status.ts'
export type { ChainPosition, MutationEnvelope, PollResult, SyncEngine } from './sync-engine.ts'
export {
  createInMemoryCursorStore,
  createInMemorySnapshotStore,
  noopMetrics,
  type CursorStore,
  type LiveCodeCache,
  type MetricsSink,
  type SnapshotStore,
} from './adapters.ts'
export {
  createStubSyncEngine,
  defaultOrder,
  demoSteps,
  stubStepsFromJson,
  type StubSyncEngine,
} from './stub-engine.ts'
