import type { Address, Bytes32, Hex, Order } from '../engine/index.ts'

/** A recorded run, as its README describes it; the fields used here. */
export type GoldenRun = {
  readonly format: string
  readonly name: string
  readonly chainId: number
  readonly orderbook: Address
  readonly interpreter: Address
  readonly store: Address
  readonly tokens: readonly { readonly decimals: number; readonly address: Address }[]
  readonly counts: { readonly logs: number; readonly events: Readonly<Record<string, number>> }
  readonly blocks: readonly GoldenBlock[]
  readonly orders: readonly { readonly orderHash: Bytes32; readonly order: Order }[]
  readonly logs: readonly unknown[]
  readonly lossyDeposits: readonly {
    readonly owner: Address
    readonly token: Address
    readonly vaultId: Bytes32
  }[]
  readonly checkpoints: readonly GoldenCheckpoint[]
}

export type GoldenBlock = { readonly number: number; readonly hash: Bytes32; readonly timestamp: number }

/** The truth after a block. */
export type GoldenCheckpoint = {
  readonly blockNumber: number
  readonly blockHash: Bytes32
  readonly timestamp: number
  readonly logCount: number
  readonly vaults: readonly GoldenVault[]
  readonly orders: readonly { readonly orderHash: Bytes32; readonly exists: boolean }[]
  readonly store: readonly {
    readonly store: Address
    readonly fqn: Bytes32
    readonly words: Readonly<Record<Bytes32, Bytes32>>
  }[]
}

export type GoldenVault = {
  readonly owner: Address
  readonly token: Address
  readonly vaultId: Bytes32
  readonly balance: Hex
  /** The bits a replay of the logs gives, where they are others than the chain's. */
  readonly eventReplay?: Hex
  readonly eventReplaySameValue?: boolean
  readonly vaultless?: boolean
}
