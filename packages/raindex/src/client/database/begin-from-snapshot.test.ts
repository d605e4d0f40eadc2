import { expect, test } from 'vitest'
import { createStaticCodeCache, type SnapshotBundle } from '../../engine/index.ts'
import { openLiveVirtualRaindex, type LiveVirtualRaindex } from '../../live/index.ts'
import { goldenChain, type GoldenChain } from '../../testing/fake-node-golden.ts'
import { createFakeNode, type FakeNode } from '../../testing/fake-node.ts'
import { differingRows, naiveRows, replicaRows } from '../../testing/naive-rows.ts'
import { backfillBook } from '../chain/backfill-book.ts'
import { createBookSync } from '../chain/create-book-sync.ts'
import { createChainHeads } from '../chain/chain-heads.ts'
import { createRpcPool } from '../chain/rpc-pool.ts'
import { beginFromSnapshot } from './begin-from-snapshot.ts'
import type { LocalBook } from './local-database.ts'
import { createLocalDbSyncEngine, type LocalDbCursor } from './local-db-sync-engine.ts'
import { openLocalDatabase } from './open-local-database.ts'

const golden = goldenChain('v5-run-1')

test.skipIf(golden === undefined)(
  '[CN15] [CN18] a book begun from a snapshot goes on from its block, and is filled in before it',
  async () => {
    if (golden === undefined) return
    const { chain, orderbook } = golden
    const middle = chain.firstBlock + 100
    chain.revealTo(middle)
    const node = createFakeNode({ chain })
    const first = await openLocalDatabase({ path: ':memory:' })
    const full = first.book({ chainId: chain.chainId, orderbook })
    await syncOnce(full, golden, node)
    const before = await liveOf(full, golden)
    const bundle = before.snapshot()
    await before.close()

    chain.revealTo(Infinity)
    node.calls.clear()
    const second = await openLocalDatabase({ path: ':memory:' })
    const book = second.book({ chainId: chain.chainId, orderbook })
    const at = await beginFromSnapshot(book, JSON.stringify(bundle))
    expect(at).toEqual({ number: middle, hash: chain.block(middle)?.hash })
    await syncOnce(book, golden, node)
    // Nothing before the snapshot was asked for.
    expect((await book.read(-1, 10_000)).logs.every(({ blockNumber }) => blockNumber > middle)).toBe(true)
    const stored = await book.snapshot(middle)
    // Written by beginFromSnapshot.
    const initial = JSON.parse(stored?.bundle ?? '') as SnapshotBundle
    const live = await liveOf(book, golden, initial)
    const expected = naiveRows(chain, orderbook)
    const rows = replicaRows({ collection: (table) => (table === 'vaults' ? live.vaults : live.orders) })
    expect(differingRows({ ...rows, store: expected['store'] ?? [] }, expected)).toEqual([])
    expect(live.snapshot().store).toHaveLength(expected['store']?.length ?? 0)
    await live.close()

    chain.revealTo(Infinity)
    await syncOnce(full, golden, node)
    const pool = createRpcPool({ chainId: chain.chainId, rpcs: ['http://node'], fetch: node.fetch })
    const older = { pool, book, fromBlock: chain.firstBlock, firstWindowBlocks: 30 }
    expect(await book.completeFrom()).toBe(middle + 1)
    // Twice, as after one that was ended.
    await backfillBook(older)
    expect(await book.completeFrom()).toBe(0)
    await backfillBook({ ...older, toBlock: middle })
    for (const table of ['raw_events', 'order_events', 'order_ios', 'take_orders', 'vault_balance_changes']) {
      const sql = `SELECT * FROM ${table} ORDER BY ${table === 'order_ios' ? 'transaction_hash' : 'block_number'}, log_index`
      const [theirs, ours] = [await first.query(sql), await second.query(sql)]
      expect(new Set(ours.map((row) => JSON.stringify(row))), table).toEqual(
        new Set(theirs.map((row) => JSON.stringify(row))),
      )
    }
    expect(await book.stores()).toEqual(await full.stores())
    await first.close()
    await second.close()
  },
)

test.skipIf(golden === undefined)(
  '[CN15] a snapshot of another book or a garbled one begins nothing',
  async () => {
    if (golden === undefined) return
    const database = await openLocalDatabase({ path: ':memory:' })
    const book = database.book({ chainId: golden.chain.chainId, orderbook: golden.orderbook })
    await expect(beginFromSnapshot(book, '{"version":1}')).rejects.toMatchObject({
      code: 'raindex/snapshot-refused',
    })
    expect(await book.tip()).toBe(undefined)
    await database.close()
  },
)

async function syncOnce(ledger: LocalBook, { chain, orderbook }: GoldenChain, node: FakeNode): Promise<void> {
  const pool = createRpcPool({ chainId: chain.chainId, rpcs: ['http://node'], fetch: node.fetch })
  const heads = createChainHeads({ pollMs: 5 })
  const sync = createBookSync({ pool, orderbook, ledger, fromBlock: chain.firstBlock, heads })
  sync.start()
  await expect.poll(() => sync.status.get().state, { timeout: 15_000 }).toBe('live')
  await sync.stop()
}

async function liveOf(
  book: LocalBook,
  { chain, run, orderbook }: GoldenChain,
  initialSnapshot?: SnapshotBundle,
): Promise<LiveVirtualRaindex<LocalDbCursor>> {
  const live = await openLiveVirtualRaindex<LocalDbCursor>({
    chainId: chain.chainId,
    orderbook,
    syncEngine: createLocalDbSyncEngine({ book }),
    codeCache: createStaticCodeCache([
      { kind: 'Interpreter', address: run.interpreter, bytecode: '0x60' },
      { kind: 'Store', address: run.store, bytecode: '0x60' },
    ]),
    host: { evaluate: () => ({ kind: 'ok', stack: [], writes: [] }) },
    initialSnapshot,
  })
  while ((await live.syncOnce()).phase !== 'Idle');
  return live
}
