import type { BookHealth, BookInfo } from '@freshet/cli/studio'
import { expect, test } from 'vitest'
import { createBookFeed } from './book-feed.ts'
import type { BookView, FromBookWorker, RowChange } from './feed-messages.ts'

const [weth, usdc, orderbook] = ['1', '2', '3'].map((digit) => `0x${digit.repeat(40)}`)
const tokens = [
  { address: weth ?? '', symbol: 'WETH' },
  { address: usdc ?? '', symbol: 'USDC' },
]
const book = { orderbook: orderbook ?? '', name: 'Book', orders: [{ hash: 'order', name: 'Constant' }] }
const info: BookInfo = { kind: 'local', chainId: 1, books: [book], tokens, counterparties: [] }
const order = {
  owner: orderbook,
  validInputs: [{ token: usdc, vaultId: '0x1' }],
  validOutputs: [{ token: weth, vaultId: '0x1' }],
}
const quote = (ioRatio: string) => ({
  ...{ order: 'order', inputIOIndex: 0, outputIOIndex: 0, ioRatio, outputMax: '1', reason: null },
  ...{ asOf: null, stale: false },
})
const vault = (balance: string) => ({ owner: orderbook, token: weth, vaultId: '0x1', balance })

type Page = { readonly rows: readonly object[]; readonly next: string | null }

/** A feed of a service whose answers are given by hand. */
function openFeed() {
  const streams: { isClosed: boolean }[] = []
  let listeners = new Map<string, (event: MessageEvent<string>) => void>()
  const asked: { readonly path: string; answer(page: Page): void }[] = []
  const changes: RowChange[] = []
  let view: Partial<BookView> = {}
  const tell = createBookFeed({
    post(message: FromBookWorker) {
      if (message.kind === 'view') view = { ...view, ...message.changes }
      else {
        changes.push(...message.changes)
        queueMicrotask(() => tell({ kind: 'taken' }))
      }
    },
    ask: <T>(path: string) =>
      // What is asked for is answered with it.
      new Promise<T>((resolve) => asked.push({ path, answer: (page) => resolve(page as T) })),
    openEvents() {
      const stream = { isClosed: false }
      listeners = new Map()
      streams.push(stream)
      return {
        addEventListener: (type, listener) => void listeners.set(type, listener),
        close: () => void (stream.isClosed = true),
      }
    },
    later: queueMicrotask,
    nowUnixMs: () => 10_000,
  })
  const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0))
  return {
    tell,
    streams,
    settled,
    view: () => view,
    /** What has been handed over since the last time. */
    changes: () => changes.splice(0),
    async answer(page: Page): Promise<string> {
      const { path, answer } = asked.shift() ?? { path: 'nothing', answer: () => undefined }
      answer(page)
      await settled()
      return path
    },
    hear(type: string, data?: object): void {
      listeners.get(type)?.(new MessageEvent(type, { data: JSON.stringify(data ?? {}) }))
    },
  }
}

test('[SB11] rows are read page by page, and what is told meanwhile is newer', async () => {
  const feed = openFeed()
  feed.tell({ kind: 'follow', info, book })
  feed.hear('open')
  expect(feed.view().isConnected).toBe(true)
  expect(await feed.answer({ rows: [{ id: 'order', ...order }], next: 'order' })).toContain('/orders?after=')
  expect(await feed.answer({ rows: [], next: null })).toContain('/orders?after=order')
  feed.hear('vault', { id: 'v', vault: vault('7') })
  await feed.answer({ rows: [{ id: 'q', ...quote('2') }], next: null })
  expect(feed.view().isRead).toBe(undefined)
  await feed.answer({
    rows: [
      { id: 'v', ...vault('5') },
      { id: 'w', ...vault('6') },
    ],
    next: null,
  })
  expect(feed.view().isRead).toBe(true)
  expect(feed.changes()).toMatchObject([
    { list: 'orders', id: 'order', row: { name: 'Constant', gives: 'WETH' } },
    { list: 'vaults', id: 'v', row: { balance: '7', amount: 7 } },
    { list: 'pairs', id: 'q', row: { pair: 'WETH for USDC', ratio: 2 } },
    { list: 'vaults', id: 'w', row: { balance: '6' } },
  ])
})

test('[SB11] a pair that is told before its order says its tokens once that is there', async () => {
  const feed = openFeed()
  feed.tell({ kind: 'follow', info, book })
  feed.hear('quote', { id: 'q', quote: quote('2') })
  await feed.settled()
  expect(feed.changes()).toMatchObject([{ id: 'q', row: { pair: '' } }])
  feed.hear('order', { id: 'order', order })
  feed.hear('quote', { id: 'q', quote: quote('3') })
  await feed.settled()
  expect(feed.changes()).toMatchObject([
    { id: 'order', row: { name: 'Constant' } },
    { id: 'q', row: { pair: 'WETH for USDC', ratio: 3 } },
  ])
})

test('[SB11] while nobody looks nothing is asked; then what is gone meanwhile goes', async () => {
  const feed = openFeed()
  feed.tell({ kind: 'follow', info, book })
  feed.hear('vault', { id: 'v', vault: vault('7') })
  await feed.settled()
  feed.changes()
  feed.tell({ kind: 'rest' })
  expect(feed.streams.map(({ isClosed }) => isClosed)).toEqual([true])

  feed.tell({ kind: 'follow', info, book })
  feed.hear('open')
  await feed.answer({ rows: [], next: null })
  await feed.answer({ rows: [], next: null })
  await feed.answer({ rows: [{ id: 'w', ...vault('1') }], next: null })
  expect(feed.changes()).toMatchObject([
    { id: 'w', row: { balance: '1' } },
    { id: 'v', row: null },
  ])
})

test('[SB3] the time of the block is known by its age', () => {
  const feed = openFeed()
  feed.tell({ kind: 'follow', info, book })
  const health: Partial<BookHealth> = { block: 5, ageMs: 2_000 }
  feed.hear('book', health)
  expect(feed.view()).toMatchObject({ health, blockAtUnixMs: 8_000 })
  feed.hear('error')
  expect(feed.view().isConnected).toBe(false)
})
