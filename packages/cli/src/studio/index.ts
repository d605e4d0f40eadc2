export { openStudioDemo, type StudioDemo, type StudioDemoOptions } from './studio-demo.ts'
export { openStudioServer, type StudioServer, type StudioServerOptions } from './studio-server.ts'
export { processTerminal } from './process-terminal.ts'
export { runStudioDemo, type DemoTerminal } from './run-studio-demo.ts'
export type { DemoControl } from './demo-control.ts'
export type {
  BookInfo,
  BookReplica,
  DemoAction,
  DemoState,
  MarketState,
  QuoteGrounds,
  StudioConfig,
} from './studio-config.ts'
export type { MoveAnswer, MoveRequest, WorldInfo, WorldState } from './world/world-info.ts'
export { findLocalAnvil } from './market/find-local-anvil.ts'
