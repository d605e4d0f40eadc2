import { createVirtualClock } from '@freshet/core/testing'
import { createStaticCodeCache, hashOrder, type Address, type Mutation } from '@freshet/raindex/engine'
import { display, floatToHex, parse } from '@freshet/raindex/float'
import {
  createStubSyncEngine,
  defaultOrder,
  openLiveVirtualRaindex,
  quoteId,
  type Quotes,
} from '@freshet/raindex/live'
import { expect, test } from 'vitest'
import { createCounterpartyQuotes } from './counterparty-quotes.ts'

const [anna, bert, carl] = [`0x${'0'.repeat(39)}a`, `0x${'0'.repeat(39)}b`, `0x${'0'.repeat(39)}c`] as const
const order = {
  ...defaultOrder,
  validInputs: [{ token: `0x${'2'.repeat(40)}`, vaultId: `0x${'1'.repeat(64)}` }],
  validOutputs: [{ token: `0x${'3'.repeat(40)}`, vaultId: `0x${'1'.repeat(64)}` }],
} as const
const pair = quoteId({ order: hashOrder(order), inputIOIndex: 0, outputIOIndex: 0 })

test('[RC17] each counterparty has quotes of their own; who asked longest ago makes room, or the next is told no', async () => {
  const { open, opened, close } = await openBook()
  const clock = createVirtualClock()
  const counterparties = createCounterpartyQuotes({ open, clock, most: 2, keptMs: 1_000 })
  const ratioFor = async (counterparty: Address): Promise<string> => {
    const [[id, { ioRatio }] = ['none', { ioRatio: null }]] = await counterparties.rows(counterparty, [
      pair,
      'none',
    ])
    expect(id).toBe(pair)
    return ioRatio === null ? 'none' : display(ioRatio)
  }
  expect(await Promise.all([anna, bert].map(ratioFor))).toEqual(['10', '11'])
  expect(await ratioFor(anna)).toBe('10')
  expect(opened.map(({ counterparty }) => counterparty)).toEqual([anna, bert])
  expect(await ratioFor(carl)).toBe('12')
  expect(opened.map(({ isClosed }) => isClosed)).toEqual([false, true, false])

  // None of two who are being answered makes room for a third.
  const answers = await Promise.allSettled([anna, carl, bert].map(ratioFor))
  expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected'])
  expect(answers[2]).toMatchObject({ reason: { code: 'quotes/too-many-counterparties' } })

  await clock.advance(1_000)
  expect(opened.map(({ isClosed }) => isClosed)).toEqual([true, true, true])
  counterparties.close()
  await close()
})

test('[RC17] what is followed for a counterparty is told as it is, as it changes, and when it is gone', async () => {
  const { open, close, remove } = await openBook()
  const counterparties = createCounterpartyQuotes({ open, clock: createVirtualClock(), most: 1 })
  const heard = { ten: Promise.withResolvers<void>(), gone: Promise.withResolvers<void>() }
  const followed = counterparties.follow(anna, (_, row) => {
    if (row === undefined) heard.gone.resolve()
    else if (row.ioRatio !== null && display(row.ioRatio) === '10') heard.ten.resolve()
  })
  followed.focus([pair, 'none'])
  await heard.ten.promise
  // The place is taken for as long as somebody follows.
  expect(() => counterparties.follow(bert, () => undefined)).toThrow('Try again later')
  const also: unknown[] = []
  const second = counterparties.follow(anna, (id) => void also.push(id))
  second.focus([pair])
  expect(also).toEqual([pair])
  second.end()
  await remove()
  await heard.gone.promise
  followed.end()
  counterparties.follow(bert, () => undefined).end()
  counterparties.close()
  await close()
})

/** A book whose order asks of each counterparty the last digit of their address. */
async function openBook() {
  const { interpreter, store } = order.evaluable
  const tokens = [...order.validInputs, ...order.validOutputs].map(({ token }) => token)
  const decimals = [...new Set(tokens)].map((token) => ({ token, decimals: 18 }))
  const stepOf = (...mutations: readonly Mutation[]) => {
    return { mutationBatches: [{ mutations }], bytecode: [], pendingArtifacts: [], heartbeat: false }
  }
  const syncEngine = createStubSyncEngine([
    stepOf({ kind: 'setTokenDecimals', tokens: decimals }, { kind: 'setOrders', orders: [order] }),
  ])
  const live = await openLiveVirtualRaindex({
    ...{ chainId: 1, orderbook: { address: `0x${'1'.repeat(40)}`, version: 'v5' }, syncEngine },
    codeCache: createStaticCodeCache([
      { kind: 'Interpreter', address: interpreter, bytecode: '0x60' },
      { kind: 'Store', address: store, bytecode: '0x60' },
    ]),
    host: {
      evaluate({ context }) {
        const ratio = parse(String(Number.parseInt(context[0]?.[0]?.slice(-1) ?? '0', 16)))
        return { kind: 'ok', stack: [floatToHex(ratio), floatToHex(parse('1'))], writes: [] }
      },
    },
  })
  await live.syncOnce()
  const opened: { counterparty: Address; isClosed: boolean }[] = []
  return {
    opened,
    open(counterparty: Address): Quotes {
      const quotes = live.openQuotes({ counterparty, scope: 'focus' })
      const noted = { counterparty, isClosed: false }
      opened.push(noted)
      return {
        ...quotes,
        close() {
          noted.isClosed = true
          quotes.close()
        },
      }
    },
    async remove() {
      syncEngine.pushStep(stepOf({ kind: 'removeOrders', orderHashes: [hashOrder(order)] }))
      await live.syncOnce()
    },
    close: () => live.close(),
  }
}
