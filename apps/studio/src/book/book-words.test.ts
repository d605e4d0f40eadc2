import { expect, test } from 'vitest'
import type { BookHealth } from '@freshet/cli/studio'
import type { BesideAnswer } from './book-answers.ts'
import { apartText, describeBook, describeVerdict, shortAmount, shortHexes } from './book-words.ts'

const health = { state: 'live', behind: 0, missingCode: 0, lastError: null } as const
const said = (changes: Partial<BookHealth>, isConnected = true) => {
  const view = { isConnected, health: { ...health, ...changes }, blockAtUnixMs: 1_000 }
  const { tone, state, waits } = describeBook(view, 4_000)
  return [tone, state, waits]
}

test('[SB3] the strip says the state and what it waits for', () => {
  expect(said({})).toEqual(['live', 'ready', undefined])
  expect(said({ behind: 7 })).toEqual(['working', 'catching up', 'for 7 blocks'])
  expect(said({ missingCode: 1 })).toEqual(['working', 'warming up', 'for 1 piece of code'])
  expect(said({ state: 'retrying' })).toEqual(['waiting', 'retrying', 'for a node that answers'])
  expect(said({ state: 'halted' })).toEqual(['failed', 'halted', undefined])
  expect(said({}, false)).toEqual(['waiting', 'stale', 'for Studio’s server'])
  expect(describeBook({ isConnected: true, health, blockAtUnixMs: 1_000 }, 4_000).age).toBe('3 s old')
})

test('[SB2] each verdict is said in words, with the difference of the ratios', () => {
  const quote = { kind: 'quote', ioRatio: '2', outputMax: '1' } as const
  const words = (verdict: BesideAnswer['verdict'], rpc: BesideAnswer['rpc'] = quote) => {
    const answer = { virtual: quote, rpc, verdict, block: null }
    const { text, delta } = describeVerdict({ answer, trouble: undefined })
    return [text, delta]
  }
  expect(words({ kind: 'match' })).toEqual(['match', '0'])
  expect(words({ kind: 'match' }, { kind: 'reverted', data: '0x' })).toEqual(['match', ''])
  expect(words({ kind: 'drift', ioRatioBasisPoints: 1.5, outputMaxBasisPoints: 0 })).toEqual([
    'drift',
    '+1.5',
  ])
  expect(words({ kind: 'drift', ioRatioBasisPoints: null, outputMaxBasisPoints: -2 })).toEqual([
    'drift, most -2 bp',
    'from nothing',
  ])
  expect(words({ kind: 'disagree' })).toEqual(['one of them refuses', ''])
  expect(words({ kind: 'unanswered', message: 'Gone.' })).toEqual(['the chain does not answer', ''])
  expect(words({ kind: 'not-comparable', reason: { kind: 'TokenDecimalMissing', token: '0x12' } })).toEqual([
    'not comparable: the decimals of 0x12 are not known',
    '',
  ])
  expect(describeVerdict(undefined).text).toBe('asking')
  expect(describeVerdict({ answer: undefined, trouble: 'Gone.' }).text).toBe('no answer')
})

test('[SB2] a comparison says how many blocks lie between it and what is shown', () => {
  expect([apartText(undefined, 5), apartText(5, 5), apartText(4, 5), apartText(2, 5)]).toEqual([
    '',
    'block 5',
    'block 4, 1 block apart',
    'block 2, 3 blocks apart',
  ])
})

test('[SB1] amounts are read at a glance: thousands apart, six digits, whole hashes in the title', () => {
  const amounts = ['1.0002', '0.123456789', '1e-20', '1234567.1234567', '-3000', '999', '0.00001234567', '2.']
  expect(amounts.map(shortAmount)).toEqual([
    ...['1.0002', '0.123456', '1e-20', '1,234,567.123456', '-3,000', '999', '0.0000123456'],
    '2.',
  ])
  expect(shortHexes(`the program looks at 0x${'0e'.repeat(20)}`)).toBe('the program looks at 0x0e0e…0e0e')
})
