import { createSeededRandom } from '@freshet/core/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { BookHealth } from '../../raindex/serve/book-json.ts'
import { findLocalAnvil } from './find-local-anvil.ts'
import { startLocalMarket, type LocalMarket } from './local-market.ts'

const anvil = findLocalAnvil()
const skipped =
  anvil === undefined ? ' (skipped: no anvil; it comes with npm on Linux x64, or set FRESHET_ANVIL)' : ''

let opened: LocalMarket | undefined
beforeAll(async () => {
  if (anvil !== undefined)
    opened = await startLocalMarket({ anvil, random: createSeededRandom(11), tradeEveryMs: 20 })
})
afterAll(() => opened?.close())

test.skipIf(anvil === undefined)(
  `[SW9] orders of several kinds are kept live while traders trade, and a reorganisation undoes trades${skipped}`,
  { timeout: 60_000 },
  async () => {
    const market = opened
    if (market === undefined) throw new Error('the chain did not start')
    const [main, small] = market.info.books
    if (main === undefined || small === undefined) throw new Error('there are two books')
    const book = `${market.serviceUrl}/books/${main.orderbook}`
    await untilTrue(market, () => market.state().trades >= 12)
    market.setTrading(false)
    expect(market.state()).toMatchObject({ trading: false, trouble: null, reorg: null })
    await expect
      .poll(() => getJson<BookHealth>(book), { timeout: 20_000 })
      .toMatchObject({ state: 'live', behind: 0, orders: main.orders.length, missingCode: 0 })

    const verdicts = await Promise.all(
      main.orders.map(async ({ name, hash }): Promise<readonly [string, string]> => {
        const { verdict } = await getJson<{ readonly verdict: { readonly kind: string } }>(
          `${book}/quotes/${hash}?counterparty=${market.info.counterparties[0]}`,
        )
        return [name, verdict.kind]
      }),
    )
    const unlike = verdicts.filter(([, kind]) => kind !== 'match')
    expect(unlike).toEqual([['Asks outside for its price', 'not-comparable']])

    const { hash = '' } = main.orders.find(({ name }) => name === 'Falls with time') ?? {}
    expect(await getJson(`${book}/grounds?id=${hash}/0/0`)).toMatchObject({
      clock: { time: true, number: false },
      lacksCode: false,
      lastEvent: { block: expect.any(Number) },
    })
    expect((await fetch(`${book}/grounds?id=nothing`)).status).toBe(404)
    await expect
      .poll(() => getJson<BookHealth>(`${market.serviceUrl}/books/${small.orderbook}`), { timeout: 20_000 })
      .toMatchObject({ state: 'live', behind: 0, orders: small.orders.length })

    await market.reorganize()
    await untilTrue(market, () => market.state().reorg !== null)
    const { reorg } = market.state()
    expect(reorg?.depth).toBeGreaterThanOrEqual(3)
    expect(reorg?.ancestorBlock).toBeLessThan(reorg?.tipBlock ?? 0)
  },
)

async function getJson<T>(url: string): Promise<T> {
  const reply = await fetch(url)
  // Written by our own service from this type.
  return (await reply.json()) as T
}

async function untilTrue(market: LocalMarket, isIt: () => boolean): Promise<void> {
  while (!isIt()) {
    await new Promise<void>((resolve) => {
      const stop = market.subscribe(() => {
        stop()
        resolve()
      })
    })
  }
}
