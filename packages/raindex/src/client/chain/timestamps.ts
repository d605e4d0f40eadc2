import { hashAt, type LogPage } from './log-page.ts'
import { readHeader, type BlockHeader } from './read-header.ts'
import { chainMoved } from './read-logs.ts'
import { RpcFault } from './rpc-fault.ts'
import type { RpcPool } from './rpc-pool.ts'

/** Headers asked for in one request. */
const headersAtOnce = 50

/** A number as JSON-RPC writes it. */
export function quantity(value: number): string {
  return `0x${value.toString(16)}`
}

/**
 * The headers of blocks, in their order.
 *
 * @throws {RpcFault} when a node does not have one of them.
 */
export async function fetchHeaders(
  pool: RpcPool,
  numbers: readonly number[],
  signal: AbortSignal,
): Promise<readonly BlockHeader[]> {
  const slices = Array.from({ length: Math.ceil(numbers.length / headersAtOnce) }, (_, slice) =>
    numbers.slice(slice * headersAtOnce, (slice + 1) * headersAtOnce),
  )
  const fetched = await Promise.all(
    slices.map((slice) =>
      pool.ask(
        slice.map((number) => ({ method: 'eth_getBlockByNumber', params: [quantity(number), false] })),
        (answers) =>
          slice.map((number, at) => {
            const header = readHeader(answers[at], number)
            if (header === undefined)
              throw new RpcFault('transport', `The node does not have block ${number}.`)
            return header
          }),
        { signal },
      ),
    ),
  )
  return fetched.flat()
}

/**
 * Logs with the time of their blocks, which is asked for where the node did not say it.
 *
 * @param known - Headers that are there already.
 * @throws {RaindexClientError} `ChainMoved`: a block is another than the one its logs came from.
 */
export async function withTimestamps(
  pool: RpcPool,
  page: LogPage,
  known: readonly BlockHeader[],
  signal: AbortSignal,
): Promise<LogPage> {
  const headers = new Map(known.map((header) => [header.number, header]))
  const lacking = new Set<number>()
  page.timestamps.forEach((timestamp, at) => {
    const block = page.blockNumbers[at] ?? 0
    if (Number.isNaN(timestamp) && !headers.has(block)) lacking.add(block)
  })
  for (const header of await fetchHeaders(pool, [...lacking], signal)) headers.set(header.number, header)
  const timestamps = page.timestamps.map((timestamp, at) => {
    const header = headers.get(page.blockNumbers[at] ?? 0)
    if (header === undefined) return timestamp
    if (header.hash !== hashAt(page, at, 'block')) throw chainMoved(header.number)
    return header.timestamp
  })
  return { ...page, timestamps }
}
