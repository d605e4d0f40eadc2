import type { Address } from '../../engine/index.ts'

/** A chain and the nodes to ask. */
export type NetworkSettings = {
  readonly name: string
  readonly chainId: number
  /** In the order they are tried. */
  readonly rpcs: readonly string[]
  readonly label?: string | undefined
  readonly networkId?: number | undefined
  readonly currency?: string | undefined
}

/** How the local database of a network is kept up to date. */
export type LocalDbSyncSettings = {
  /** Blocks asked for at once. */
  readonly batchSize: number
  readonly maxConcurrentBatches: number
  readonly retryAttempts: number
  readonly retryDelayMs: number
  /** Waited when a node says that it was asked too often. */
  readonly rateLimitDelayMs: number
  /** Blocks behind the head that may still be forked away. */
  readonly finalityDepth: number
  /** How many blocks a dump must be ahead to be taken instead of asking for them. */
  readonly bootstrapBlockThreshold: number
  readonly syncIntervalMs: number
}

/** An order book of a network. */
export type RaindexSettings = {
  readonly name: string
  /** In lower case. */
  readonly address: Address
  readonly network: NetworkSettings
  /** The block the contract was deployed in: nothing is before it. */
  readonly deploymentBlock: number
  readonly label?: string | undefined
  /** Address of the subgraph. */
  readonly subgraph?: string | undefined
  /** Where dumps of the local database are listed. */
  readonly localDbRemote?: string | undefined
  /** Of its network; undefined where no local database is wanted. */
  readonly localDbSync?: LocalDbSyncSettings | undefined
}

/** What a public settings file says, as far as order books are synced and quoted. */
export type RaindexClientSettings = {
  readonly version: number
  readonly networks: readonly NetworkSettings[]
  readonly raindexes: readonly RaindexSettings[]
  /** Token lists that decimals and symbols are taken from. */
  readonly usingTokensFrom: readonly string[]
}
