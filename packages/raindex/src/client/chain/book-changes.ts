import {
  replayLogs,
  type Address,
  type BlockChanges,
  type Bytes32,
  type ChainLog,
  type Mutation,
  type Orderbook,
  type StoreSet,
} from '../../engine/index.ts'
import { scanLogs } from './scan-logs.ts'

/** Decimals of a token; `none` when its contract does not tell. */
export type TokenDecimals = number | 'none'

export type BookLogs = {
  readonly orderbook: Orderbook
  /** Of the order book and its stores, ascending, of whole blocks. */
  readonly logs: readonly ChainLog[]
  /** Stores that were known before these logs. */
  readonly knownStores: ReadonlySet<Address>
  /** Words that stores which are new here held before these logs, the newest of each. */
  readonly history: ReadonlyMap<Address, readonly StoreSet[]>
  /** Of the tokens of added orders and of deposits at least. */
  readonly decimalsOf: (token: Address) => TokenDecimals | undefined
}

/**
 * Turns logs into the changes of each block.
 *
 * A store counts from the block of the first order that names it: what it held before is set in that block, ahead of
 * all else. Tokens whose decimals nobody tells have no vaults here, so that a quote names them instead of being wrong.
 *
 * @throws {RaindexError} as `replayLogs`.
 */
export function bookChanges(given: BookLogs): readonly BlockChanges[] {
  const { orderbook, logs, knownStores, decimalsOf } = given
  const { stores: found } = scanLogs(logs, orderbook.address)
  const fresh = new Map([...found].filter(([store]) => !knownStores.has(store)))
  const isEarly = ({ address, blockNumber }: ChainLog): boolean => blockNumber < (fresh.get(address) ?? -1)
  const early = logs.filter(isEarly)
  const counted = early.length === 0 ? logs : logs.filter((log) => !isEarly(log))
  const stores = new Set([...knownStores, ...fresh.keys()])
  const { blocks } = replayLogs(counted, orderbook, {
    decimalsOf: (token) => known(decimalsOf(token)),
    stores,
  })
  return blocks.map((block) => {
    const { blockNumber, mutations } = block
    const [clock, ...own] = mutations
    const begun = [...fresh].filter(([, first]) => first === blockNumber).map(([store]) => store)
    const words = begun.flatMap((store) => [...(given.history.get(store) ?? []), ...wordsOf(early, store)])
    const before: Mutation[] = words.length > 0 ? [{ kind: 'applyStore', sets: words }] : []
    const kept = own.flatMap((mutation) => withDecimals(mutation, decimalsOf))
    return { ...block, mutations: [...(clock ? [clock] : []), ...before, ...kept] }
  })
}

/** The newest of each word that logs of a store have set. */
export function wordsOf(logs: readonly ChainLog[], store: Address): readonly StoreSet[] {
  const words = new Map<string, { fqn: Bytes32; key: Bytes32; value: Bytes32 }>()
  for (const { address, data } of logs) {
    // Three words: namespace, key, value; what is of another size is no `Set`.
    if (address !== store || data.length !== 2 + 3 * 64) continue
    const [fqn, key, value] = [wordAt(data, 0), wordAt(data, 1), wordAt(data, 2)]
    words.set(`${fqn}${key}`, { fqn, key, value })
  }
  return [...Map.groupBy(words.values(), ({ fqn }) => fqn)].map(([fqn, sets]) => {
    return { store, fqn, kvs: sets.map(({ key, value }) => ({ key, value })) }
  })
}

function wordAt(data: string, at: number): Bytes32 {
  return `0x${data.slice(2 + 64 * at, 66 + 64 * at)}`
}

function known(decimals: TokenDecimals | undefined): number | undefined {
  // The deltas of such a token are dropped below.
  return decimals === 'none' ? 0 : decimals
}

/** Says the decimals of an order's tokens ahead of it; drops movements of tokens without any. */
function withDecimals(mutation: Mutation, decimalsOf: BookLogs['decimalsOf']): readonly Mutation[] {
  if (mutation.kind === 'vaultDeltas') {
    const deltas = mutation.deltas.filter(({ token }) => decimalsOf(token) !== 'none')
    if (deltas.length === mutation.deltas.length) return [mutation]
    return deltas.length === 0 ? [] : [{ ...mutation, deltas }]
  }
  if (mutation.kind !== 'setOrders') return [mutation]
  const named = mutation.orders.flatMap(({ validInputs, validOutputs }) => [...validInputs, ...validOutputs])
  const tokens = [...new Set(named.map(({ token }) => token))].flatMap((token) => {
    const decimals = decimalsOf(token)
    return typeof decimals === 'number' ? [{ token, decimals }] : []
  })
  return tokens.length === 0 ? [mutation] : [{ kind: 'setTokenDecimals', tokens }, mutation]
}
