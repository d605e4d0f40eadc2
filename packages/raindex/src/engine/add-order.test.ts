import { expect, test } from 'vitest'
import { addressOf, fixtureOrder, wordOf } from '../testing/fixture-order.ts'
import { fixtureState } from '../testing/fixture-state.ts'
import { leaves, scriptedInterpreter } from '../testing/scripted-interpreter.ts'
import { simulateAddOrder, type PostTask } from './add-order.ts'
import type { EvaluationResult } from './interpreter.ts'
import { qualifiedNamespace } from './namespace.ts'
import { hashOrder } from './order.ts'

const orderbook = { address: addressOf(0x99), version: 'v5' } as const
const fqn = qualifiedNamespace(fixtureOrder.owner, orderbook.address)
const task: PostTask = { evaluable: { ...fixtureOrder.evaluable, bytecode: '0x0102' } }
const state = fixtureState({ orders: [] })

test('[RX26] a task runs once its order is known, and what it writes is under the owner', async () => {
  const interpreter = scriptedInterpreter(() => leaves([], [wordOf(7), wordOf(42)]))
  const outcome = await simulateAddOrder({ orderbook, interpreter }, state, fixtureOrder, [task])
  const kvs = [{ key: wordOf(7), value: wordOf(42) }]
  expect(outcome).toEqual({
    kind: 'added',
    mutations: [
      { kind: 'setOrders', orders: [fixtureOrder] },
      { kind: 'applyStore', sets: [{ store: addressOf(0xbb), fqn, kvs }] },
    ],
  })
  const left = (address: string): string => `0x${'0'.repeat(24)}${address.slice(2)}`
  expect(interpreter.asked[0]).toMatchObject({
    entryPoint: 'calculate-io',
    fqn,
    context: [
      [left(fixtureOrder.owner), left(orderbook.address)],
      [hashOrder(fixtureOrder), left(fixtureOrder.owner)],
    ],
  })
})

test('[RX26] a task sees what the one before it set; one without a program is skipped', async () => {
  const seen: string[] = []
  const interpreter = scriptedInterpreter(({ readWord }) => {
    seen.push(readWord(wordOf(7)))
    return leaves([], [wordOf(7), wordOf(seen.length)])
  })
  const empty: PostTask = { evaluable: { ...fixtureOrder.evaluable, bytecode: '0x' } }
  await simulateAddOrder({ orderbook, interpreter }, state, fixtureOrder, [task, empty, task])
  expect(seen).toEqual([wordOf(0), wordOf(1)])
})

test('[RX26] without tasks nobody is asked, and one that fails leaves nothing added', async () => {
  const revert: EvaluationResult = { kind: 'revert', data: '0x12' }
  const interpreter = scriptedInterpreter(() => revert)
  const alone = await simulateAddOrder({ orderbook, interpreter }, state, fixtureOrder)
  expect(alone).toEqual({ kind: 'added', mutations: [{ kind: 'setOrders', orders: [fixtureOrder] }] })
  expect(interpreter.asked).toEqual([])
  const failed = await simulateAddOrder({ orderbook, interpreter }, state, fixtureOrder, [task])
  expect(failed).toEqual({ kind: 'not-comparable', reason: { kind: 'Reverted', data: '0x12' } })
  const missing = { kind: 'MissingBytecode', address: addressOf(0xaa), codeKind: 'Interpreter' } as const
  const unavailable = scriptedInterpreter(() => ({ kind: 'unavailable', reason: missing }))
  const lacking = await simulateAddOrder({ orderbook, interpreter: unavailable }, state, fixtureOrder, [task])
  expect(lacking).toEqual({ kind: 'not-comparable', reason: missing })
})

test('[RX26] an interpreter that answers later gives the same', async () => {
  const answer = leaves([], [wordOf(7), wordOf(42)])
  const now = await simulateAddOrder(
    { orderbook, interpreter: { evaluate: () => answer } },
    state,
    fixtureOrder,
    [task],
  )
  const interpreter = { evaluate: async () => answer }
  expect(await simulateAddOrder({ orderbook, interpreter }, state, fixtureOrder, [task])).toEqual(now)
})
