import type { ChainLog } from '../../engine/index.ts'
import type { ChainNotice } from './chain-notice.ts'
import type { ChainRules } from './chain-rules.ts'
import { fetchRange, logsCall, type FetchContext } from './fetch-windows.ts'
import type { BlockId } from './ledger.ts'
import { unpackLogs } from './log-page.ts'
import { bloomMayContain } from './log-bloom.ts'
import type { BlockHeader } from './read-header.ts'
import { chainMoved, readLogs, type LogFilter } from './read-logs.ts'
import { RpcFault } from './rpc-fault.ts'
import { fetchHeaders } from './timestamps.ts'
import type { Looks } from './with-second-look.ts'

export type TipContext = Omit<FetchContext, 'ahead'> & {
  readonly rules: ChainRules
  readonly looks: Looks
  readonly notify: (notice: ChainNotice) => void
}

export type TipLogs = { readonly headers: readonly BlockHeader[]; readonly logs: readonly ChainLog[] }

/** A node that is behind does not know a block for a while; one that knows none by its hash is believed then. */
const mostHashesRefused = 4

/** Blocks asked for by their hash in one request. */
const suspectsAtOnce = 20

/**
 * Reads the blocks that may still be reorganised, up to the head: every header, each naming the one before, and the
 * logs of exactly these blocks.
 *
 * @param after - The block before the first.
 * @throws {RaindexClientError} `ChainMoved`: they do not fit together; begin again from the head.
 */
export async function readTip(
  context: TipContext,
  from: number,
  head: BlockHeader,
  after: BlockId | undefined,
  filter: LogFilter,
): Promise<TipLogs> {
  const { pool, rules, signal } = context
  const numbers = Array.from({ length: head.number - from }, (_, i) => from + i)
  const [below, windows] = await Promise.all([
    fetchHeaders(pool, numbers, signal),
    fetchRange(context, { from, to: head.number }, filter),
  ])
  const headers = [...below, head]
  if (rules.parentHash) assertLinked(headers, after)
  const logs = windows.flatMap((window) => unpackLogs(window.logs))
  assertOf(logs, new Map(headers.map((header) => [header.number, header])))
  return { headers, logs: rules.bloom ? await withMissing(context, headers, logs, filter) : logs }
}

function assertLinked(headers: readonly BlockHeader[], after: BlockId | undefined): void {
  let previous = after
  for (const header of headers) {
    if (previous?.number === header.number - 1 && previous.hash !== header.parentHash) {
      throw chainMoved(previous.number)
    }
    previous = header
  }
}

function assertOf(logs: readonly ChainLog[], headers: ReadonlyMap<number, BlockHeader>): void {
  for (const { blockNumber, blockHash } of logs)
    if (headers.get(blockNumber)?.hash !== blockHash) throw chainMoved(blockNumber)
}

/** Nodes give a new block before its logs: where the bloom says there are some, they are asked for by its hash. */
async function withMissing(
  context: TipContext,
  headers: readonly BlockHeader[],
  logs: readonly ChainLog[],
  filter: LogFilter,
): Promise<readonly ChainLog[]> {
  const there = new Set(logs.map(({ blockNumber, address }) => `${blockNumber} ${address}`))
  const suspects = headers.filter(({ number, logsBloom }) => {
    if (logsBloom === undefined) return false
    const missing = [...filter.addresses].filter((address) => !there.has(`${number} ${address}`))
    if (!missing.some((address) => bloomMayContain(logsBloom, address))) return false
    return [...filter.topics].some((topic) => bloomMayContain(logsBloom, topic))
  })
  if (suspects.length === 0) return logs
  const found = new Map<number, readonly ChainLog[]>()
  for (let at = 0; at < suspects.length; at += suspectsAtOnce) {
    await askByHash(context, suspects.slice(at, at + suspectsAtOnce), filter, found)
  }
  const asked = new Set(suspects.map(({ number }) => number))
  for (const { number } of suspects) {
    const before = logs.filter(({ blockNumber }) => blockNumber === number).length
    if ((found.get(number)?.length ?? 0) > before)
      context.notify({ kind: 'missing-logs', blockNumber: number })
  }
  const kept = logs.filter(({ blockNumber }) => !asked.has(blockNumber) || !found.has(blockNumber))
  return [...kept, ...[...found.values()].flat()].toSorted(
    (a, b) => a.blockNumber - b.blockNumber || a.logIndex - b.logIndex,
  )
}

async function askByHash(
  { pool, looks, signal }: TipContext,
  headers: readonly BlockHeader[],
  filter: LogFilter,
  found: Map<number, readonly ChainLog[]>,
): Promise<void> {
  try {
    const calls = headers.map(({ hash }) => logsCall(filter, { blockHash: hash }))
    const answers = await pool.ask(
      calls,
      (results) => results.map((result, i) => readBlockLogs(result, headers[i], filter)),
      { signal },
    )
    looks.hashesRefused = 0
    headers.forEach(({ number }, i) => found.set(number, answers[i] ?? []))
  } catch (error) {
    if (!(error instanceof RpcFault) || error.fault !== 'refused') throw error
    // Some nodes do not know blocks by hash here: then what came by number stands.
    if (looks.hashesRefused >= mostHashesRefused) return
    looks.hashesRefused++
    throw chainMoved(headers[0]?.number ?? 0)
  }
}

function readBlockLogs(
  result: unknown,
  header: BlockHeader | undefined,
  filter: LogFilter,
): readonly ChainLog[] {
  if (header === undefined) return []
  const { number, hash, timestamp } = header
  const logs = unpackLogs(readLogs(result, filter, { from: number, to: number }))
  if (logs.some(({ blockHash }) => blockHash !== hash)) throw chainMoved(number)
  return logs.map((log) => ({ ...log, blockTimestamp: timestamp }))
}
