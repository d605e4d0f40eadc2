import type { Orderbook } from '../../engine/index.ts'
import type { LogPage } from './log-page.ts'
import { headNumberCall, headNumberOf } from './read-head-number.ts'
import { readHeader, type BlockHeader } from './read-header.ts'
import { readLogPage } from './read-log-page.ts'
import { readLogs, type BlockRange, type LogFilter } from './read-logs.ts'
import { RpcFault } from './rpc-fault.ts'
import type { RpcPool } from './rpc-pool.ts'
import { scanPage, type LogScan } from './scan-logs.ts'
import { quantity, withTimestamps } from './timestamps.ts'
import type { WindowSize } from './window-size.ts'

/** The logs of a stretch of the chain. */
export type FetchedWindow = BlockRange & {
  /** What was asked for. */
  readonly filter: LogFilter
  /** Of the first block, which names the one before. */
  readonly first: BlockHeader
  /** Of the last block. */
  readonly header: BlockHeader
  /** Ascending, with the time of their blocks. */
  readonly logs: LogPage
  /** What they name, looked through while windows before it are written. */
  readonly scan: LogScan
}

export type FetchContext = {
  readonly pool: RpcPool
  readonly orderbook: Orderbook
  readonly size: WindowSize
  /**
   * How many blocks a node must have behind a window, to be believed that these are all logs of it: nodes give a new
   * block before its logs, and one that lags has new blocks where others have old ones. Default 0.
   */
  readonly blocksBehind?: number | undefined
  /** Windows under way or waiting to be taken. */
  readonly ahead: number
  /** Whether the others wait until the first was taken, because of what it may name. Default false. */
  readonly firstAlone?: boolean | undefined
  readonly signal: AbortSignal
}

/**
 * Reads a range window by window, several at once, and gives them in order.
 *
 * @param filter - Asked for each window when it is begun.
 * @throws {RpcFault} when a node will not answer for a single block, or all attempts failed.
 * @throws {RaindexError} as `scanLogs`.
 */
export async function* fetchWindows(
  context: FetchContext,
  { from, to }: BlockRange,
  filter: () => LogFilter,
): AsyncGenerator<FetchedWindow, void, undefined> {
  const { size, ahead, firstAlone = false } = context
  const controller = new AbortController()
  const signal = AbortSignal.any([controller.signal, context.signal])
  const underway: Promise<readonly FetchedWindow[]>[] = []
  let next = from
  const begin = (atOnce: number): void => {
    while (next <= to && underway.length < atOnce) {
      const range = { from: next, to: Math.min(to, next + size.blocks - 1) }
      const window = fetchRange({ ...context, signal }, range, filter())
      // Told to whoever takes it; until then it is not unhandled.
      window.catch(() => undefined)
      underway.push(window)
      next = range.to + 1
    }
  }
  try {
    begin(firstAlone ? 1 : ahead)
    for (let isFirst = true; ; isFirst = false) {
      const window = underway.shift()
      if (window === undefined) break
      const fetched = await window
      if (!isFirst || !firstAlone) begin(ahead)
      yield* fetched
      begin(ahead)
    }
  } finally {
    controller.abort()
    await Promise.allSettled(underway)
  }
}

/** One range, in halves where a node finds it too large. */
export async function fetchRange(
  context: Omit<FetchContext, 'ahead'>,
  range: BlockRange,
  filter: LogFilter,
): Promise<readonly FetchedWindow[]> {
  const { pool, orderbook, size, signal, blocksBehind = 0 } = context
  const blocks = range.to - range.from + 1
  try {
    const ends = blocks === 1 ? [range.to] : [range.to, range.from]
    const where = blocksBehind === 0 ? [] : [headNumberCall]
    const { first, header, logs } = await pool.ask(
      [{ ...logsCall(filter, range), readInPlace: readLogPage }, ...where, ...ends.map(headerCall)],
      ([logsAnswer, ...answers]) => {
        if (where.length > 0) assertBehind(answers.shift(), range.to + blocksBehind)
        const [lastAnswer, firstAnswer = lastAnswer] = answers
        // A node that lags behind gives no logs for blocks it does not have, and no error.
        const last = headerThatIsThere(lastAnswer, range.to)
        const begin = headerThatIsThere(firstAnswer, range.from)
        return { first: begin, header: last, logs: readLogs(logsAnswer, filter, range) }
      },
      { signal, mayShrink: blocks > 1 },
    )
    size.answered(blocks, logs.length)
    // Where their hash is another than that of these headers, the logs are of another chain.
    const timed = await withTimestamps(pool, logs, [first, header], signal)
    const { encodings, ...scan } = scanPage(timed, orderbook.address)
    return [{ ...range, filter, first, header, logs: { ...timed, encodings }, scan }]
  } catch (error) {
    if (blocks === 1 || !isTooLarge(error)) throw error
    size.refused(blocks)
    const middle = range.from + Math.floor(blocks / 2) - 1
    const first = await fetchRange(context, { from: range.from, to: middle }, filter)
    return [...first, ...(await fetchRange(context, { from: middle + 1, to: range.to }, filter))]
  }
}

function assertBehind(answer: unknown, least: number): void {
  const head = headNumberOf(answer)
  if (head >= least) return
  throw new RpcFault('transport', `The node is at block ${head} and may lack logs of blocks before ${least}.`)
}

function headerThatIsThere(answer: unknown, number: number): BlockHeader {
  const header = readHeader(answer, number)
  if (header === undefined) throw new RpcFault('transport', `The node does not have block ${number} yet.`)
  return header
}

export function logsCall(
  { addresses, topics }: LogFilter,
  where: BlockRange | { readonly blockHash: string },
) {
  const range =
    'blockHash' in where ? where : { fromBlock: quantity(where.from), toBlock: quantity(where.to) }
  return { method: 'eth_getLogs', params: [{ ...range, address: [...addresses], topics: [[...topics]] }] }
}

export function headerCall(block: number | 'latest') {
  const which = block === 'latest' ? block : quantity(block)
  return { method: 'eth_getBlockByNumber', params: [which, false] }
}

function isTooLarge(error: unknown): boolean {
  return error instanceof RpcFault && (error.fault === 'too-large' || error.fault === 'timeout')
}
