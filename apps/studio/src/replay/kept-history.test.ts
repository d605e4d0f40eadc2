import { readFile } from 'node:fs/promises'
import type { HistoryPage } from '@freshet/cli/studio'
import { hashOrder } from '@freshet/raindex/engine'
import { expect, test } from 'vitest'
import { readKeptHistory } from './kept-history.ts'

/** The recorded book as pages of a live one. */
async function recordedPages() {
  const text = await readFile(new URL('./recorded-book.generated.json', import.meta.url), 'utf8')
  // Written by `replay-demo.ts`, of the same parts as a page.
  const book = JSON.parse(text) as HistoryPage & { readonly orders: readonly { readonly hash: string }[] }
  const half = book.logs[Math.floor(book.logs.length / 2)]?.blockNumber ?? 0
  const page = (rewinds: number, isFirst: boolean): HistoryPage => ({
    ...book,
    rewinds,
    logs: book.logs.filter(({ blockNumber }) => blockNumber <= half === isFirst),
    next: isFirst ? half : null,
  })
  return { page, orders: book.orders.map(({ hash }) => hash), orderbook: book.orderbook.address }
}

test('[SR10] pages are read to the newest, and only orders that may be chosen are remembered', async () => {
  const { page, orders, orderbook } = await recordedPages()
  const [wanted = ''] = orders
  const asked: string[] = []
  const shares: number[] = []
  const book = await readKeptHistory(
    { orderbook, orders: [wanted, `0x${'0'.repeat(64)}`] },
    {
      async ask(path) {
        asked.push(path)
        return page(1, asked.length === 1)
      },
      onProgress: (blocks, of) => shares.push(blocks / of),
    },
  )
  expect(book.orders?.map((order) => (typeof order === 'string' ? order : hashOrder(order)))).toEqual([
    wanted,
  ])
  expect(asked).toHaveLength(2)
  expect(shares.at(-1)).toBe(1)
})

test('[SR10] a reorganisation between two pages has all of them read again', async () => {
  const { page, orders, orderbook } = await recordedPages()
  let turn = 0
  const read = (rewindsOf: (turn: number) => number) =>
    readKeptHistory(
      { orderbook, orders },
      {
        ask: async () => page(rewindsOf(turn), turn++ % 2 === 0),
        onProgress: () => undefined,
      },
    )
  const book = await read((at) => (at === 0 ? 1 : 2))
  expect(turn).toBe(4)
  expect(book.orders).toHaveLength(orders.length)
  turn = 0
  await expect(read((at) => at)).rejects.toThrow('reorganised again and again')
})
