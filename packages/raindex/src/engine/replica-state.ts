import type { Replica, Row } from '@freshet/core'
import { zero, type Float } from '../float/index.ts'
import type { Address, Bytes32 } from './hex.ts'
import type { Order } from './order.ts'
import type { OrderbookState, Wallet } from './orderbook-state.ts'
import { envId, storeRowId, vaultRowId, type EnvRow } from './tables.ts'

const zeroWord: Bytes32 = `0x${'0'.repeat(64)}`
const noEnv: EnvRow = { blockNumber: 0, timestamp: 0 }

/** What rows are read from: a replica's collections, or anything shaped like them. */
export type RowReader = (table: string, id: string) => Row | undefined

/** The state that a replica with the raindex projection holds now. It follows the replica. */
export function replicaState<F>(
  replica: Pick<Replica<F>, 'collection'>,
  options: { readonly wallet?: ((owner: Address, token: Address) => Wallet | undefined) | undefined } = {},
): OrderbookState {
  return rowState((table, id) => replica.collection(table).get(id), options.wallet)
}

/** The state in rows that the raindex projection wrote. */
export function rowState(read: RowReader, wallet?: OrderbookState['wallet']): OrderbookState {
  return {
    get env() {
      // All rows are written by the projection, here and below.
      return (read('env', envId) as EnvRow | undefined) ?? noEnv
    },
    order: (hash) => read('orders', hash) as Order | undefined,
    vaultBalance: (owner, token, vaultId) =>
      (read('vaults', vaultRowId(owner, token, vaultId))?.['balance'] as Float | undefined) ?? zero,
    word: (store, fqn, key) =>
      (read('store', storeRowId(store, fqn, key))?.['value'] as Bytes32 | undefined) ?? zeroWord,
    tokenDecimals: (token) => read('tokens', token)?.['decimals'] as number | undefined,
    wallet: (owner, token) => wallet?.(owner, token),
  }
}
