export {
  createVirtualRaindexRegistry,
  type EnsuredQuote,
  type RaindexHandle,
  type RaindexId,
  type RaindexOrder,
  type ReadableRaindex,
  type RegisteredRaindex,
  type RegistryMetrics,
  type RegistryOptions,
  type VirtualRaindexRegistry,
} from './virtual-raindex-registry.ts'
export { chainRaindex, polledRaindex } from './registered-raindex.ts'
export {
  openChainRaindex,
  type ChainFreshness,
  type ChainRaindex,
  type ChainCounts,
  type ChainRaindexOptions,
} from './open-chain-raindex.ts'
export { createBookSnapshots, type BookSnapshotsOptions } from './book-snapshots.ts'
