import type { Address, Bytes32, Hex, Order, SignedContext } from '../engine/index.ts'
import type { RecordedEvaluation } from './recorded-interpreter.ts'

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
  /** Simulations; V6 runs only, those of V5 are in a file of their own. */
  readonly takes?: readonly GoldenTake[]
}

type GoldenBlock = { readonly number: number; readonly hash: Bytes32; readonly timestamp: number }

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
  readonly quotes: readonly GoldenQuote[]
}

type GoldenRevert = { readonly selector: Hex | null; readonly data: Hex; readonly name?: string }

export type GoldenClock = { readonly blockNumber: number; readonly timestamp: number }

export type GoldenQuote = {
  readonly orderHash: Bytes32
  readonly inputIOIndex: number
  readonly outputIOIndex: number
  readonly counterparty: Address
  readonly signedContext: readonly SignedContext[]
  readonly exists?: boolean
  readonly outputMax?: Hex
  readonly ioRatio?: Hex
  readonly revert?: GoldenRevert
  /** Another clock than the checkpoint's. */
  readonly env?: GoldenClock
  readonly eval?: RecordedEvaluation
}

/** A take simulated from a checkpoint. Amounts are named as V5 or as V6 names them. */
export type GoldenTake = {
  readonly id: string
  readonly run: string
  readonly checkpoint: number
  readonly label: string
  readonly block: GoldenClock
  readonly taker: Address
  readonly config: {
    readonly minimumInput?: Hex
    readonly maximumInput?: Hex
    readonly minimumIO?: Hex
    readonly maximumIO?: Hex
    readonly maximumIORatio: Hex
    readonly IOIsInput?: boolean
    readonly orders: readonly {
      readonly orderHash: Bytes32
      readonly inputIOIndex: number
      readonly outputIOIndex: number
      readonly signedContext: readonly SignedContext[]
    }[]
  }
  readonly result?: {
    readonly totalInput: Hex
    readonly totalOutput: Hex
    readonly taken: readonly { readonly orderHash: Bytes32; readonly input: Hex; readonly output: Hex }[]
    readonly warnings: readonly { readonly kind: string; readonly orderHash: Bytes32 }[]
    readonly vaults: readonly {
      readonly owner: Address
      readonly token: Address
      readonly vaultId: Bytes32
      readonly before: Hex
      readonly after: Hex
    }[]
    readonly storeSets: readonly {
      readonly store: Address
      readonly fqn: Bytes32
      readonly key: Bytes32
      readonly value: Bytes32
    }[]
  }
  readonly revert?: GoldenRevert
  readonly evals: readonly RecordedEvaluation[]
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
  readonly walletBalance?: string
  readonly allowance?: string
}
