import type { HistoryPage } from '@freshet/cli/studio'
import { historyFromLogs, type HistoryBlock, type ReplayBook } from '@freshet/raindex/client'
import { hashOrder, type ChainLog, type Order } from '@freshet/raindex/engine'

/** What a page asks its worker to replay. */
export type KeptHistoryRequest = {
  readonly orderbook: string
  /** The hashes of the orders that may be chosen. */
  readonly orders: readonly string[]
}

export type KeptHistoryOptions = {
  /** Asks Studio's server, as `askBook`. */
  ask(path: string): Promise<HistoryPage>
  /** Told how many of how many blocks are read. */
  onProgress(blocks: number, of: number): void
}

const mostAttempts = 5

/**
 * Reads what Studio's server keeps of a live book, up to its newest block, for a replay of some of its orders. Orders
 * that it does not have are left out.
 *
 * @throws {Error} what the server said, or that the chain was reorganised again and again meanwhile.
 */
export async function readKeptHistory(
  request: KeptHistoryRequest,
  options: KeptHistoryOptions,
): Promise<ReplayBook> {
  for (let attempt = 0; attempt < mostAttempts; attempt++) {
    const found = await readPages(request.orderbook, options)
    if (found !== undefined) return bookOf(request, found.last, found.logs)
  }
  throw new Error('The chain was reorganised again and again while its history was read. Try again.')
}

/** Page by page; undefined where the chain was reorganised meanwhile. */
async function readPages(orderbook: string, { ask, onProgress }: KeptHistoryOptions) {
  const logs: ChainLog[] = []
  let last: HistoryPage | undefined
  let after: number | null = -1
  while (after !== null) {
    const page: HistoryPage = await ask(`books/${orderbook}/history?after=${after}`)
    if (last !== undefined && page.rewinds !== last.rewinds) return undefined
    for (const log of page.logs) logs.push(log)
    after = page.next
    last = page
    onProgress(after ?? page.head.number, page.head.number)
  }
  return last && { last, logs }
}

async function bookOf(
  { orders }: KeptHistoryRequest,
  { chainId, orderbook, head, tokens, code }: HistoryPage,
  logs: readonly ChainLog[],
): Promise<ReplayBook> {
  const history = historyFromLogs(logs, { orderbook, chainId, tokens, head })
  const blocks = await Array.fromAsync(history.blocks())
  const chosen = ordersAmong(blocks, new Set(orders))
  return { orderbook, chainId, head, tokens, code, orders: chosen, source: { kind: 'blocks', blocks } }
}

/** Found here, so that one that is missing keeps no other from being replayed. */
function ordersAmong(blocks: readonly HistoryBlock[], wanted: Set<string>): readonly Order[] {
  return blocks
    .flatMap(({ mutations }) => mutations)
    .flatMap((mutation) => (mutation.kind === 'setOrders' ? mutation.orders : []))
    .filter((order) => wanted.delete(hashOrder(order)))
}
