import type { TableSpec } from '@freshet/core'
import type { Float } from '../float/index.ts'
import type { Address, Bytes32 } from './hex.ts'
import type { Order } from './order.ts'

/** Tables that the state of an order book is kept in. */
export const raindexTables: readonly TableSpec[] = [
  { name: 'orders' },
  { name: 'vaults' },
  { name: 'store' },
  { name: 'tokens' },
  { name: 'env' },
]

/** A live order. Its id is its hash. */
export type OrderRow = Order & { readonly hash: Bytes32 }

/** A vault. One that is not there is empty. */
export type VaultRow = {
  readonly owner: Address
  readonly token: Address
  readonly vaultId: Bytes32
  readonly balance: Float
}

/** A word of a store. One that is not there is zero. */
export type StoreRow = {
  readonly store: Address
  readonly fqn: Bytes32
  readonly key: Bytes32
  readonly value: Bytes32
}

export type TokenRow = { readonly token: Address; readonly decimals: number }

/** The clock of the chain: one row, with the id {@link envId}. */
export type EnvRow = { readonly blockNumber: number; readonly timestamp: number }

export const envId = 'env'

export function vaultRowId(owner: Address, token: Address, vaultId: Bytes32): string {
  return `${owner}/${token}/${vaultId}`
}

export function storeRowId(store: Address, fqn: Bytes32, key: Bytes32): string {
  return `${store}/${fqn}/${key}`
}
