import { expect, test } from 'vitest'
import type { NotComparable, QuoteOutcome } from '../../engine/index.ts'
import { parse } from '../../float/index.ts'
import { compareQuotes } from './compare-quotes.ts'
import type { RpcQuote } from './rpc-quotes.ts'

const virtual = (ioRatio: string, outputMax: string): QuoteOutcome => ({
  kind: 'quote',
  ioRatio: parse(ioRatio),
  outputMax: parse(outputMax),
  stack: [],
  writes: [],
  reads: [],
})
const chain = (ioRatio: string, outputMax: string): RpcQuote => ({
  kind: 'quote',
  ioRatio: parse(ioRatio),
  outputMax: parse(outputMax),
})
const refused = (reason: NotComparable): QuoteOutcome => ({ kind: 'not-comparable', reason })
const order = `0x${'1'.repeat(64)}` as const

test.each<[string, QuoteOutcome, RpcQuote, unknown]>([
  ['equal numbers, written differently', virtual('1.50', '10'), chain('15e-1', '1e1'), { kind: 'match' }],
  [
    'numbers that differ',
    virtual('1.5015', '9'),
    chain('1.5', '10'),
    { kind: 'drift', ioRatioBasisPoints: 10, outputMaxBasisPoints: -1_000 },
  ],
  [
    'a difference to nothing',
    virtual('0.1', '1'),
    chain('0', '1'),
    { kind: 'drift', ioRatioBasisPoints: null, outputMaxBasisPoints: 0 },
  ],
  [
    'no order on either side',
    refused({ kind: 'OrderNotFound', orderHash: order }),
    { kind: 'no-order' },
    { kind: 'match' },
  ],
  ['an order that only the chain lacks', virtual('1', '1'), { kind: 'no-order' }, { kind: 'disagree' }],
  [
    'an order that only the chain has',
    refused({ kind: 'OrderNotFound', orderHash: order }),
    { kind: 'order' },
    { kind: 'disagree' },
  ],
  [
    'the same revert',
    refused({ kind: 'TokenSelfTrade' }),
    { kind: 'reverted', data: '0x734bc71c' },
    { kind: 'match' },
  ],
  [
    'another revert',
    refused({ kind: 'Reverted', data: '0x12' }),
    { kind: 'reverted', data: '0x34' },
    { kind: 'disagree' },
  ],
  [
    'what cannot be known here, whatever the chain says',
    refused({ kind: 'WalletUnknown', owner: '0x12', token: '0x34' }),
    chain('1', '1'),
    { kind: 'not-comparable', reason: { kind: 'WalletUnknown', owner: '0x12', token: '0x34' } },
  ],
  [
    'a chain that does not answer',
    virtual('1', '1'),
    { kind: 'unavailable', message: 'no node' },
    { kind: 'unanswered', message: 'no node' },
  ],
])('[RG6] verdict on %s', (_, ours, chains, verdict) => {
  expect(compareQuotes(ours, chains)).toEqual(verdict)
})
