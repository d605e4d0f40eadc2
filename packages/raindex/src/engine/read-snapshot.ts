import { hexToFloat } from '../float/index.ts'
import type { Address } from './hex.ts'
import {
  addressOf,
  BadField,
  countOf,
  decimalsOf,
  fieldsOf,
  listOf,
  orderOf,
  wordOf,
  type Fields,
} from './json-fields.ts'
import { mutationFromJson, mutationToJson } from './json-mutation.ts'
import type { Mutation } from './mutation.ts'
import { hashOrder } from './order.ts'
import { RaindexError } from './raindex-error.ts'
import { snapshotChecksum, snapshotVersion, type PendingEnvelope, type SnapshotBundle } from './snapshot.ts'

/** A snapshot that was found to be whole and of the right order book. */
export type RestoredSnapshot = {
  readonly bundle: SnapshotBundle
  /** What makes an empty replica hold the snapshot's state, bit for bit. */
  readonly mutations: readonly Mutation[]
  readonly cursor: string | null
  /** What waited for code when the snapshot was taken. */
  readonly pending: readonly { readonly needs: readonly string[]; readonly mutations: readonly Mutation[] }[]
}

/**
 * Reads a snapshot: of this version, or of the Rust crate's bundles, which have neither version nor checksum.
 *
 * @param json - The bundle, or its text.
 * @param expected.chainId - What the snapshot must be of; bundles that do not say are taken to be of it.
 * @param options.verify - Whether to recompute the checksum and the hashes of the orders. Default true; false only
 * for what this process has written itself.
 * @throws {RaindexError} `SnapshotRefused`: cut off, tampered with, of another order book or chain, or of a newer
 * version; `details.field` says where.
 */
export function readSnapshot(
  json: unknown,
  expected: { readonly chainId: number; readonly orderbook: Address },
  { verify = true }: { readonly verify?: boolean } = {},
): RestoredSnapshot {
  const bundle = refusing(() => readBundle(migrated(parsed(json), expected)))
  if (bundle.orderbook !== expected.orderbook) throw refused('orderbook', `is ${bundle.orderbook}`)
  if (bundle.chainId !== expected.chainId) throw refused('chainId', `is ${bundle.chainId}`)
  if (verify) verifyBundle(bundle)
  return {
    bundle,
    mutations: mutationsOf(bundle),
    cursor: bundle.cursor,
    pending: bundle.pending.map(({ needs, mutations }) => ({
      needs,
      mutations: mutations.map((item) => mutationFromJson(item)),
    })),
  }
}

function refusing<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (error instanceof BadField) throw refused(error.field, error.what, error)
    throw error
  }
}

function parsed(json: unknown): Fields {
  if (typeof json !== 'string') return fieldsOf(json, 'snapshot')
  try {
    return fieldsOf(JSON.parse(json), 'snapshot')
  } catch (error) {
    if (error instanceof SyntaxError) throw refused('snapshot', 'is no JSON or cut off', error)
    throw error
  }
}

/** Brings a bundle of the Rust crate, with its names, to this version. It says nothing of chain, cursor and queue. */
function migrated(fields: Fields, { chainId }: { readonly chainId: number }): Fields {
  const { version } = fields
  if (version === snapshotVersion) return fields
  if (version !== undefined)
    throw refused('version', `is ${JSON.stringify(version)}, not ${snapshotVersion} or none`)
  const env = fieldsOf(fields['env'], 'env')
  const vaults = listOf(fields['vault_balances'], 'vault_balances').map((row) =>
    fieldsOf(row, 'vault_balances'),
  )
  const handles = fieldsOf(fields['cache_handles'], 'cache_handles')
  const bundle = {
    version: snapshotVersion,
    chainId,
    orderbook: fields['orderbook'],
    env: { blockNumber: env['block_number'], timestamp: env['timestamp'] },
    orders: fields['orders'],
    vaultBalances: vaults.map(({ vault_id: vaultId, ...vault }) => ({ ...vault, vaultId })),
    store: fields['store'],
    tokenDecimals: fields['token_decimals'],
    cacheHandles: { interpreters: handles['interpreters'], stores: handles['stores'] },
    cursor: null,
    pending: [],
    checksum: `0x${'0'.repeat(64)}`,
  }
  const read = readBundle(bundle)
  return { ...read, checksum: snapshotChecksum(read) }
}

function readBundle(fields: Fields): SnapshotBundle {
  const env = fieldsOf(fields['env'], 'env')
  const handles = fieldsOf(fields['cacheHandles'], 'cacheHandles')
  const rows = (field: string): readonly Fields[] =>
    listOf(fields[field], field).map((row) => fieldsOf(row, field))
  const { cursor } = fields
  if (cursor !== null && typeof cursor !== 'string') throw new BadField('cursor', 'is no text')
  return {
    version: snapshotVersion,
    chainId: countOf(fields['chainId'], 'chainId'),
    orderbook: addressOf(fields['orderbook'], 'orderbook'),
    env: {
      blockNumber: countOf(env['blockNumber'], 'env.blockNumber'),
      timestamp: countOf(env['timestamp'], 'env.timestamp'),
    },
    orders: rows('orders').map(({ hash, order }) => ({
      hash: wordOf(hash, 'orders.hash'),
      order: orderOf(order, 'orders.order'),
    })),
    vaultBalances: rows('vaultBalances').map(({ owner, token, vaultId, balance }) => ({
      owner: addressOf(owner, 'vaultBalances.owner'),
      token: addressOf(token, 'vaultBalances.token'),
      vaultId: wordOf(vaultId, 'vaultBalances.vaultId'),
      balance: wordOf(balance, 'vaultBalances.balance'),
    })),
    store: rows('store').map(({ store, fqn, key, value }) => ({
      store: addressOf(store, 'store.store'),
      fqn: wordOf(fqn, 'store.fqn'),
      key: wordOf(key, 'store.key'),
      value: wordOf(value, 'store.value'),
    })),
    tokenDecimals: rows('tokenDecimals').map(({ token, decimals }) => ({
      token: addressOf(token, 'tokenDecimals.token'),
      decimals: decimalsOf(decimals, 'tokenDecimals.decimals'),
    })),
    cacheHandles: {
      interpreters: listOf(handles['interpreters'], 'cacheHandles').map((item) =>
        addressOf(item, 'cacheHandles'),
      ),
      stores: listOf(handles['stores'], 'cacheHandles').map((item) => addressOf(item, 'cacheHandles')),
    },
    cursor,
    pending: rows('pending').map(envelopeOf),
    checksum: wordOf(fields['checksum'], 'checksum'),
  }
}

function verifyBundle(bundle: SnapshotBundle): void {
  if (snapshotChecksum(bundle) !== bundle.checksum) throw refused('checksum', 'does not fit the rest')
  for (const { hash, order } of bundle.orders) {
    if (hashOrder(order) !== hash) throw refused('orders.hash', `${hash} is not that of its order`)
  }
}

function mutationsOf({
  env,
  orders,
  vaultBalances,
  store,
  tokenDecimals,
}: SnapshotBundle): readonly Mutation[] {
  return [
    { kind: 'setEnv', ...env },
    // Vaults before orders: a float keeps its bits only when it is added to nothing.
    {
      kind: 'vaultDeltas',
      deltas: vaultBalances.map(({ balance, ...vault }) => ({ ...vault, delta: hexToFloat(balance) })),
    },
    { kind: 'setOrders', orders: orders.map(({ order }) => order) },
    { kind: 'setTokenDecimals', tokens: tokenDecimals },
    {
      kind: 'applyStore',
      sets: store.map(({ store: address, fqn, key, value }) => ({
        store: address,
        fqn,
        kvs: [{ key, value }],
      })),
    },
  ]
}

function envelopeOf({ needs, mutations }: Fields): PendingEnvelope {
  const names = listOf(needs, 'pending.needs').map((need) => {
    if (typeof need === 'string') return need
    throw new BadField('pending.needs', 'is no list of names')
  })
  const items = listOf(mutations, 'pending.mutations')
  return {
    needs: names,
    mutations: items.map((item) => mutationToJson(mutationFromJson(item, 'pending.mutations'))),
  }
}

function refused(field: string, what: string, cause?: unknown): RaindexError {
  const message = `The snapshot cannot be used: ${field} ${what}. Rebuild the state from the logs.`
  return new RaindexError('SnapshotRefused', message, { field }, cause)
}
