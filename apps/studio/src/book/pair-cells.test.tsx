import { renderToStaticMarkup } from 'react-dom/server'
import { expect, test } from 'vitest'
import type { BesideAnswer, ToldPair } from './book-answers.ts'
import type { PairRow } from './book-rows.ts'
import { PairCells } from './pair-cells.tsx'

const hash = `0x${'ab'.repeat(32)}` as const
const told: ToldPair = {
  ...{ order: hash, inputIOIndex: 0, outputIOIndex: 0, ioRatio: '1234.5', outputMax: '0.5' },
  ...{ reason: null, asOf: { blockNumber: 9, timestamp: 1_700_000_000 }, stale: false },
}
const row: PairRow = {
  ...told,
  ...{ id: `${hash}/0/0`, orderName: 'Auction', place: '0', pair: 'WETH for USDC' },
  ...{ ratio: 1234.5, most: 0.5, sought: '' },
}
const quote = { kind: 'quote', ioRatio: '1234.5', outputMax: '0.5' } as const
const block = { number: 9, timestamp: 1_700_000_000 }

type Shown = Partial<Omit<BesideAnswer, 'block'>> & { readonly trouble?: string | undefined }

/** What a reader sees in the cells of the row, by their part. */
function cells(pair: ToldPair | undefined, shown?: Shown): Readonly<Record<string, string>> {
  const { trouble, ...answer } = shown ?? {}
  const isAnswered = Object.keys(answer).length > 0
  const compared = { virtual: quote, rpc: null, verdict: null, block, ...answer }
  const comparison = shown && { answer: isAnswered ? compared : undefined, trouble }
  const markup = renderToStaticMarkup(<PairCells {...{ row, comparison, told: pair, block: 10 }} />)
  const found = markup.matchAll(/<td[^>]*data-part="([^"]+)"[^>]*>(.*?)<\/td>/g)
  return Object.fromEntries([...found].map(([, part, text = '']) => [part, text.replaceAll(/<[^>]*>/g, '')]))
}

test('[SB1] loading: a row has its place and its name before anything is quoted', () => {
  expect(cells({ ...told, asOf: null })).toEqual({
    ...{ order: 'Auction', pair: 'WETH for USDC', virtual: '…', rpc: '…', delta: '', verdict: 'asking' },
    compared: '',
  })
})

test('[SB1] [SB2] what is computed here stands at once, while the chain is asked', () => {
  expect(cells(told)).toMatchObject({
    ...{ virtual: '1,234.5', 'virtual-most': '0.5', rpc: '…', verdict: 'asking' },
  })
})

test.each([
  ['match', { rpc: quote, verdict: { kind: 'match' } }, { rpc: '1,234.5', delta: '0', verdict: 'match' }],
  [
    'drift',
    {
      rpc: { ...quote, ioRatio: '1240' },
      verdict: { kind: 'drift', ioRatioBasisPoints: -44, outputMaxBasisPoints: 3 },
    },
    { rpc: '1,240', delta: '-44', verdict: 'drift, most +3 bp' },
  ],
  [
    'not comparable',
    { rpc: quote, verdict: { kind: 'not-comparable', reason: { kind: 'ExternalAccount', address: hash } } },
    { rpc: '1,234.5', delta: '' },
  ],
] as const satisfies readonly (readonly [string, Shown, Readonly<Record<string, string>>])[])(
  '[SB2] compare: %s',
  (name, shown, expected) => {
    const seen = cells(told, shown)
    expect(seen).toMatchObject({ virtual: '1,234.5', compared: 'block 9, 1 block apart', ...expected })
    expect(seen['verdict']).toMatch(new RegExp(`^${name}`))
  },
)

test('[SB2] error: what the chain refuses, or does not answer, is said where its quote would be', () => {
  expect(cells(told, { rpc: { kind: 'reverted', data: '0x' }, verdict: { kind: 'disagree' } })).toMatchObject(
    { virtual: '1,234.5', rpc: 'reverted', verdict: 'one of them refuses' },
  )
  expect(
    cells(told, {
      rpc: { kind: 'unavailable', message: 'The node does not answer.' },
      verdict: { kind: 'unanswered', message: 'The node does not answer.' },
      trouble: 'Studio’s server does not answer.',
    }),
  ).toMatchObject({
    ...{ rpc: 'The node does not answer.', verdict: 'the chain does not answer' },
    compared: 'block 9, 1 block apart · no newer answer',
  })
  expect(cells(told, { trouble: 'Studio’s server does not answer.' })).toMatchObject({
    ...{ virtual: '1,234.5', rpc: '…', verdict: 'no answer' },
  })
})
