import type { Float } from '../float/index.ts'
import type { Address, Bytes32, Hex } from './hex.ts'
import type { Order } from './order.ts'

/** Words an oracle has signed for an order to read. */
export type SignedContext = {
  readonly signer: Address
  readonly context: readonly Bytes32[]
  readonly signature: Hex
}

export type ClearConfig = {
  readonly aliceInputIOIndex: number
  readonly aliceOutputIOIndex: number
  readonly bobInputIOIndex: number
  readonly bobOutputIOIndex: number
  readonly aliceBountyVaultId: Bytes32
  readonly bobBountyVaultId: Bytes32
}

export type ClearStateChange = {
  readonly aliceOutput: Float
  readonly bobOutput: Float
  readonly aliceInput: Float
  readonly bobInput: Float
}

/** What a log of order book V5 or V6, or of a store, says. `kind` is the event's name on chain. */
export type RaindexEvent =
  | {
      readonly kind: 'AddOrderV3' | 'RemoveOrderV3'
      readonly sender: Address
      readonly orderHash: Bytes32
      readonly order: Order
    }
  | {
      readonly kind: 'DepositV2'
      readonly sender: Address
      readonly token: Address
      readonly vaultId: Bytes32
      /** In the token's smallest unit, rounded up from the float that was deposited. */
      readonly amount: bigint
    }
  | {
      readonly kind: 'WithdrawV2'
      readonly sender: Address
      readonly token: Address
      readonly vaultId: Bytes32
      /** What was asked for. */
      readonly targetAmount: Float
      /** What left the vault. */
      readonly withdrawAmount: Float
      /** What left in tokens, in the smallest unit. */
      readonly amount: bigint
    }
  | {
      readonly kind: 'TakeOrderV3'
      readonly sender: Address
      readonly order: Order
      readonly inputIOIndex: number
      readonly outputIOIndex: number
      readonly signedContext: readonly SignedContext[]
      /** What the taker got. */
      readonly input: Float
      /** What the taker gave. */
      readonly output: Float
    }
  | {
      readonly kind: 'ClearV3'
      readonly sender: Address
      readonly alice: Order
      readonly bob: Order
      readonly config: ClearConfig
    }
  | { readonly kind: 'AfterClearV2'; readonly sender: Address; readonly change: ClearStateChange }
  | {
      readonly kind: 'Set'
      readonly store: Address
      /** Namespace, already qualified with the order book. */
      readonly fqn: Bytes32
      readonly key: Bytes32
      readonly value: Bytes32
    }
  | { readonly kind: 'MetaV1_2'; readonly sender: Address; readonly subject: Bytes32; readonly meta: Hex }
  | {
      readonly kind: 'ContextV2'
      readonly sender: Address
      readonly context: readonly (readonly Bytes32[])[]
    }
  | {
      readonly kind: 'OrderNotFound' | 'OrderZeroAmount' | 'OrderExceedsMaxRatio'
      readonly sender: Address
      readonly owner: Address
      readonly orderHash: Bytes32
    }
  /** Of the order book, but none that is known. */
  | { readonly kind: 'unknown'; readonly topics: readonly Bytes32[]; readonly data: Hex }
