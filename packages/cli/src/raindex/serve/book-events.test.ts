import { createListeners, systemClock } from '@freshet/core'
import { defaultOrder, createStubSyncEngine, openLiveVirtualRaindex } from '@freshet/raindex/live'
import { createStaticCodeCache, hashOrder, type Address, type Mutation } from '@freshet/raindex/engine'
import { parse } from '@freshet/raindex/float'
import type { ServerResponse } from 'node:http'
import { Writable } from 'node:stream'
import { expect, test } from 'vitest'
import { createBookEvents } from './book-events.ts'
import type { ServedBook } from './served-book.ts'

const token = `0x${'1'.repeat(40)}` as const
const vaultId = `0x${'2'.repeat(64)}` as const
const { owner } = defaultOrder

test('[RC13] who reads slowly is told of each row as it is by then, and nobody of another book', async () => {
  const [book, other] = [await openBook(`0x${'a'.repeat(40)}`), await openBook(`0x${'b'.repeat(40)}`)]
  const events = createBookEvents([book.served, other.served], systemClock)
  const slow = openListener()
  expect(events.stream(slow.response, { orderbook: book.served.orderbook.address })).toBe(undefined)
  // The first write is on its way until it is read.
  await slow.written()
  for (let block = 1; block <= 500; block++) {
    const delta = { owner, token, vaultId, delta: parse('1') }
    await book.apply({ kind: 'vaultDeltas', deltas: [delta] })
  }
  await other.apply({ kind: 'setOrders', orders: [defaultOrder] })
  await book.apply({ kind: 'setOrders', orders: [{ ...defaultOrder, nonce: vaultId }] })
  await slow.readOn()
  const told = slow.told()
  expect(told.filter(({ event }) => event === 'vault').map(({ data }) => data)).toEqual([
    expect.objectContaining({ vault: { owner, token, vaultId, balance: '500' } }),
  ])
  expect(told.filter(({ event }) => event === 'order').map(({ data }) => data)).toEqual([
    expect.objectContaining({ id: hashOrder({ ...defaultOrder, nonce: vaultId }) }),
  ])
  expect(told.filter(({ data }) => data['orderbook'] !== book.served.orderbook.address)).toEqual([])
  events.close()
  await book.close()
  await other.close()
})

test('[RC16] when the state is replaced by another, its rows are told, and those that are gone', async () => {
  const address = `0x${'a'.repeat(40)}` as const
  const [before, after] = [await openBook(address), await openBook(address)]
  const [older, newer] = [defaultOrder, { ...defaultOrder, nonce: vaultId }]
  await before.apply({ kind: 'setOrders', orders: [older] })
  await after.apply({ kind: 'setOrders', orders: [newer] })
  let current = before.served
  const replaced = createListeners<void>(() => undefined)
  const served: ServedBook = {
    ...before.served,
    get raindex() {
      return current.raindex
    },
    get quotes() {
      return current.quotes
    },
    onReplaced: replaced.add,
  }
  const events = createBookEvents([served], systemClock)
  const listener = openListener()
  events.stream(listener.response)
  current = after.served
  replaced.emit()
  await listener.written()
  await listener.readOn()
  const orders = () => listener.told().flatMap(({ event, data }) => (event === 'order' ? [data] : []))
  expect(orders()).toEqual([
    expect.objectContaining({ id: hashOrder(older), order: null }),
    expect.objectContaining({ id: hashOrder(newer), order: expect.anything() }),
  ])
  await after.apply({ kind: 'removeOrders', orderHashes: [hashOrder(newer)] })
  await listener.readOn()
  expect(orders().at(-1)).toMatchObject({ id: hashOrder(newer), order: null })
  events.close()
  await before.close()
  await after.close()
})

/** A live book that is given its changes. */
async function openBook(address: Address) {
  const chainId = 1
  const orderbook = { address, version: 'v5' } as const
  const syncEngine = createStubSyncEngine()
  const live = await openLiveVirtualRaindex({
    ...{ chainId, orderbook, syncEngine },
    codeCache: createStaticCodeCache([
      { kind: 'Interpreter', address: defaultOrder.evaluable.interpreter, bytecode: '0x60' },
      { kind: 'Store', address: defaultOrder.evaluable.store, bytecode: '0x60' },
    ]),
    host: { evaluate: () => ({ kind: 'ok', stack: [], writes: [] }) },
  })
  const quotes = live.openQuotes()
  const served: ServedBook = {
    ...{ chainId, orderbook, quotes, divergences: 0 },
    raindex: {
      // No more of it is read than any cursor has.
      live: live as unknown as ServedBook['raindex']['live'],
      freshness: {
        ...{ block: 1, timestamp: 1, headBlock: 1, headTimestamp: 1, isReading: false },
        chain: { state: 'live', freshness: { lastError: undefined } },
      } as unknown as ServedBook['raindex']['freshness'],
      subscribe: () => () => undefined,
    },
    kept: {} as ServedBook['kept'],
    lastEvent: async () => undefined,
    beside: () => Promise.reject(new Error('There is no chain.')),
  }
  return {
    served,
    async apply(mutation: Mutation) {
      syncEngine.pushStep({
        ...{ mutationBatches: [{ mutations: [mutation] }], bytecode: [], pendingArtifacts: [] },
        heartbeat: false,
      })
      await live.syncOnce()
    },
    async close() {
      quotes.close()
      await live.close()
    },
  }
}

type Told = { readonly event: string; readonly data: Readonly<Record<string, unknown>> }

/** The far end of a stream, which reads nothing until it is told to. */
function openListener() {
  let text = ''
  let isOpen = false
  let goOn: (() => void) | undefined
  const begun = Promise.withResolvers<void>()
  const stream = new Writable({
    highWaterMark: 1,
    write(chunk: Buffer, _, done) {
      text += chunk.toString()
      begun.resolve()
      if (isOpen) done()
      else goOn = done
    },
  })
  // Of a response only this is used beside what a stream has.
  const response = Object.assign(stream, { writeHead: () => undefined }) as unknown as ServerResponse
  return {
    response,
    written: () => begun.promise,
    /** Reads all there is. */
    async readOn() {
      isOpen = true
      goOn?.()
      goOn = undefined
      while (stream.writableNeedDrain || stream.writableLength > 0)
        await new Promise((resolve) => stream.once('drain', resolve))
    },
    told: (): readonly Told[] =>
      text
        .split('\n\n')
        .filter(Boolean)
        .map((part) => {
          const [event = '', data = ''] = part.split('\n')
          // Written by our own stream.
          return {
            event: event.slice('event: '.length),
            data: JSON.parse(data.slice('data: '.length)) as Told['data'],
          }
        }),
  }
}
