import type { Replica } from '@freshet/core'
import { utf8ToBytes } from '@noble/hashes/utils.js'
import { floatToHex } from '../float/index.ts'
import type { Address, Bytes32 } from './hex.ts'
import type { JsonMutation } from './json-mutation.ts'
import { keccakOfBytes } from './keccak.ts'
import type { Order, OrderIO } from './order.ts'
import type { EnvRow, OrderRow, StoreRow, TokenRow, VaultRow } from './tables.ts'

/** The version written. Older ones are read and migrated. */
export const snapshotVersion = 2

/** Changes that wait for code, in their order. */
export type PendingEnvelope = {
  readonly needs: readonly string[]
  readonly mutations: readonly JsonMutation[]
}

/** Addresses whose code a restored book needs, ascending. */
export type CacheHandles = { readonly interpreters: readonly Address[]; readonly stores: readonly Address[] }

/**
 * An order book's whole state as plain JSON: bytes and floats in lower-case
 * hex, every list sorted, so that the same state makes the same text.
 */
export type SnapshotBundle = {
  readonly version: number
  readonly chainId: number
  readonly orderbook: Address
  readonly env: EnvRow
  readonly orders: readonly { readonly hash: Bytes32; readonly order: Order }[]
  readonly vaultBalances: readonly (Omit<VaultRow, 'balance'> & { readonly balance: Bytes32 })[]
  readonly store: readonly StoreRow[]
  readonly tokenDecimals: readonly TokenRow[]
  readonly cacheHandles: CacheHandles
  /** How far the logs are in the state, in the words of whoever reads them. */
  readonly cursor: string | null
  readonly pending: readonly PendingEnvelope[]
  /** Over all the rest; see `snapshotChecksum`. */
  readonly checksum: Bytes32
}

/** What a snapshot is made of beside the rows. */
export type SnapshotParts = {
  readonly chainId: number
  readonly orderbook: Address
  /** Goes with the state: whoever restores it goes on from here. Default null. */
  readonly cursor?: string | undefined
  /** Changes that wait for code. Default none. */
  readonly pending?: readonly PendingEnvelope[] | undefined
}

/** Takes a snapshot of what a replica with the raindex projection holds. */
export function takeSnapshot<F>(
  replica: Pick<Replica<F>, 'collection'>,
  parts: SnapshotParts,
): SnapshotBundle {
  const bundle = collectSnapshot(replica, parts)
  return { ...bundle, checksum: snapshotChecksum(bundle) }
}

/** A snapshot without its checksum, which costs more than the rest of it. */
export function collectSnapshot<F>(
  replica: Pick<Replica<F>, 'collection'>,
  {
    chainId,
    orderbook,
    cursor = null,
    pending = [],
  }: Omit<SnapshotParts, 'cursor'> & { cursor?: string | null | undefined },
): Omit<SnapshotBundle, 'checksum'> {
  const rows = sortedRows(replica)
  const orders = rows<OrderRow>('orders')
  const [env] = rows<EnvRow>('env')
  return {
    version: snapshotVersion,
    chainId,
    orderbook,
    env: { blockNumber: env?.blockNumber ?? 0, timestamp: env?.timestamp ?? 0 },
    orders: orders.map(({ hash, ...order }) => ({ hash, order })),
    vaultBalances: rows<VaultRow>('vaults').map(({ owner, token, vaultId, balance }) => {
      return { owner, token, vaultId, balance: floatToHex(balance) }
    }),
    store: rows<StoreRow>('store'),
    tokenDecimals: rows<TokenRow>('tokens'),
    cacheHandles: handlesOf(orders),
    cursor,
    pending,
  }
}

/** Keccak-256 of the JSON text of a snapshot's fields in their order. */
export function snapshotChecksum(bundle: Omit<SnapshotBundle, 'checksum'>): Bytes32 {
  const { version, chainId, orderbook, env, orders, vaultBalances, store, tokenDecimals, cacheHandles } =
    bundle
  const { cursor, pending } = bundle
  const head = [version, chainId, orderbook, env.blockNumber, env.timestamp, cursor]
  const orderFields = orders.map(
    ({ hash, order: { owner, evaluable, validInputs, validOutputs, nonce } }) => {
      const { interpreter, store: storeAddress, bytecode } = evaluable
      return [
        hash,
        owner,
        interpreter,
        storeAddress,
        bytecode,
        validInputs.map(ioFields),
        validOutputs.map(ioFields),
        nonce,
      ]
    },
  )
  const text = JSON.stringify([
    head,
    orderFields,
    vaultBalances.map(({ owner, token, vaultId, balance }) => [owner, token, vaultId, balance]),
    store.map(({ store: address, fqn, key, value }) => [address, fqn, key, value]),
    tokenDecimals.map(({ token, decimals }) => [token, decimals]),
    [cacheHandles.interpreters, cacheHandles.stores],
    pending,
  ])
  return keccakOfBytes(utf8ToBytes(text))
}

function ioFields({ token, vaultId }: OrderIO): readonly string[] {
  return [token, vaultId]
}

function sortedRows<F>(replica: Pick<Replica<F>, 'collection'>): <R>(table: string) => readonly R[] {
  return <R>(table: string) =>
    [...replica.collection(table).entries()]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      // Written by the projection, which knows the rows of each table.
      .map(([, row]) => row as R)
}

function handlesOf(orders: readonly Order[]): CacheHandles {
  const distinct = (addresses: readonly Address[]): Address[] => [...new Set(addresses)].toSorted()
  return {
    interpreters: distinct(orders.map(({ evaluable }) => evaluable.interpreter)),
    stores: distinct(orders.map(({ evaluable }) => evaluable.store)),
  }
}
