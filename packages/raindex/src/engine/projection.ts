import type { Draft, Need, Projection, Row, RowKey } from '@freshet/core'
import { add, lt, zero, type Float } from '../float/index.ts'
import { artifactsOf, codeNeed } from './code-cache.ts'
import type { Address, Bytes32 } from './hex.ts'
import type { Mutation, StoreSet, VaultDelta } from './mutation.ts'
import { hashOrder, type Order } from './order.ts'
import { isVaultless, type Orderbook } from './orderbook.ts'
import { RaindexError } from './raindex-error.ts'
import { envId, storeRowId, vaultRowId, type EnvRow, type OrderRow } from './tables.ts'

/**
 * Turns mutations into the rows of orders, vaults, store words and tokens.
 *
 * An order needs the code of its interpreter and its store. What waits for
 * code holds back later changes of the same rows, and only those; the clock
 * belongs to no row, so it goes on (A4), and what comes late does not turn it
 * back.
 *
 * @throws {RaindexError} from `apply`, `NegativeVaultBalance`: a vault would fall below zero, so logs before
 * these are missing.
 */
export function createRaindexProjection(version: Orderbook['version']): Projection<Mutation> {
  const apply = (draft: Draft, mutation: Mutation): void => {
    switch (mutation.kind) {
      case 'setEnv':
        return advanceClock(draft, mutation)
      case 'setOrders':
        return mutation.orders.forEach((order) => putOrder(draft, order, version))
      case 'removeOrders':
        return mutation.orderHashes.forEach((hash) => draft.delete('orders', hash))
      case 'vaultDeltas':
        return mutation.deltas.forEach((delta) => moveVault(draft, delta))
      case 'applyStore':
        return mutation.sets.forEach((set) => putWords(draft, set))
      case 'setTokenDecimals':
        return mutation.tokens.forEach((row) => draft.put('tokens', row.token, row))
      case 'batch':
        return mutation.mutations.forEach((inner) => apply(draft, inner))
    }
  }
  return {
    keys: mutationKeys,
    needs: mutationNeeds,
    apply: (draft, mutations) => mutations.forEach((mutation) => apply(draft, mutation)),
  }
}

function mutationKeys(mutation: Mutation): readonly RowKey[] {
  switch (mutation.kind) {
    case 'setEnv':
      return []
    case 'setOrders':
      return mutation.orders.map((order) => ({ table: 'orders', id: hashOrder(order) }))
    case 'removeOrders':
      return mutation.orderHashes.map((hash) => ({ table: 'orders', id: hash }))
    case 'vaultDeltas':
      return mutation.deltas.map((delta) => ({ table: 'vaults', id: rowIdOf(delta) }))
    case 'applyStore':
      return mutation.sets.flatMap(({ store, fqn, kvs }) =>
        kvs.map(({ key }) => ({ table: 'store', id: storeRowId(store, fqn, key) })),
      )
    case 'setTokenDecimals':
      return mutation.tokens.map(({ token }) => ({ table: 'tokens', id: token }))
    case 'batch':
      return mutation.mutations.flatMap(mutationKeys)
  }
}

/** Interpreter before store, in the order of the orders. */
function mutationNeeds(mutation: Mutation): readonly Need[] {
  if (mutation.kind === 'batch') return mutation.mutations.flatMap(mutationNeeds)
  if (mutation.kind !== 'setOrders') return []
  return mutation.orders.flatMap((order) => artifactsOf(order).map(codeNeed))
}

type SetEnv = Extract<Mutation, { readonly kind: 'setEnv' }>

function advanceClock(draft: Draft, { blockNumber = 0, timestamp = 0 }: SetEnv): void {
  const env = readEnv(draft)
  const next: EnvRow = {
    blockNumber: Math.max(env.blockNumber, blockNumber),
    timestamp: Math.max(env.timestamp, timestamp),
  }
  draft.put('env', envId, next)
}

function putOrder(draft: Draft, order: Order, version: Orderbook['version']): void {
  const row = ownText({ hash: hashOrder(order), ...order })
  draft.put('orders', row.hash, row)
  for (const { token, vaultId } of [...row.validInputs, ...row.validOutputs]) {
    const id = vaultRowId(row.owner, token, vaultId)
    if (isVaultless(version, vaultId) || draft.get('vaults', id) !== undefined) continue
    draft.put('vaults', id, { owner: row.owner, token, vaultId, balance: zero })
  }
}

/** Addresses that many orders have in common, each kept once. */
const commonAddresses = new Map<string, string>()
const mostCommonAddresses = 4_096

/**
 * The row with text of its own: what was cut out of a log keeps the whole log in memory.
 *
 * Written and read once, and with interpreters, stores and tokens shared, an order takes half as much.
 */
function ownText(row: OrderRow): OrderRow {
  // A copy of what was given.
  return JSON.parse(JSON.stringify(row), (field, value: unknown) =>
    field === 'token' || field === 'interpreter' || field === 'store' ? commonAddress(value) : value,
  ) as OrderRow
}

function commonAddress(address: unknown): unknown {
  if (typeof address !== 'string') return address
  const known = commonAddresses.get(address)
  if (known === undefined && commonAddresses.size < mostCommonAddresses) commonAddresses.set(address, address)
  return known ?? address
}

function moveVault(draft: Draft, { owner, token, vaultId, delta }: VaultDelta): void {
  const id = vaultRowId(owner, token, vaultId)
  const row = draft.get('vaults', id) ?? { owner, token, vaultId }
  const balance = add(balanceOf(row), delta)
  if (lt(delta, zero) && lt(balance, zero)) throw negativeBalance(owner, token, vaultId)
  draft.put('vaults', id, { ...row, balance })
}

function putWords(draft: Draft, { store, fqn, kvs }: StoreSet): void {
  for (const { key, value } of kvs)
    draft.put('store', storeRowId(store, fqn, key), { store, fqn, key, value })
}

function readEnv(draft: Draft): EnvRow {
  const row = draft.get('env', envId)
  // Written by advanceClock only.
  return row === undefined ? { blockNumber: 0, timestamp: 0 } : (row as EnvRow)
}

function balanceOf(row: Row): Float {
  // Written by this projection only.
  return (row['balance'] as Float | undefined) ?? zero
}

function rowIdOf({ owner, token, vaultId }: VaultDelta): string {
  return vaultRowId(owner, token, vaultId)
}

function negativeBalance(owner: Address, token: Address, vaultId: Bytes32): RaindexError {
  const message = `Vault ${vaultId} of ${owner} would hold less than nothing of ${token}. Logs before these are missing: start from the order book's first block.`
  return new RaindexError('NegativeVaultBalance', message, { owner, token, vaultId })
}
