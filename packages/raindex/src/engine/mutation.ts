import type { Float } from '../float/index.ts'
import type { Address, Bytes32 } from './hex.ts'
import type { Order } from './order.ts'

/** What a vault gains, or loses when negative. */
export type VaultDelta = {
  readonly owner: Address
  readonly token: Address
  readonly vaultId: Bytes32
  readonly delta: Float
}

/** Words to be set under one namespace of a store; of several for one key the last counts. */
export type StoreSet = {
  readonly store: Address
  /** Namespace, qualified with the order book. */
  readonly fqn: Bytes32
  readonly kvs: readonly { readonly key: Bytes32; readonly value: Bytes32 }[]
}

/**
 * One change of an order book's state. Plain data, so that it can wait on disk.
 *
 * Vault deltas are relative: each must be applied exactly once, in order.
 */
export type Mutation =
  /** The clock of the chain; a field that is not given stays. */
  | {
      readonly kind: 'setEnv'
      readonly blockNumber?: number | undefined
      readonly timestamp?: number | undefined
    }
  /** Adds orders under the hash of their encoding, and their vaults with nothing in them. Adding twice is harmless. */
  | { readonly kind: 'setOrders'; readonly orders: readonly Order[] }
  /** An order that is not there is no error. */
  | { readonly kind: 'removeOrders'; readonly orderHashes: readonly Bytes32[] }
  | { readonly kind: 'vaultDeltas'; readonly deltas: readonly VaultDelta[] }
  | { readonly kind: 'applyStore'; readonly sets: readonly StoreSet[] }
  | {
      readonly kind: 'setTokenDecimals'
      readonly tokens: readonly { readonly token: Address; readonly decimals: number }[]
    }
  | { readonly kind: 'batch'; readonly mutations: readonly Mutation[] }
