import { floatToHex, hexToFloat } from '../float/index.ts'
import type { Bytes32 } from './hex.ts'
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
import type { Mutation, StoreSet, VaultDelta } from './mutation.ts'

type Deltas = Extract<Mutation, { readonly kind: 'vaultDeltas' }>
type Batch = Extract<Mutation, { readonly kind: 'batch' }>

/** Batches in batches beyond this are nobody's work. */
const deepest = 32

/** A mutation as JSON can hold it: floats as their 32 bytes. */
export type JsonMutation =
  | Exclude<Mutation, Deltas | Batch>
  | {
      readonly kind: 'vaultDeltas'
      readonly deltas: readonly (Omit<VaultDelta, 'delta'> & { readonly delta: Bytes32 })[]
    }
  | { readonly kind: 'batch'; readonly mutations: readonly JsonMutation[] }

export function mutationToJson(mutation: Mutation): JsonMutation {
  switch (mutation.kind) {
    case 'vaultDeltas':
      return {
        kind: 'vaultDeltas',
        deltas: mutation.deltas.map(({ delta, ...vault }) => ({ ...vault, delta: floatToHex(delta) })),
      }
    case 'batch':
      return { kind: 'batch', mutations: mutation.mutations.map(mutationToJson) }
    case 'setEnv':
    case 'setOrders':
    case 'removeOrders':
    case 'applyStore':
    case 'setTokenDecimals':
      return mutation
  }
}

/**
 * Reads a mutation from JSON that may be anything.
 *
 * @param field - Where it stands, for the error.
 * @throws {BadField} what is wrong with it.
 */
export function mutationFromJson(json: unknown, field = 'mutation', depth = 0): Mutation {
  if (depth > deepest) throw new BadField(field, `is nested more than ${deepest} deep`)
  const fields = fieldsOf(json, field)
  const items = (name: string): readonly Fields[] =>
    listOf(fields[name], `${field}.${name}`).map((item) => fieldsOf(item, `${field}.${name}`))
  switch (fields['kind']) {
    case 'setEnv':
      return { kind: 'setEnv', ...clockOf(fields, field) }
    case 'setOrders':
      return { kind: 'setOrders', orders: items('orders').map((order) => orderOf(order, `${field}.orders`)) }
    case 'removeOrders': {
      const hashes = listOf(fields['orderHashes'], `${field}.orderHashes`)
      return { kind: 'removeOrders', orderHashes: hashes.map((hash) => wordOf(hash, `${field}.orderHashes`)) }
    }
    case 'vaultDeltas':
      return {
        kind: 'vaultDeltas',
        deltas: items('deltas').map((delta) => deltaOf(delta, `${field}.deltas`)),
      }
    case 'applyStore':
      return { kind: 'applyStore', sets: items('sets').map((set) => storeSetOf(set, `${field}.sets`)) }
    case 'setTokenDecimals':
      return {
        kind: 'setTokenDecimals',
        tokens: items('tokens').map(({ token, decimals }) => ({
          token: addressOf(token, `${field}.token`),
          decimals: decimalsOf(decimals, `${field}.decimals`),
        })),
      }
    case 'batch':
      return {
        kind: 'batch',
        mutations: items('mutations').map((item) => mutationFromJson(item, field, depth + 1)),
      }
    default:
      throw new BadField(`${field}.kind`, `is ${JSON.stringify(fields['kind'])?.slice(0, 80)}`)
  }
}

function clockOf(
  { blockNumber, timestamp }: Fields,
  field: string,
): { blockNumber?: number; timestamp?: number } {
  return {
    ...(blockNumber === undefined ? {} : { blockNumber: countOf(blockNumber, `${field}.blockNumber`) }),
    ...(timestamp === undefined ? {} : { timestamp: countOf(timestamp, `${field}.timestamp`) }),
  }
}

function deltaOf({ owner, token, vaultId, delta }: Fields, field: string): VaultDelta {
  return {
    owner: addressOf(owner, `${field}.owner`),
    token: addressOf(token, `${field}.token`),
    vaultId: wordOf(vaultId, `${field}.vaultId`),
    delta: hexToFloat(wordOf(delta, `${field}.delta`)),
  }
}

function storeSetOf({ store, fqn, kvs }: Fields, field: string): StoreSet {
  const pairs = listOf(kvs, `${field}.kvs`).map((pair) => fieldsOf(pair, `${field}.kvs`))
  return {
    store: addressOf(store, `${field}.store`),
    fqn: wordOf(fqn, `${field}.fqn`),
    kvs: pairs.map(({ key, value }) => ({
      key: wordOf(key, `${field}.key`),
      value: wordOf(value, `${field}.value`),
    })),
  }
}
