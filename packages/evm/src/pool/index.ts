export {
  createEvmPool,
  type EvmPool,
  type EvmPoolOptions,
  type PoolCall,
  type PoolClock,
  type RunOptions,
} from './evm-pool.ts'
export type { PoolWorker } from './pool-worker-port.ts'
export type { QuarantineOptions } from './quarantine.ts'
export { servePool, type ServePoolOptions } from './serve-pool.ts'
