import { createWasmEvm } from '@freshet/evm'
import {
  createEvmInterpreter,
  createRaindexProjection,
  createStaticCodeCache,
  hashOrder,
  qualifiedNamespace,
  replayLogs,
  rowState,
  simulateClear,
  simulateTakeOrders,
  type Address,
  type Artifact,
  type Bytes32,
  type ChainLog,
  type EvaluationHost,
  type Mutation,
  type Order,
  type OrderIO,
  type OrderbookState,
  type SignedContext,
} from '../engine/index.ts'
import { keccakOfBytes } from '../engine/keccak.ts'
import { rememberSigned } from '../engine/signed-context.ts'
import { floatToHex, parse, toFixedDecimalLossless, toFixedDecimalLossy } from '../float/index.ts'
import { contractCode } from './compile-contracts.ts'
import { encodeEvent, orderbookAddress, type EventName } from './event-logs.ts'
import { addressOf } from './fixture-order.ts'
import { createMapDraft } from './map-draft.ts'

/** Every order of the market runs on these; every token has 18 decimals. */
export const marketCode: readonly Artifact[] = [
  { kind: 'Interpreter', address: addressOf(0xaa), bytecode: contractCode('Interpreter') },
  { kind: 'Store', address: addressOf(0xbb), bytecode: contractCode('WordStore') },
]
export const marketOrderbook = { address: orderbookAddress, version: 'v5' } as const
export const marketDecimals = 18

/** The block before the first. */
const firstBlock = 1_000
const secondsPerBlock = 2

/**
 * An order book where trades are really made: orders quote and are taken with the engine, and what happens is
 * written as logs.
 */
export type ReplayMarket = {
  readonly logs: readonly ChainLog[]
  readonly state: OrderbookState
  readonly head: { readonly number: number; readonly timestamp: number }
  /** Where an order's words are. */
  namespaceOf(order: Order): Bytes32
  /** Goes to the block of a later second. */
  goTo(second: number): void
  /** Adds an order, with words its tasks set. */
  add(order: Order, words?: readonly (readonly [key: Bytes32, value: Bytes32])[]): void
  remove(order: Order): void
  deposit(order: Order, io: OrderIO, amount: string): void
  withdraw(order: Order, io: OrderIO, amount: string): void
  set(order: Order, key: Bytes32, value: Bytes32): void
  /**
   * @param signed - Counts as checked by the chain.
   * @returns whether anything was taken.
   */
  take(order: Order, amount: string, signed?: readonly SignedContext[]): Promise<boolean>
  clear(alice: Order, bob: Order): Promise<boolean>
}

const taker = addressOf(0xdd)

export async function openReplayMarket(startSecond: number): Promise<ReplayMarket> {
  const draft = createMapDraft()
  const projection = createRaindexProjection('v5')
  const host = await marketHost()
  const logs: ChainLog[] = []
  let now = { number: firstBlock, timestamp: startSecond }
  let transactions = 0

  const state = rowState(draft.get)
  const apply = (mutations: readonly Mutation[]): void => projection.apply(draft, mutations)
  const goTo = (second: number): void => {
    const blocks = Math.floor((second - startSecond) / secondsPerBlock)
    now = { number: firstBlock + blocks, timestamp: startSecond + blocks * secondsPerBlock }
    apply([{ kind: 'setEnv', blockNumber: now.number, timestamp: now.timestamp }])
  }
  const transact = (events: readonly MarketEvent[]): void => {
    transactions++
    const written = events.map(({ name, args, from = orderbookAddress }): ChainLog => {
      const log = {
        address: from,
        ...encodeEvent(name, args),
        blockNumber: now.number,
        blockHash: numbered('block', now.number),
        blockTimestamp: now.timestamp,
        transactionHash: numbered('transaction', transactions),
        logIndex: logs.filter(({ blockNumber }) => blockNumber === now.number).length,
      }
      logs.push(log)
      return log
    })
    for (const { mutations } of replayLogs(written, marketOrderbook, { decimalsOf: () => marketDecimals })
      .blocks)
      apply(mutations)
  }
  const fqnOf = (order: Order): Bytes32 => qualifiedNamespace(order.owner, orderbookAddress)
  const setEvent = (order: Order, key: Bytes32, value: Bytes32): MarketEvent => ({
    name: 'Set',
    args: [BigInt(fqnOf(order)), key, value],
    from: order.evaluable.store,
  })
  const setEvents = (mutations: readonly Mutation[]): readonly MarketEvent[] =>
    mutations.flatMap((mutation) =>
      mutation.kind === 'applyStore'
        ? mutation.sets.flatMap(({ store, fqn, kvs }) =>
            kvs.map(({ key, value }): MarketEvent => ({
              name: 'Set',
              args: [BigInt(fqn), key, value],
              from: store,
            })),
          )
        : [],
    )
  goTo(startSecond)
  apply([{ kind: 'setTokenDecimals', tokens: [] }])
  const withDecimals: OrderbookState = {
    get env() {
      return state.env
    },
    order: (hash) => state.order(hash),
    vaultBalance: (owner, token, vaultId) => state.vaultBalance(owner, token, vaultId),
    word: (store, fqn, key) => state.word(store, fqn, key),
    tokenDecimals: () => marketDecimals,
  }
  return {
    logs,
    state: withDecimals,
    get head() {
      return now
    },
    namespaceOf: fqnOf,
    goTo,
    add: (order, words = []) =>
      transact([
        { name: 'AddOrderV3', args: [order.owner, hashOrder(order), order] },
        ...words.map(([key, value]) => setEvent(order, key, value)),
      ]),
    remove: (order) => transact([{ name: 'RemoveOrderV3', args: [order.owner, hashOrder(order), order] }]),
    deposit(order, { token, vaultId }, amount) {
      const units = toFixedDecimalLossless(parse(amount), marketDecimals)
      transact([{ name: 'DepositV2', args: [order.owner, token, vaultId, units] }])
    },
    withdraw(order, { token, vaultId }, amount) {
      const float = parse(amount)
      const { value } = toFixedDecimalLossy(float, marketDecimals)
      const args = [order.owner, token, vaultId, floatToHex(float), floatToHex(float), value]
      transact([{ name: 'WithdrawV2', args }])
    },
    set: (order, key, value) => transact([setEvent(order, key, value)]),
    async take(order, amount, signedContext = []) {
      signedContext.forEach(rememberSigned)
      const pair = { inputIOIndex: 0, outputIOIndex: 0 }
      const outcome = await simulateTakeOrders(host, withDecimals, {
        orders: [{ order, ...pair, signedContext }],
        minimumIO: parse('0'),
        maximumIO: parse(amount),
        maximumIORatio: parse('1e9'),
        taker,
      })
      const [taken] = outcome.kind === 'taken' ? outcome.taken : []
      if (outcome.kind !== 'taken' || taken === undefined) return false
      const config = { order, inputIOIndex: 0n, outputIOIndex: 0n, signedContext }
      const args = [taker, config, floatToHex(taken.input), floatToHex(taken.output)]
      transact([{ name: 'TakeOrderV3', args }, ...setEvents(outcome.mutations)])
      return true
    },
    async clear(alice, bob) {
      const indexes = { aliceInputIOIndex: 0, aliceOutputIOIndex: 0, bobInputIOIndex: 0, bobOutputIOIndex: 0 }
      const bounty = { aliceBountyVaultId: numbered('bounty', 1), bobBountyVaultId: numbered('bounty', 2) }
      const config = { ...indexes, ...bounty }
      const outcome = await simulateClear(host, withDecimals, { alice, bob, config, clearer: taker })
      if (outcome.kind !== 'cleared') return false
      const change = Object.fromEntries(
        Object.entries(outcome.change).map(([name, amount]) => [name, floatToHex(amount)]),
      )
      const counts = Object.entries(indexes).map(([name, index]) => [name, BigInt(index)])
      const clearConfig = { ...Object.fromEntries(counts), ...bounty }
      transact([
        { name: 'ClearV3', args: [taker, alice, bob, clearConfig] },
        { name: 'AfterClearV2', args: [taker, change] },
        ...setEvents(outcome.mutations),
      ])
      return true
    },
  }
}

type MarketEvent = {
  readonly name: EventName
  readonly args: readonly unknown[]
  /** Default the order book. */
  readonly from?: Address
}

async function marketHost(): Promise<EvaluationHost> {
  const interpreter = createEvmInterpreter({
    engine: await createWasmEvm(),
    cache: createStaticCodeCache(marketCode),
    chainId: 1n,
    orderbook: marketOrderbook.address,
  })
  return { orderbook: marketOrderbook, interpreter }
}

/** A hash that names what it is of. */
function numbered(what: string, number: number): Bytes32 {
  return keccakOfBytes(new TextEncoder().encode(`${what} ${number}`))
}
