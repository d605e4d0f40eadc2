import { expect, test } from 'vitest'
import type { ToldPair } from './book-answers.ts'
import { createOtherQuotes } from './other-quotes.ts'

const quote = (ioRatio: string): ToldPair => ({
  ...{ order: 'order', inputIOIndex: 0, outputIOIndex: 0, ioRatio, outputMax: '1', reason: null },
  ...{ asOf: null, stale: false },
})
const ids = (count: number): string[] => Array.from({ length: count }, (_, at) => `id ${at}`)

/** Quotes that are answered by hand, each with a ratio. */
function openQuotes() {
  const asked: { readonly text: string; answer(ioRatio: string | undefined): void }[] = []
  const quotes = createOtherQuotes(
    (some, counterparty) =>
      new Promise((resolve, reject) =>
        asked.push({
          text: `${some.length} for ${counterparty}`,
          answer: (ioRatio) =>
            ioRatio === undefined
              ? reject(new Error('Away.'))
              : resolve(some.map((id) => ({ id, ...quote(ioRatio) }))),
        }),
      ),
  )
  quotes.subscribe(() => undefined)
  return {
    quotes,
    /** What is asked now. */
    asked: () => asked.map(({ text }) => text),
    async answer(ioRatio?: string) {
      asked.shift()?.answer(ioRatio)
      await new Promise((resolve) => setTimeout(resolve, 0))
    },
    ratios: () => [...new Set([...quotes.get().values()].map(({ ioRatio }) => ioRatio))],
  }
}

test('[SB5] quotes for a counterparty are asked for by the screenful, and then the newest that are wanted', async () => {
  const { quotes, asked, answer, ratios } = openQuotes()
  quotes.want({ ids: ids(30), counterparty: 'alice', version: '1' })
  expect(asked()).toEqual(['20 for alice'])
  await answer('1')
  expect(asked()).toEqual(['10 for alice'])
  quotes.want({ ids: ids(15), counterparty: 'alice', version: '2' })
  await answer('1')
  expect(asked()).toEqual(['15 for alice'])
  expect(ratios(), 'the last stand').toEqual(['1'])
  await answer('2')
  expect([asked(), ratios(), quotes.get().size]).toEqual([[], ['2'], 15])
  await answer()
})

test('[SB5] those for another counterparty are forgotten, and what fails leaves what stands', async () => {
  const { quotes, asked, answer, ratios } = openQuotes()
  quotes.want({ ids: ids(1), counterparty: 'alice', version: '1' })
  await answer('1')
  quotes.want({ ids: ids(1), counterparty: 'alice', version: '2' })
  await answer(undefined)
  expect(ratios()).toEqual(['1'])
  quotes.want({ ids: ids(1), counterparty: 'bob', version: '2' })
  expect(ratios()).toEqual([])
  quotes.want({ ids: ids(1), counterparty: 'carol', version: '2' })
  await answer('late')
  expect([asked(), ratios()]).toEqual([['1 for carol'], []])
  await answer('3')
  expect(ratios()).toEqual(['3'])
  quotes.want(undefined)
  expect([asked(), ratios()]).toEqual([[], []])
})
