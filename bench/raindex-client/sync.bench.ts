import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { createBookSync, createChainHeads, createRpcPool } from '@freshet/raindex/client'
import { openLocalDatabase } from '@freshet/raindex/client/sqlite'
import { createPublicClient, http } from 'viem'
import { benchRow, type BenchRow } from '../bench-row.ts'
import { interleave, median } from '../measure.ts'
import { bookAddress, storeAddress } from './book-logs.ts'

/** Fewer show where time goes; the bound is for 100,000. */
const blocks = Number(process.env['FRESHET_BENCH_LOGS'] ?? 100_000)
const pageBlocks = 2_000
const ahead = 4

/**
 * 100,000 logs from a node on loopback into the database, against the same pages read by viem's `getLogs` and thrown
 * away. With the store on a thread of its own and four pages under way, and page by page on one thread.
 *
 * A time ends when raw events, decoded tables, balances and watermark of all logs are committed: what was read then
 * outlives the process. Decoded rows that are views of the raw events are there with them, and nothing follows behind.
 * Indexes that only readers need are not among them. For information, what the rows of the database's own tables cost
 * that are bound bare on a thread while viem reads.
 */
export async function run(): Promise<readonly BenchRow[]> {
  const { server, url } = await startServer()
  const folder = mkdtempSync(join(tmpdir(), 'freshet-bench-'))
  try {
    const filled = join(folder, 'filled.sqlite')
    await syncToDisk(url, { thread: true, windowsAhead: ahead, path: filled })
    const figures = await interleave(
      {
        viem: () => readWithViem(url, ahead),
        sync: () => inFolder((path) => syncToDisk(url, { thread: true, windowsAhead: ahead, path })),
        bare: () => inFolder((path) => insertBare(url, filled, path)),
        viemOneByOne: () => readWithViem(url, 1),
        syncOneByOne: () => inFolder((path) => syncToDisk(url, { thread: false, windowsAhead: 1, path })),
      },
      { rounds: 7, warmUp: 2 },
    )
    const ms = (name: keyof typeof figures): number => median(figures[name])
    const row = (name: string, ours: number, theirs: number): BenchRow =>
      benchRow({
        name,
        measured: ours / theirs,
        bound: 1.5,
        better: 'lower',
        note: `${Math.round(ours)} against ${Math.round(theirs)} ms for ${blocks} logs`,
      })
    const forInformation = { bound: Infinity, holds: true }
    return [
      row('logs to durable state, times viem that throws them away', ms('sync'), ms('viem')),
      {
        ...row('the same without overlap (for information)', ms('syncOneByOne'), ms('viemOneByOne')),
        ...forInformation,
      },
      {
        ...row('its rows bound bare while viem reads (for information)', ms('bare'), ms('viem')),
        ...forInformation,
      },
    ]
  } finally {
    server.kill()
    rmSync(folder, { recursive: true })
  }
}

async function startServer(): Promise<{ readonly server: ChildProcess; readonly url: string }> {
  const script = fileURLToPath(new URL('./log-server.ts', import.meta.url))
  const server = fork(script, [String(blocks)], { execArgv: ['--conditions=source'] })
  const port = await new Promise<unknown>((resolve) => server.once('message', resolve))
  return { server, url: `http://127.0.0.1:${String(port)}/1` }
}

/** Milliseconds for all pages, several at once. */
async function readWithViem(url: string, atOnce: number): Promise<number> {
  const client = createPublicClient({ transport: http(url) })
  const pages = Array.from({ length: blocks / pageBlocks }, (_, at) => 1 + at * pageBlocks)
  const start = performance.now()
  let read = 0
  const worker = async (): Promise<void> => {
    for (let from = pages.shift(); from !== undefined; from = pages.shift()) {
      const range = { fromBlock: BigInt(from), toBlock: BigInt(from + pageBlocks - 1) }
      const logs = await client.getLogs({ address: [bookAddress, storeAddress], ...range })
      read += logs.length
    }
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
  if (read !== blocks) throw new Error(`viem has read ${read} logs.`)
  return performance.now() - start
}

async function inFolder(work: (path: string) => Promise<number>): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'freshet-bench-'))
  try {
    return await work(join(folder, 'book.sqlite'))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Milliseconds until a thread has written the rows of another file and viem has read the pages. */
async function insertBare(url: string, from: string, to: string): Promise<number> {
  const script = new URL('./bare-insert.ts', import.meta.url)
  const worker = new Worker(script, { workerData: { from, to, commits: blocks / pageBlocks } })
  await once(worker, 'message')
  const start = performance.now()
  worker.postMessage('go')
  await Promise.all([once(worker, 'message'), readWithViem(url, ahead)])
  const tookMs = performance.now() - start
  await once(worker, 'exit')
  return tookMs
}

/** Milliseconds until the database has everything. */
async function syncToDisk(
  url: string,
  {
    thread,
    windowsAhead,
    path,
  }: { readonly thread: boolean; readonly windowsAhead: number; readonly path: string },
): Promise<number> {
  const database = await openLocalDatabase({ path, thread })
  const orderbook = { address: bookAddress, version: 'v5' } as const
  const ledger = database.book({ chainId: 1, orderbook })
  const pool = createRpcPool({ chainId: 1, rpcs: [url] })
  const start = performance.now()
  const sync = createBookSync({
    pool,
    orderbook,
    ledger,
    fromBlock: 1,
    finalityDepth: 0,
    firstWindowBlocks: pageBlocks,
    maxWindowBlocks: pageBlocks,
    windowsAhead,
    heads: createChainHeads({ pollMs: 60_000 }),
  })
  const live = new Promise<void>((resolve, reject) => {
    sync.status.subscribe(({ state, freshness }) => {
      if (state === 'live') resolve()
      if (state === 'halted' || state === 'retrying') reject(freshness.lastError)
    })
  })
  sync.start()
  await live
  const tookMs = performance.now() - start
  await sync.stop()
  const [counted] = await database.query('SELECT count(*) AS n FROM raw_events')
  if (counted?.['n'] !== blocks) throw new Error(`The database has ${String(counted?.['n'])} logs.`)
  await database.close()
  return tookMs
}
