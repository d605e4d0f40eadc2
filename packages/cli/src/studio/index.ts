export { openStudioDemo, type StudioDemo, type StudioDemoOptions } from './studio-demo.ts'
export { openStudioServer, type StudioServer, type StudioServerOptions } from './studio-server.ts'
export { processTerminal } from './process-terminal.ts'
export { runStudioDemo, type DemoTerminal } from './run-studio-demo.ts'
export type { DemoControl } from './demo-control.ts'
export type {
  BookInfo,
  DemoAction,
  DemoState,
  MarketState,
  NamedBook,
  StudioConfig,
} from './studio-config.ts'
export type { MoveAnswer, MoveRequest, WorldInfo, WorldState } from './world/world-info.ts'
export { findLocalAnvil } from './market/find-local-anvil.ts'
export { openBookServer, type BookServer, type BookServerOptions } from '../raindex/serve/book-server.ts'
export { openServedBook, type KeptEvents, type ServedBook } from '../raindex/serve/served-book.ts'
export type { BookHealth } from '../raindex/serve/book-json.ts'
export type { HistoryPage } from '../raindex/serve/book-history.ts'
export type { OrderReplica } from '../raindex/serve/order-replica.ts'
export type { QuoteGrounds } from '../raindex/serve/quote-grounds.ts'
