import { expect, test } from 'vitest'
import { display, parse } from '../float/index.ts'
import { addressOf, fixtureOrder, wordOf } from '../testing/fixture-order.ts'
import { fixtureState } from '../testing/fixture-state.ts'
import { leaves, scriptedInterpreter, word } from '../testing/scripted-interpreter.ts'
import type { Bytes32 } from './hex.ts'
import type { Evaluation, EvaluationResult, Interpreter } from './interpreter.ts'
import { qualifiedNamespace } from './namespace.ts'
import type { NotComparable } from './not-comparable.ts'
import { hashOrder, type Order } from './order.ts'
import type { Orderbook } from './orderbook.ts'
import type { OrderbookState } from './orderbook-state.ts'
import { simulateTakeOrders, type TakeOrdersConfig, type TakeOutcome } from './take-orders.ts'

const address = addressOf(0xaa)
const fqn = qualifiedNamespace(fixtureOrder.owner, address)
const store = fixtureOrder.evaluable.store
const hash = hashOrder(fixtureOrder)
const second: Order = { ...fixtureOrder, nonce: wordOf(2) }

test('[RX19] a take moves two vaults, sets what both programs wrote, and changes nothing itself', async () => {
  const state = fixtureState()
  const outcome = await take(
    program(['1', '1'], [wordOf(7), wordOf(11)], [wordOf(13), wordOf(17)]),
    {},
    state,
  )
  expect(summary(outcome)).toEqual({ input: '1', output: '1', taken: [[hash, '1', '1']], warnings: [] })
  const { owner, validInputs, validOutputs } = fixtureOrder
  expect(outcome).toMatchObject({
    mutations: [
      {
        kind: 'vaultDeltas',
        deltas: [
          { owner, ...validInputs[0], delta: parse('1') },
          { owner, ...validOutputs[0], delta: parse('-1') },
        ],
      },
      {
        kind: 'applyStore',
        sets: [
          { store, fqn, kvs: [{ key: wordOf(7), value: wordOf(11) }] },
          { store, fqn, kvs: [{ key: wordOf(13), value: wordOf(17) }] },
        ],
      },
    ],
  })
  expect(state.vaultBalance(owner, addressOf(0x20), wordOf(2))).toBe(parse('5'))
  expect(state.word(store, fqn, wordOf(7))).toBe(wordOf(0))
})

test('[RX19] handle-io finds what was calculated and moved, and the order hash where it belongs', async () => {
  const interpreter = scriptedInterpreter(program(['2', '3']))
  await take(interpreter.evaluate, { maximumIO: parse('1.5') })
  const [calculate, handle] = interpreter.asked
  expect([calculate?.entryPoint, handle?.entryPoint]).toEqual(['calculate-io', 'handle-io'])
  expect(handle?.context[1]).toEqual(calculate?.context[1])
  expect(handle?.context[2]).toEqual([word('3'), word('2')])
  // What the order gains is the ratio times what the taker gets, in the encoding that multiplying leaves.
  expect(handle?.context[3]?.slice(3)).toEqual([
    word('0'),
    '0xffffffff0000000000000000000000000000000000000000000000000000001e',
  ])
  expect(handle?.context[4]?.slice(3)).toEqual([word('5'), word('1.5')])
})

test('[RX19] handle-io runs after all orders were taken: a shared counter charges both orders alike', async () => {
  const counter = wordOf(1)
  // The ratio is the counter plus 2; handle-io adds 1 to the counter.
  const answer = ({ entryPoint, readWord }: Evaluation): EvaluationResult => {
    const count = Number(readWord(counter))
    if (entryPoint === 'calculate-io') return leaves([String(count + 2), '1'])
    return leaves([], [counter, word(String(count + 1))])
  }
  const orders = [asked(fixtureOrder), asked(second)]
  const state = fixtureState({ orders: [fixtureOrder, second] })
  const outcome = await take(answer, { orders, maximumIO: parse('1.5') }, state)
  expect(summary(outcome)).toMatchObject({ input: '1.5', output: '3' })
  expect(setsOf(outcome)).toEqual([
    [counter, word('1')],
    [counter, word('2')],
  ])
})

test('[RX19] more than a thousand words of one namespace are read one by one', async () => {
  const kvs = Array.from({ length: 1_200 }, (_, i) => ({ key: word(String(i)), value: word(String(i)) }))
  const state = fixtureState({ mutations: [{ kind: 'applyStore', sets: [{ store, fqn, kvs }] }] })
  const answer = ({ entryPoint, readWord }: Evaluation): EvaluationResult =>
    entryPoint === 'calculate-io' ? leaves([String(Number(readWord(word('3')))), '1']) : leaves([])
  const outcome = await take(answer, {}, state)
  expect(summary(outcome)).toMatchObject({ input: '1', output: '3' })
  expect(setsOf(outcome)).toEqual([])
})

test('[RX19] orders are taken in their order until enough, from the vaults as they then are', async () => {
  const orders = [asked(fixtureOrder), asked(second), asked(fixtureOrder)]
  const state = fixtureState({ orders: [fixtureOrder, second] })
  const outcome = await take(program(['1', '4']), { orders, maximumIO: parse('100') }, state)
  expect(summary(outcome)).toMatchObject({
    input: '5',
    taken: [
      [hash, '4', '4'],
      [hashOrder(second), '1', '1'],
    ],
    warnings: [['ZeroAmount', hash]],
  })
})

test('[RX19] a dead order and one too expensive are passed over; the ratio is looked at before the maximum', async () => {
  const dead: Order = { ...fixtureOrder, nonce: wordOf(9) }
  const orders = [asked(dead), { ...asked(fixtureOrder), order: wordOf(8) }, asked(fixtureOrder)]
  const outcome = await take(
    program(['5', '1']),
    { orders, maximumIORatio: parse('1') },
    fixtureState({ balance: '0' }),
  )
  expect(summary(outcome)).toEqual({
    input: '0',
    output: '0',
    taken: [],
    warnings: [
      ['OrderNotFound', hashOrder(dead)],
      ['OrderNotFound', wordOf(8)],
      ['RatioExceeded', hash],
    ],
  })
  expect(outcome).toMatchObject({ mutations: [] })
})

test('[RX19] what makes the chain refuse a take is its reason', async () => {
  const one = program(['1', '0.5'])
  expect(await why(one, { orders: [] })).toEqual({ kind: 'NoOrders' })
  expect(await why(one, { maximumIO: parse('0') })).toEqual({ kind: 'ZeroMaximum', version: 'v5' })
  expect(await why(one, { maximumIO: parse('-1') })).toEqual({ kind: 'ZeroMaximum', version: 'v5' })
  const minimum = { minimumIO: parse('0.75'), maximumIO: parse('0.5') }
  expect(await why(one, minimum)).toEqual({
    kind: 'MinimumNotMet',
    version: 'v5',
    minimum: parse('0.75'),
    actual: parse('0.5'),
  })
  const selfTrade: Order = { ...fixtureOrder, validInputs: fixtureOrder.validOutputs }
  expect(await why(one, { orders: [asked(selfTrade)] })).toEqual({ kind: 'TokenSelfTrade' })
  const otherInput: Order = { ...fixtureOrder, validInputs: [{ token: addressOf(0x30), vaultId: wordOf(1) }] }
  const otherOutput: Order = {
    ...fixtureOrder,
    validOutputs: [{ token: addressOf(0x30), vaultId: wordOf(1) }],
  }
  for (const other of [otherInput, otherOutput]) {
    const orders = [asked(fixtureOrder), asked(other)]
    expect(await why(one, { orders, maximumIO: parse('9') })).toEqual({ kind: 'TokenMismatch' })
  }
  const index = [{ ...asked(fixtureOrder), inputIOIndex: 2 }]
  expect(await why(one, { orders: index })).toEqual({ kind: 'InvalidInputIndex', index: 2, length: 1 })
})

test('[RX19] a negative maximum or ratio ends the take, as does a revert or an odd write in either program', async () => {
  expect(await why(program(['1', '-1']))).toMatchObject({
    kind: 'NegativeVaultBalanceChange',
    amount: parse('-1'),
  })
  expect(await why(program(['-1', '1']))).toMatchObject({
    kind: 'NegativeVaultBalanceChange',
    amount: parse('-1'),
  })
  const revert: EvaluationResult = { kind: 'revert', data: '0xabcd' }
  expect(await why(() => revert)).toEqual({ kind: 'Reverted', data: '0xabcd' })
  const inHandle = (e: Evaluation): EvaluationResult =>
    e.entryPoint === 'handle-io' ? revert : leaves(['1', '1'])
  expect(await why(inHandle)).toEqual({ kind: 'Reverted', data: '0xabcd' })
  const odd = program(['1', '1'], [wordOf(1), wordOf(2), wordOf(3)])
  expect(await why(odd)).toEqual({ kind: 'OddWrites', count: 3 })
})

test('[RX19] in V6 the limits may mean what the taker gives', async () => {
  const answer = program(['2', '1'])
  const give = { maximumIO: parse('1'), ioIsInput: false }
  expect(summary(await take(answer, {}, fixtureState(), 'v6'))).toMatchObject({ input: '1', output: '2' })
  expect(summary(await take(answer, give, fixtureState(), 'v6'))).toMatchObject({ input: '0.5', output: '1' })
  expect(await why(program(['0', '1']), give)).toMatchObject({ kind: 'Reverted' })
  const minimum = { ...give, minimumIO: parse('2.5'), maximumIO: parse('3') }
  expect(await why(answer, minimum, 'v6')).toMatchObject({ kind: 'MinimumNotMet', version: 'v6' })
})

test('[RX18] a take from a wallet needs what it gives, and moves no vault', async () => {
  const wallet: Order = { ...fixtureOrder, validOutputs: [{ token: addressOf(0x20), vaultId: wordOf(0) }] }
  const stateOf = (balance: bigint): OrderbookState =>
    fixtureState({
      orders: [wallet],
      version: 'v6',
      balance: '0',
      wallet: { balance, allowance: 10n ** 18n },
    })
  const config = { orders: [asked(wallet), asked(wallet)], maximumIO: parse('3') }
  const outcome = await take(program(['1', '0.75']), config, stateOf(10n ** 18n), 'v6')
  expect(summary(outcome)).toMatchObject({
    input: '1',
    taken: [
      [hashOrder(wallet), '0.75', '0.75'],
      [hashOrder(wallet), '0.25', '0.25'],
    ],
  })
  const { owner, validInputs } = wallet
  expect(outcome).toMatchObject({
    mutations: [
      {
        kind: 'vaultDeltas',
        deltas: [
          { owner, ...validInputs[0] },
          { owner, ...validInputs[0] },
        ],
      },
    ],
  })
})

test('[RX19] an interpreter that answers later gives the same', async () => {
  const answer = program(['1', '4'], [wordOf(7), wordOf(11)], [wordOf(13), wordOf(17)])
  const orders = [asked(fixtureOrder), asked(second)]
  const state = fixtureState({ orders: [fixtureOrder, second] })
  const config = { orders, maximumIO: parse('6') }
  const later = await take(async (evaluation) => answer(evaluation), config, state)
  expect(later).toEqual(await take(answer, config, state))
})

type Answer = Interpreter['evaluate']

function program(
  stack: readonly string[],
  writes: readonly Bytes32[] = [],
  handled: readonly Bytes32[] = [],
) {
  return ({ entryPoint }: Evaluation): EvaluationResult =>
    entryPoint === 'calculate-io' ? leaves(stack, writes) : leaves([], handled)
}

function asked(order: Order): TakeOrdersConfig['orders'][number] {
  return { order, inputIOIndex: 0, outputIOIndex: 0 }
}

function take(
  answer: Answer,
  changed: Partial<TakeOrdersConfig> = {},
  state: OrderbookState = fixtureState(),
  version: Orderbook['version'] = 'v5',
): Promise<TakeOutcome> {
  const config: TakeOrdersConfig = {
    orders: [{ order: hash, inputIOIndex: 0, outputIOIndex: 0 }],
    minimumIO: parse('0'),
    maximumIO: parse('1'),
    maximumIORatio: parse('10'),
    taker: addressOf(0xdd),
    ...changed,
  }
  return simulateTakeOrders(
    { orderbook: { address, version }, interpreter: { evaluate: answer } },
    state,
    config,
  )
}

async function why(
  answer: Answer,
  changed: Partial<TakeOrdersConfig> = {},
  version: Orderbook['version'] = 'v5',
): Promise<NotComparable | undefined> {
  const outcome = await take(answer, changed, fixtureState(), version)
  return outcome.kind === 'not-comparable' ? outcome.reason : undefined
}

function summary(outcome: TakeOutcome): unknown {
  if (outcome.kind === 'not-comparable') return outcome.reason
  return {
    input: display(outcome.totalInput),
    output: display(outcome.totalOutput),
    taken: outcome.taken.map(({ orderHash, input, output }) => [orderHash, display(input), display(output)]),
    warnings: outcome.warnings.map(({ kind, orderHash }) => [kind, orderHash]),
  }
}

function setsOf(outcome: TakeOutcome): readonly (readonly [Bytes32, Bytes32])[] {
  if (outcome.kind === 'not-comparable') return []
  return outcome.mutations.flatMap((mutation) =>
    mutation.kind === 'applyStore'
      ? mutation.sets.flatMap(({ kvs }) => kvs.map(({ key, value }) => [key, value] as const))
      : [],
  )
}
