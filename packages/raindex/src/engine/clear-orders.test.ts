import { expect, test } from 'vitest'
import { display, parse } from '../float/index.ts'
import { addressOf, fixtureOrder, wordOf } from '../testing/fixture-order.ts'
import { fixtureState } from '../testing/fixture-state.ts'
import { leaves, scriptedInterpreter, word } from '../testing/scripted-interpreter.ts'
import { simulateClear, type ClearOutcome, type ClearRequest } from './clear-orders.ts'
import type { Evaluation, EvaluationResult } from './interpreter.ts'
import type { NotComparable } from './not-comparable.ts'
import { revertDataOf } from './not-comparable.ts'
import { hashOrder, type Order } from './order.ts'

const alice = fixtureOrder
const bob: Order = {
  ...fixtureOrder,
  owner: addressOf(0x43),
  validInputs: fixtureOrder.validOutputs,
  validOutputs: fixtureOrder.validInputs,
}
const clearer = addressOf(0x77)
const config = {
  aliceInputIOIndex: 0,
  aliceOutputIOIndex: 0,
  bobInputIOIndex: 0,
  bobOutputIOIndex: 0,
  aliceBountyVaultId: wordOf(0x0a),
  bobBountyVaultId: wordOf(0x0b),
}

test('[RX25] the smaller maximum limits both, and the difference is the bounty', async () => {
  const outcome = await clear({ alice: ['0.9', '4'], bob: ['1', '3'] })
  expect(amounts(outcome)).toEqual({
    aliceInput: '3',
    aliceOutput: `3.${'3'.repeat(66)}`,
    bobInput: '3',
    bobOutput: '3',
    aliceBounty: `0.${'3'.repeat(66)}`,
    bobBounty: '0',
  })
  expect(outcome).toMatchObject({
    mutations: [
      {
        kind: 'vaultDeltas',
        deltas: [
          { owner: alice.owner, token: addressOf(0x10), delta: parse('3') },
          { owner: alice.owner, token: addressOf(0x20) },
          { owner: bob.owner, token: addressOf(0x20), delta: parse('3') },
          { owner: bob.owner, token: addressOf(0x10), delta: parse('-3') },
          { owner: clearer, token: addressOf(0x20), vaultId: wordOf(0x0a) },
          { owner: clearer, token: addressOf(0x10), vaultId: wordOf(0x0b) },
        ],
      },
    ],
  })
})

test('[RX25] each sees the other as its counterparty, and handle-io of both runs after all has moved', async () => {
  const interpreter = scriptedInterpreter(answers({ alice: ['1', '1'], bob: ['1', '1'] }))
  await simulateClear(hostOf(interpreter), state(), { alice, bob, config, clearer })
  const sequence = interpreter.asked.map(({ entryPoint, context }) => [
    entryPoint,
    context[1]?.[0],
    context[0]?.[0],
  ])
  const left = (address: string): string => `0x${'0'.repeat(24)}${address.slice(2)}`
  expect(sequence).toEqual([
    ['calculate-io', hashOrder(alice), left(bob.owner)],
    ['calculate-io', hashOrder(bob), left(alice.owner)],
    ['handle-io', hashOrder(alice), left(bob.owner)],
    ['handle-io', hashOrder(bob), left(alice.owner)],
  ])
  expect(interpreter.asked[2]?.context[2]).toEqual([word('1'), word('1')])
})

test('[RX25] what makes the chain refuse a clear is its reason', async () => {
  const good = { alice: ['1', '1'], bob: ['1', '1'] } as const
  expect(await why(good, { bob: { ...bob, owner: alice.owner } })).toEqual({ kind: 'SameOwner' })
  expect(await why(good, { bob: { ...bob, validInputs: bob.validOutputs } })).toEqual({
    kind: 'TokenMismatch',
  })
  expect(await why(good, { config: { ...config, bobInputIOIndex: 1 } })).toMatchObject({
    kind: 'InvalidInputIndex',
  })
  expect(await why({ alice: ['2', '1'], bob: ['1', '1'] })).toEqual({ kind: 'NegativeBounty' })
  expect(await why({ alice: ['1', '0'], bob: ['1', '0'] })).toEqual({ kind: 'ClearZeroAmount' })
  expect(await why({ alice: ['1'], bob: ['1', '1'] })).toMatchObject({ kind: 'CalculateIoOutputsMissing' })
  expect(revertDataOf({ kind: 'NegativeBounty' })).toBe('0x0d868221')
})

test('[RX25] a dead order makes a clear nothing', async () => {
  const dead = { ...bob, nonce: wordOf(9) }
  const outcome = await clear({ alice: ['1', '1'], bob: ['1', '1'] }, { bob: dead })
  expect(outcome).toEqual({ kind: 'order-not-found', orderHash: hashOrder(dead) })
})

test('[RX25] an interpreter that answers later gives the same', async () => {
  const answer = answers({ alice: ['0.9', '4'], bob: ['1', '3'] })
  const request = { alice, bob, config, clearer }
  const later = await simulateClear(
    hostOf({ evaluate: async (e: Evaluation) => answer(e) }),
    state(),
    request,
  )
  expect(later).toEqual(await simulateClear(hostOf({ evaluate: answer }), state(), request))
})

type Stacks = { readonly alice: readonly string[]; readonly bob: readonly string[] }

function answers(stacks: Stacks): (evaluation: Evaluation) => EvaluationResult {
  return ({ entryPoint, context }) => {
    if (entryPoint === 'handle-io') return leaves([])
    return leaves(context[1]?.[0] === hashOrder(alice) ? stacks.alice : stacks.bob)
  }
}

function hostOf(
  interpreter: Parameters<typeof simulateClear>[0]['interpreter'],
): Parameters<typeof simulateClear>[0] {
  return { orderbook: { address: addressOf(0xab), version: 'v5' }, interpreter }
}

function state(): ReturnType<typeof fixtureState> {
  return fixtureState({ orders: [alice, bob], balance: '10' })
}

function clear(stacks: Stacks, changed: Partial<ClearRequest> = {}): Promise<ClearOutcome> {
  const request = { alice, bob, config, clearer, ...changed }
  return simulateClear(hostOf({ evaluate: answers(stacks) }), state(), request)
}

async function why(stacks: Stacks, changed: Partial<ClearRequest> = {}): Promise<NotComparable | undefined> {
  const outcome = await clear(stacks, changed)
  return outcome.kind === 'not-comparable' ? outcome.reason : undefined
}

function amounts(outcome: ClearOutcome): unknown {
  if (outcome.kind !== 'cleared') return outcome
  const { change, aliceBounty, bobBounty } = outcome
  const all = { ...change, aliceBounty, bobBounty }
  return Object.fromEntries(Object.entries(all).map(([name, amount]) => [name, display(amount, 67)]))
}
