import { privateKeyToAccount } from 'viem/accounts'
import { concat, keccak256 } from 'viem'
import { expect, test } from 'vitest'
import { display, parse } from '../float/index.ts'
import { addressOf, fixtureOrder, wordOf } from '../testing/fixture-order.ts'
import { fixtureState } from '../testing/fixture-state.ts'
import {
  leaves,
  scriptedInterpreter,
  word,
  type ScriptedInterpreter,
} from '../testing/scripted-interpreter.ts'
import type { EvaluationHost } from './calculate-io.ts'
import type { SignedContext } from './event.ts'
import type { EvaluationResult } from './interpreter.ts'
import { revertDataOf, type NotComparable } from './not-comparable.ts'
import { hashOrder, type Order } from './order.ts'
import type { OrderbookState } from './orderbook-state.ts'
import { quoteOrder, type QuoteOutcome, type QuoteRequest } from './quote.ts'

const orderbook = addressOf(0xab)
const counterparty = addressOf(0xe1)
const hash = hashOrder(fixtureOrder)
const fqn = '0x2725bb5c15c3a8821e3b940a803fb289d54a2e89680c8eff7cb9ea610423f235' as const
const account = privateKeyToAccount(wordOf(0x11))

test('[RX14] a program finds its context exactly as on chain', async () => {
  const { outcome, interpreter } = await quoted(leaves(['0.5', '10']))
  expect(shown(outcome)).toBe('5 @ 0.5')
  const [asked] = interpreter.asked
  expect(asked).toMatchObject({ entryPoint: 'calculate-io', fqn, evaluable: fixtureOrder.evaluable })
  const left = (hex: string): string => `0x${'0'.repeat(24)}${hex.slice(2)}`
  expect(asked?.context).toEqual([
    [left(counterparty), left(orderbook)],
    [hash, left(fixtureOrder.owner), left(counterparty)],
    [],
    [left(addressOf(0x10)), word('18'), wordOf(0x01), word('0'), wordOf(0)],
    [left(addressOf(0x20)), word('18'), wordOf(0x02), word('5'), wordOf(0)],
  ])
})

test('[RX14] signed contexts add a column of signers and one for each', async () => {
  const signed = [await signedWords([wordOf(1)]), await signedWords([wordOf(2), wordOf(3)])]
  const { interpreter } = await quoted(leaves(['1', '1']), { signedContext: signed })
  const signer = `0x${'0'.repeat(24)}${account.address.slice(2).toLowerCase()}`
  expect(interpreter.asked[0]?.context.slice(5)).toEqual([
    [signer, signer],
    [wordOf(1)],
    [wordOf(2), wordOf(3)],
  ])
})

test('[RX15] a context its signer did not sign is refused, by its place', async () => {
  const good = await signedWords([wordOf(1)])
  const changed: readonly SignedContext[] = [
    { ...good, context: [wordOf(2)] },
    { ...good, signer: addressOf(1) },
    { ...good, signature: `0x${good.signature.slice(2, -2)}` },
    { ...good, signature: `0x${good.signature.slice(2, -2)}1d` },
    { ...good, signature: `0x${'ff'.repeat(64)}1b` },
    { ...good, signature: highS(good.signature) },
    { ...good, signature: '0x' },
  ]
  for (const bad of changed) {
    const { outcome, interpreter } = await quoted(leaves(['1', '1']), { signedContext: [good, bad] })
    expect(reason(outcome)).toEqual({ kind: 'InvalidSignature', index: 1 })
    expect(interpreter.asked).toEqual([])
  }
})

test('[RX15] a contract that signs for itself cannot be asked here', async () => {
  const signed: SignedContext = { signer: addressOf(1), context: [wordOf(1)], signature: '0x1234' }
  const isContract = (address: string): boolean => address === addressOf(1)
  const { outcome } = await quoted(leaves(['1', '1']), { signedContext: [signed] }, fixtureState(), {
    isContract,
  })
  expect(reason(outcome)).toEqual({ kind: 'SignatureUnverifiable', index: 0 })
})

test('[RX16] the maximum is what the vault holds at most, and the stack says so', async () => {
  const { outcome } = await quoted(leaves(['1.5', '10', '7']))
  expect(outcome).toMatchObject({
    ioRatio: parse('1.5'),
    outputMax: parse('5'),
    stack: [word('1.5'), word('5'), word('7')],
  })
  expect(shown((await quoted(leaves(['20', '4']))).outcome)).toBe('4 @ 20')
})

test('[RX16] negative and zero results are returned as they are', async () => {
  expect(shown((await quoted(leaves(['1', '-1']))).outcome)).toBe('-1 @ 1')
  expect(shown((await quoted(leaves(['-3', '0']))).outcome)).toBe('0 @ -3')
})

test('[RX16] a quote by hash equals one of the order itself, which need not be on chain', async () => {
  const byHash = await quoted(leaves(['20', '10']))
  const inline = await quoted(leaves(['20', '10']), { order: fixtureOrder })
  expect(inline.outcome).toEqual(byHash.outcome)
  const other: Order = { ...fixtureOrder, nonce: wordOf(7) }
  expect(shown((await quoted(leaves(['20', '10']), { order: other })).outcome)).toBe('5 @ 20')
})

test('[RX16] an order whose program cannot be asked has its reason, checked before it runs', async () => {
  const answer = leaves(['1', '1'])
  const missing = await quoted(answer, { order: wordOf(9) })
  expect(reason(missing.outcome)).toEqual({ kind: 'OrderNotFound', orderHash: wordOf(9) })
  const input = await quoted(answer, { inputIOIndex: 2 })
  expect(reason(input.outcome)).toEqual({ kind: 'InvalidInputIndex', index: 2, length: 1 })
  const output = await quoted(answer, { outputIOIndex: 1 })
  expect(reason(output.outcome)).toEqual({ kind: 'InvalidOutputIndex', index: 1, length: 1 })
  const self = await quoted(answer, { order: { ...fixtureOrder, validInputs: fixtureOrder.validOutputs } })
  expect(reason(self.outcome)).toEqual({ kind: 'TokenSelfTrade' })
  const unknown: Order = { ...fixtureOrder, validInputs: [{ token: addressOf(0x66), vaultId: wordOf(1) }] }
  const decimals = await quoted(answer, { order: unknown })
  expect(reason(decimals.outcome)).toEqual({ kind: 'TokenDecimalMissing', token: addressOf(0x66) })
  for (const { interpreter } of [missing, input, output, self, decimals])
    expect(interpreter.asked).toEqual([])
})

test('[RX16] what the program or its interpreter cannot do is the reason', async () => {
  const few = await quoted(leaves(['1']))
  expect(reason(few.outcome)).toEqual({ kind: 'CalculateIoOutputsMissing', stackLength: 1 })
  const reverted = await quoted({ kind: 'revert', data: '0x1234' })
  expect(reason(reverted.outcome)).toEqual({ kind: 'Reverted', data: '0x1234' })
  const gap = { kind: 'ExternalAccount', address: addressOf(5) } as const
  expect(reason((await quoted({ kind: 'unavailable', reason: gap })).outcome)).toEqual(gap)
})

test('[RX16] each reason has the revert data of the chain, and none where the chain would not revert', () => {
  const one = `${'0'.repeat(63)}1`
  expect(revertDataOf({ kind: 'InvalidInputIndex', index: 2, length: 1 })).toBe(
    `0x4e487b71${'0'.repeat(62)}32`,
  )
  expect(revertDataOf({ kind: 'CalculateIoOutputsMissing', stackLength: 1 })).toBe(`0x3eee3954${one}`)
  expect(revertDataOf({ kind: 'InvalidSignature', index: 1 })).toBe(`0x52bf9848${one}`)
  expect(revertDataOf({ kind: 'OrderNotFound', orderHash: wordOf(1) })).toBeUndefined()
  expect(revertDataOf({ kind: 'ExternalAccount', address: addressOf(1) })).toBeUndefined()
})

test('[RX17] overrides lie over the store for one quote, and what was read is told', async () => {
  const store = addressOf(0xbb)
  const kvs = [{ key: wordOf(0xa5), value: wordOf(0xb6) }]
  const state = fixtureState({ mutations: [{ kind: 'applyStore', sets: [{ store, fqn, kvs }] }] })
  const overrides = [
    { store, fqn, key: wordOf(0xc7), value: wordOf(0xd8) },
    { store: addressOf(0xbc), fqn, key: wordOf(0xa5), value: wordOf(0xee) },
    { store, fqn: wordOf(1), key: wordOf(0xa5), value: wordOf(0xee) },
  ]
  const interpreter = scriptedInterpreter(({ readWord }) => {
    for (const key of [0xa5, 0xc7, 0x01]) readWord(wordOf(key))
    return leaves(['1', '1'], [wordOf(0xa5), wordOf(0x99)])
  })
  const outcome = await quoteOrder(hostOf(interpreter), state, { ...request, overrides })
  expect(outcome).toMatchObject({
    reads: [
      { key: wordOf(0xa5), value: wordOf(0xb6) },
      { key: wordOf(0xc7), value: wordOf(0xd8) },
      { key: wordOf(0x01), value: wordOf(0) },
    ],
    writes: [wordOf(0xa5), wordOf(0x99)],
  })
  expect(state.word(store, fqn, wordOf(0xa5))).toBe(wordOf(0xb6))
})

test('[RX18] vault 0 of V6 holds what the wallet has and allows, and is not comparable unknown', async () => {
  const order: Order = { ...fixtureOrder, validOutputs: [{ token: addressOf(0x20), vaultId: wordOf(0) }] }
  const version = 'v6' as const
  const of = async (wallet?: { balance: bigint; allowance: bigint }): Promise<QuoteOutcome> => {
    const state = fixtureState({ orders: [order], version, balance: '0', ...(wallet ? { wallet } : {}) })
    const host = {
      ...hostOf(scriptedInterpreter(() => leaves(['1', '10']))),
      orderbook: { address: orderbook, version },
    }
    return quoteOrder(host, state, { ...request, order })
  }
  expect(shown(await of({ balance: 3n * 10n ** 18n, allowance: 2n ** 256n - 1n }))).toBe('3 @ 1')
  expect(shown(await of({ balance: 3n * 10n ** 18n, allowance: 10n ** 18n }))).toBe('1 @ 1')
  const unknown = { kind: 'WalletUnknown', owner: order.owner, token: addressOf(0x20) }
  expect(reason(await of())).toEqual(unknown)
})

test('[RX16] an interpreter may answer later, and what it throws is not hidden', async () => {
  const later = await quoteOrder(
    hostOf(scriptedInterpreter(async () => leaves(['2', '1']))),
    fixtureState(),
    request,
  )
  expect(shown(later)).toBe('1 @ 2')
  const broken = scriptedInterpreter(() => {
    throw new Error('broken')
  })
  await expect(quoteOrder(hostOf(broken), fixtureState(), request)).rejects.toThrow('broken')
})

const request: QuoteRequest = { order: hash, inputIOIndex: 0, outputIOIndex: 0, counterparty }

function hostOf(interpreter: ScriptedInterpreter, changed: Partial<EvaluationHost> = {}): EvaluationHost {
  return { orderbook: { address: orderbook, version: 'v5' }, interpreter, ...changed }
}

async function quoted(
  answer: EvaluationResult,
  changed: Partial<QuoteRequest> = {},
  state: OrderbookState = fixtureState(),
  host: Partial<EvaluationHost> = {},
): Promise<{ readonly outcome: QuoteOutcome; readonly interpreter: ScriptedInterpreter }> {
  const interpreter = scriptedInterpreter(() => answer)
  return {
    outcome: await quoteOrder(hostOf(interpreter, host), state, { ...request, ...changed }),
    interpreter,
  }
}

async function signedWords(context: readonly `0x${string}`[]): Promise<SignedContext> {
  const raw = keccak256(concat(context))
  const signer = `0x${account.address.slice(2).toLowerCase()}` as const
  return { signer, context, signature: await account.signMessage({ message: { raw } }) }
}

/** The other signature of the same key and message, which OpenZeppelin refuses. */
function highS(signature: `0x${string}`): `0x${string}` {
  const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n
  const s = order - BigInt(`0x${signature.slice(66, 130)}`)
  const flipped = signature.endsWith('1b') ? '1c' : '1b'
  return `0x${signature.slice(2, 66)}${s.toString(16).padStart(64, '0')}${flipped}`
}

function shown(outcome: QuoteOutcome): string {
  return outcome.kind === 'quote'
    ? `${display(outcome.outputMax)} @ ${display(outcome.ioRatio)}`
    : outcome.reason.kind
}

function reason(outcome: QuoteOutcome): NotComparable | undefined {
  return outcome.kind === 'not-comparable' ? outcome.reason : undefined
}
