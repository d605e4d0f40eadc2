import { createIntake, createReplica, systemClock } from '@freshet/core'
import { expect, test } from 'vitest'
import {
  createRaindexProjection,
  hashOrder,
  raindexTables,
  type Address,
  type EvaluationHost,
  type Interpreter,
  type Mutation,
  type Order,
} from '../engine/index.ts'
import { display, floatToHex, parse } from '../float/index.ts'
import { addressOf, fixtureOrder, wordOf } from '../testing/fixture-order.ts'
import { marketOrderbook } from '../testing/replay-market.ts'
import { openQuotes, type Quotes } from './open-quotes.ts'
import { quoteId } from './quote-entry.ts'
import { shareQuotes } from './share-quotes.ts'

const orders = [1, 2, 3, 4].map((nonce): Order => ({ ...fixtureOrder, nonce: wordOf(nonce) }))
const ids = orders.map((order) => quoteId({ order: hashOrder(order), inputIOIndex: 0, outputIOIndex: 0 }))

/** An order book whose orders ask each counterparty the last digit of its address. */
function openBook() {
  const intake = createIntake({ projection: createRaindexProjection('v5'), isReady: () => true })
  const replica = createReplica<Mutation>({ name: 'book', tables: raindexTables, intake })
  const apply = (...facts: readonly Mutation[]): void => {
    const after = replica.position
    replica.apply({ kind: 'log', after, upTo: after + 1, facts })
  }
  const tokens = [0x10, 0x20].map((byte) => ({ token: addressOf(byte), decimals: 18 }))
  apply({ kind: 'setTokenDecimals', tokens }, { kind: 'setOrders', orders })
  const interpreter: Interpreter = {
    evaluate: ({ context }) => {
      const ratio = floatToHex(parse(String(Number.parseInt(context[0]?.[0]?.slice(-1) ?? '0', 16))))
      return { kind: 'ok', stack: [ratio, floatToHex(parse('1'))], writes: [] }
    },
  }
  const host: EvaluationHost = { orderbook: marketOrderbook, interpreter }
  const opened: Quotes[] = []
  const open = (counterparty: Address): Quotes => {
    const quotes = openQuotes({ replica, host, counterparty, scope: 'focus', clock: systemClock })
    opened.push(quotes)
    return quotes
  }
  return { apply, open, opened }
}

function ratios({ collection }: Pick<Quotes, 'collection'>): Record<string, string> {
  const shown = [...collection.entries()].map(([id, { ioRatio }]) => [
    `order ${ids.indexOf(id)}`,
    ioRatio === null ? 'none' : display(ioRatio),
  ])
  return Object.fromEntries(shown)
}

test('[RX39] each reader sees the quotes of his counterparty for what he looks at, and nothing else is quoted', async () => {
  const book = openBook()
  const shared = shareQuotes({ open: book.open })
  const [one, again, other] = [3, 3, 7].map((byte) => shared.acquire(addressOf(byte)))
  if (one === undefined || again === undefined || other === undefined) throw new Error('no lease')
  one.focus(ids.slice(0, 2))
  again.focus(ids.slice(1, 3))
  other.focus(ids.slice(0, 1))
  await Promise.all([one, other].map(({ quotes }) => quotes.settled()))
  expect(ratios(one.quotes)).toEqual({ 'order 0': '3', 'order 1': '3', 'order 2': '3' })
  expect(ratios(again.quotes)).toEqual(ratios(one.quotes))
  expect(ratios(other.quotes)).toEqual({ 'order 0': '7' })
  expect(book.opened.map(({ evaluated }) => evaluated)).toEqual([3, 1])

  one.focus([])
  expect(ratios(again.quotes)).toEqual({ 'order 1': '3', 'order 2': '3' })
  // An order that comes, and one that goes, while somebody looks at it.
  again.focus(ids.slice(2))
  book.apply({ kind: 'removeOrders', orderHashes: orders.slice(2, 3).map(hashOrder) })
  await again.quotes.settled()
  expect(ratios(again.quotes)).toEqual({ 'order 3': '3' })
  book.apply({ kind: 'setOrders', orders })
  await again.quotes.settled()
  expect(ratios(again.quotes)).toEqual({ 'order 2': '3', 'order 3': '3' })
  shared.close()
})

test('[RX39] counterparties and pairs are bounded, and what nobody holds is closed', async () => {
  const book = openBook()
  const shared = shareQuotes({ open: book.open, mostCounterparties: 2, mostPairs: 2 })
  const [first, second] = [1, 2].map((byte) => shared.acquire(addressOf(byte)))
  if (first === undefined || second === undefined) throw new Error('no lease')
  expect(() => shared.acquire(addressOf(3))).toThrow(
    expect.objectContaining({ code: 'quotes/too-many-counterparties', retryable: true }),
  )
  const sharer = shared.acquire(addressOf(1))
  first.focus(ids.slice(0, 2))
  expect(() => sharer.focus(ids.slice(2, 3))).toThrow(
    expect.objectContaining({ code: 'quotes/too-many-pairs', kind: 'usage' }),
  )
  sharer.focus(ids.slice(1, 2))
  first.release()
  first.release()
  await sharer.quotes.settled()
  expect(ratios(sharer.quotes)).toEqual({ 'order 1': '1' })
  second.release()
  const third = shared.acquire(addressOf(3))
  third.focus(ids.slice(3))
  await third.quotes.settled()
  expect(ratios(third.quotes)).toEqual({ 'order 3': '3' })
  shared.close()
})
