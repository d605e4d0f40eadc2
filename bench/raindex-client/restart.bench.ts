import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { createLocalDbSyncEngine, type LocalDbCursor } from '@freshet/raindex/client'
import { openLocalDatabase } from '@freshet/raindex/client/sqlite'
import { createStaticCodeCache, hashOrder, type SnapshotBundle } from '@freshet/raindex/engine'
import { openLiveVirtualRaindex, type LiveVirtualRaindex, type SyncEngine } from '@freshet/raindex/live'
import { benchRow, type BenchRow } from '../bench-row.ts'
import { interleave, median } from '../measure.ts'
import { bookAddress, orderOf, storeAddress } from './book-logs.ts'

const orders = 10_000
/** Fewer for a first look; the bound is for a million. */
const rawEvents = Number(process.env['FRESHET_BENCH_EVENTS'] ?? 1_000_000)
const orderbook = { address: bookAddress, version: 'v5' } as const
const word = (value: number): `0x${string}` => `0x${value.toString(16).padStart(64, '0')}`

/**
 * A restart with 10,000 orders and a million raw events on disk, from opening the file to the first quote, against
 * loading the same snapshot from a file and quoting, with nothing behind it.
 */
export async function run(): Promise<readonly BenchRow[]> {
  const folder = mkdtempSync(join(tmpdir(), 'freshet-restart-'))
  const path = join(folder, 'book.sqlite')
  const snapshotPath = join(folder, 'snapshot.json')
  try {
    await prepare(path, snapshotPath)
    const figures = await interleave(
      { restart: () => restart(path), snapshot: () => loadAlone(snapshotPath) },
      { rounds: 5, warmUp: 1 },
    )
    const [ours, alone] = [median(figures.restart), median(figures.snapshot)]
    return [
      benchRow({
        name: 'restart to first quote, times loading the snapshot alone',
        measured: ours / alone,
        bound: 2,
        better: 'lower',
        note: `${Math.round(ours)} against ${Math.round(alone)} ms, ${orders} orders, ${rawEvents} raw events`,
      }),
    ]
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Fills the file: the orders as a sync writes them, the rest of the raw events by the database itself. */
async function prepare(path: string, snapshotPath: string): Promise<void> {
  const bundle = await snapshotOfOrders()
  writeFileSync(snapshotPath, JSON.stringify(bundle))
  const database = await openLocalDatabase({ path })
  const book = database.book({ chainId: 1, orderbook })
  const header = { number: rawEvents, hash: word(rawEvents), parentHash: word(1), timestamp: 1_700_000_000 }
  await book.commit({
    from: 1,
    to: rawEvents,
    header: { ...header, logsBloom: undefined },
    headers: [],
    logs: [],
    newStores: new Map([[storeAddress, 1]]),
    newTokens: [],
    finalizedTo: rawEvents,
  })
  const block = { number: rawEvents, hash: word(rawEvents) }
  await book.putSnapshot({ block, timestamp: 1, checksum: '', bundle: JSON.stringify(bundle) }, 1)
  await database.close()
  const plain = new DatabaseSync(path)
  // What a store sets, as the database keeps it: two hashes ahead of three words.
  plain.exec(`INSERT OR IGNORE INTO books VALUES (NULL, 1, '${bookAddress}')`)
  plain.exec(`INSERT INTO raw_logs
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${rawEvents})
    SELECT (SELECT book FROM books), i, 0, 1700000000, 13, '${storeAddress}', NULL, 1,
      unhex(printf('%064x%064x%0192x', i, i, i)) FROM n`)
  const added = plain.prepare(
    `INSERT INTO order_events VALUES (1, '${bookAddress}', ?, 0, ?, 1, '', ?, ?, ?, 'AddOrderV3', '', ?, '')`,
  )
  plain.exec('BEGIN')
  for (const { order } of bundle.orders) {
    const { interpreter, store } = order.evaluable
    added.run(
      word(Number(order.nonce)),
      1 + Number(order.nonce),
      interpreter,
      store,
      hashOrder(order),
      order.nonce,
    )
  }
  plain.exec('COMMIT')
  plain.close()
}

async function snapshotOfOrders(): Promise<SnapshotBundle> {
  const all = Array.from({ length: orders }, (_, n) => orderOf(n))
  const nextCursor: LocalDbCursor = { block: rawEvents, hash: word(rawEvents), rewinds: 0 }
  const live = await openBook({
    async poll() {
      return {
        ...nothing,
        nextCursor,
        mutationBatches: [{ mutations: [{ kind: 'setOrders', orders: all }, tokens] }],
      }
    },
  })
  await live.syncOnce()
  const bundle = live.snapshot()
  await live.close()
  return bundle
}

const tokens = {
  kind: 'setTokenDecimals',
  tokens: [
    { token: `0x${'10'.padStart(40, '0')}`, decimals: 18 },
    { token: `0x${'20'.padStart(40, '0')}`, decimals: 18 },
  ],
} as const
const nothing = { mutationBatches: [], bytecode: [], pendingArtifacts: [], heartbeat: true } as const

async function restart(path: string): Promise<number> {
  const start = performance.now()
  const database = await openLocalDatabase({ path })
  const book = database.book({ chainId: 1, orderbook })
  const stored = await book.snapshot(rawEvents)
  if (stored === undefined) throw new Error('There is no snapshot.')
  // Written by prepare.
  const bundle = JSON.parse(stored.bundle) as SnapshotBundle
  const live = await openBook(createLocalDbSyncEngine({ book }), bundle)
  await live.syncOnce()
  await quoteFirst(live)
  const tookMs = performance.now() - start
  await live.close()
  await database.close()
  return tookMs
}

async function loadAlone(path: string): Promise<number> {
  const start = performance.now()
  // Written by prepare.
  const bundle = JSON.parse(readFileSync(path, 'utf8')) as SnapshotBundle
  const live = await openBook({ poll: async () => nothing }, bundle)
  await quoteFirst(live)
  const tookMs = performance.now() - start
  await live.close()
  return tookMs
}

async function openBook(
  syncEngine: SyncEngine<LocalDbCursor>,
  initialSnapshot?: SnapshotBundle,
): Promise<LiveVirtualRaindex<LocalDbCursor>> {
  const { interpreter, store } = orderOf(0).evaluable
  const codeCache = createStaticCodeCache([
    { kind: 'Interpreter', address: interpreter, bytecode: '0x60' },
    { kind: 'Store', address: store, bytecode: '0x60' },
  ])
  // Two equal numbers: what a program costs is not measured here.
  const host = { evaluate: () => ({ kind: 'ok', stack: [word(1), word(1)], writes: [] }) as const }
  return openLiveVirtualRaindex<LocalDbCursor>({
    chainId: 1,
    orderbook,
    syncEngine,
    codeCache,
    host,
    initialSnapshot,
  })
}

async function quoteFirst(live: LiveVirtualRaindex<LocalDbCursor>): Promise<void> {
  const order = orderOf(0)
  const outcome = await live.quote({ order, inputIOIndex: 0, outputIOIndex: 0, counterparty: bookAddress })
  if (outcome.kind !== 'quote') throw new Error(`The order gives ${outcome.kind}.`)
}
