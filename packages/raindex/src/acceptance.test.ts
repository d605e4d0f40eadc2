import { createWasmEvm } from '@freshet/evm'
import { expect, test } from 'vitest'
import {
  createEvmInterpreter,
  createStaticCodeCache,
  hashOrder,
  qualifiedNamespace,
  quoteOrder,
  simulateAddOrder,
  simulateClear,
  simulateTakeOrders,
  type Bytes32,
  type EvaluationHost,
  type Mutation,
  type Order,
  type OrderbookState,
} from './engine/index.ts'
import { display, parse } from './float/index.ts'
import { contractCode } from './testing/compile-contracts.ts'
import { addressOf, fixtureOrder, wordOf } from './testing/fixture-order.ts'
import { fixtureState } from './testing/fixture-state.ts'
import { word } from './testing/scripted-interpreter.ts'
import { op, testProgram } from './testing/test-program.ts'

// One story on the test contracts, with the numbers that the real contracts gave for the same programs: two orders
// with tasks, quotes, takes, a clear between them, and the state rebuilt from the mutations of each step.

const orderbook = { address: addressOf(0xab), version: 'v5' } as const
const evaluable = fixtureOrder.evaluable
const clock = { blockNumber: 5_678, timestamp: 1_700_000_000 }
const [ownerA, ownerB, taker] = [addressOf(0x41), addressOf(0x42), addressOf(0xdd)]
const [tokenA, tokenB] = [addressOf(0x10), addressOf(0x20)]
const vaults = { aIn: wordOf(1), aOut: wordOf(2), bIn: wordOf(3), bOut: wordOf(4) }

/** `_ _: 1 1`; handle-io keeps the time under two keys. */
const orderA: Order = {
  owner: ownerA,
  evaluable: {
    ...evaluable,
    bytecode: testProgram(
      [op.push(word('1')), op.push(word('1'))],
      [op.push(wordOf(0x13)), op.time, op.set, op.push(wordOf(0x24)), op.time, op.set],
    ),
  },
  validInputs: [{ token: tokenA, vaultId: vaults.aIn }],
  validOutputs: [{ token: tokenB, vaultId: vaults.aOut }],
  nonce: wordOf(0xa),
}

/** `_ _: 1 context<3 3>()`; handle-io keeps the input vault's balance. */
const orderB: Order = {
  owner: ownerB,
  evaluable: {
    ...evaluable,
    bytecode: testProgram(
      [op.push(word('1')), op.context(3, 3)],
      [op.push(wordOf(0x24)), op.context(3, 3), op.set],
    ),
  },
  validInputs: [{ token: tokenB, vaultId: vaults.bIn }],
  validOutputs: [{ token: tokenA, vaultId: vaults.bOut }],
  nonce: wordOf(0xb),
}

test('[RX22] virtual_and_onchain_stay_in_sync: the numbers of the real contracts come out step by step', async () => {
  const book = await openStory()
  await book.add(orderA, 0x35)
  await book.add(orderB, 0x46)
  book.deposit(ownerA, tokenB, vaults.aOut, '5')
  book.deposit(ownerB, tokenA, vaults.bOut, '5')
  expect(await book.quote(orderA)).toBe('1 @ 1')
  expect(await book.quote(orderB)).toBe('1 @ 0')

  expect(await book.take(orderA, '1')).toEqual(['1', '1'])
  expect(book.balances()).toMatchObject({ aIn: '1', aOut: '4' })
  const time = `0x${clock.timestamp.toString(16).padStart(64, '0')}`
  expect([book.word(ownerA, 0x13), book.word(ownerA, 0x24), book.word(ownerA, 0x35)]).toEqual([
    time,
    time,
    word('1'),
  ])

  book.deposit(ownerB, tokenA, vaults.bOut, '2')
  expect(await book.take(orderB, '1')).toEqual(['1', '0'])
  expect(book.balances()).toMatchObject({ bOut: '6', bIn: '0' })

  expect(await book.clear()).toEqual({ aliceOutput: '1', bobOutput: '1', aliceInput: '1', bobInput: '0' })
  expect(book.balances()).toEqual({ aIn: '2', aOut: '4', bOut: '5', bIn: '0' })
})

test('[RX22] quote_reflects_env_values', async () => {
  const book = await openStory()
  const order: Order = { ...orderA, evaluable: { ...evaluable, bytecode: testProgram([op.number, op.time]) } }
  await book.add(order, 0x35)
  book.deposit(ownerA, tokenB, vaults.aOut, '1000000')
  for (const [timestamp, blockNumber] of [
    [1_700_001_234, 5_679],
    [1_700_009_999, 44_444],
  ] as const) {
    book.apply([{ kind: 'setEnv', blockNumber, timestamp }])
    expect(await book.quote(order)).toBe(`${blockNumber} @ ${timestamp}`)
    book.deposit(ownerA, tokenB, vaults.aOut, '1000000')
  }
})

test('[RX22] revm_host_matches_contract and quote_matches_contract_eval', async () => {
  const book = await openStory()
  const order: Order = {
    ...orderA,
    evaluable: { ...evaluable, bytecode: testProgram([op.push(word('10')), op.push(word('20'))]) },
  }
  await book.add(order, 0x35)
  book.deposit(ownerA, tokenB, vaults.aOut, '5')
  expect([await book.quote(order), await book.quote(hashOrder(order))]).toEqual(['5 @ 20', '5 @ 20'])
})

type Story = {
  apply(mutations: readonly Mutation[]): void
  /** Adds an order with a task that sets a key to 1. */
  add(order: Order, key: number): Promise<void>
  deposit(owner: Order['owner'], token: Order['owner'], vaultId: Bytes32, amount: string): void
  quote(order: Order | Bytes32): Promise<string>
  /** What the taker got and gave. */
  take(order: Order, amount: string): Promise<readonly string[]>
  clear(): Promise<unknown>
  balances(): unknown
  word(owner: Order['owner'], key: number): Bytes32
}

async function openStory(): Promise<Story> {
  const cache = createStaticCodeCache([
    { kind: 'Interpreter', address: evaluable.interpreter, bytecode: contractCode('Interpreter') },
    { kind: 'Store', address: evaluable.store, bytecode: contractCode('WordStore') },
  ])
  const engine = await createWasmEvm()
  const interpreter = createEvmInterpreter({ engine, cache, chainId: 1n, orderbook: orderbook.address })
  const host: EvaluationHost = { orderbook, interpreter }
  const done: Mutation[] = [
    { kind: 'setEnv', ...clock },
    { kind: 'setTokenDecimals', tokens: [tokenA, tokenB].map((token) => ({ token, decimals: 18 })) },
  ]
  // Every step looks at a state that is rebuilt from all the mutations so far.
  const state = (): OrderbookState => fixtureState({ orders: [], mutations: done })
  const asked = { inputIOIndex: 0, outputIOIndex: 0 }
  return {
    apply: (mutations) => void done.push(...mutations),
    async add(order, key) {
      const bytecode = testProgram([op.push(wordOf(key)), op.push(word('1')), op.set])
      const outcome = await simulateAddOrder(host, state(), order, [
        { evaluable: { ...evaluable, bytecode } },
      ])
      if (outcome.kind === 'added') done.push(...outcome.mutations)
      expect(outcome.kind).toBe('added')
    },
    deposit(owner, token, vaultId, amount) {
      done.push({ kind: 'vaultDeltas', deltas: [{ owner, token, vaultId, delta: parse(amount) }] })
    },
    async quote(order) {
      const outcome = await quoteOrder(host, state(), { order, ...asked, counterparty: taker })
      if (outcome.kind !== 'quote') return outcome.reason.kind
      return `${display(outcome.outputMax)} @ ${display(outcome.ioRatio)}`
    },
    async take(order, amount) {
      const limits = { minimumIO: parse('0'), maximumIO: parse(amount), maximumIORatio: parse('10') }
      const outcome = await simulateTakeOrders(host, state(), {
        orders: [{ order, ...asked }],
        ...limits,
        taker,
      })
      if (outcome.kind !== 'taken') return [outcome.reason.kind]
      done.push(...outcome.mutations)
      return [display(outcome.totalInput), display(outcome.totalOutput)]
    },
    async clear() {
      const indexes = { aliceInputIOIndex: 0, aliceOutputIOIndex: 0, bobInputIOIndex: 0, bobOutputIOIndex: 0 }
      const config = { ...indexes, aliceBountyVaultId: vaults.aOut, bobBountyVaultId: vaults.bOut }
      const outcome = await simulateClear(host, state(), {
        alice: orderA,
        bob: orderB,
        config,
        clearer: ownerA,
      })
      if (outcome.kind !== 'cleared') return outcome
      done.push(...outcome.mutations)
      return Object.fromEntries(
        Object.entries(outcome.change).map(([name, amount]) => [name, display(amount)]),
      )
    },
    balances() {
      const of = (owner: Order['owner'], token: Order['owner'], vaultId: Bytes32): string =>
        display(state().vaultBalance(owner, token, vaultId))
      return {
        aIn: of(ownerA, tokenA, vaults.aIn),
        aOut: of(ownerA, tokenB, vaults.aOut),
        bIn: of(ownerB, tokenB, vaults.bIn),
        bOut: of(ownerB, tokenA, vaults.bOut),
      }
    },
    word: (owner, key) =>
      state().word(evaluable.store, qualifiedNamespace(owner, orderbook.address), wordOf(key)),
  }
}
