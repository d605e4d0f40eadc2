import { expect, test } from 'vitest'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createSync, type Replica } from '@freshet/core'
import { createChainHeads } from '../chain/chain-heads.ts'
import { createBookSync } from '../chain/create-book-sync.ts'
import { createChainSource } from '../chain/chain-source.ts'
import { createRpcPool } from '../chain/rpc-pool.ts'
import { createBookReplica } from '../../testing/book-replica.ts'
import { goldenChain } from '../../testing/fake-node-golden.ts'
import { createFakeNode } from '../../testing/fake-node.ts'
import { differingRows, naiveRows, replicaRows } from '../../testing/naive-rows.ts'
import { display, hexToFloat, isZero } from '../../float/index.ts'
import type { Mutation, VaultRow } from '../../engine/index.ts'
import type { SqlRow } from './database-core.ts'
import type { LocalDatabase } from './local-database.ts'
import { openLocalDatabase } from './open-local-database.ts'

test.each([
  ['v5-run-1', false],
  ['v5-run-2', true],
  ['v5-run-3', false],
  ['v6-run', true],
] as const)('[CN2] a run goes through the database to a replica (%s, thread %s)', async (name, thread) => {
  const golden = goldenChain(name)
  if (golden === undefined) return
  const { chain, orderbook } = golden
  chain.revealTo(Infinity)
  const node = createFakeNode({ chain })
  const folder = mkdtempSync(join(tmpdir(), 'freshet-book-'))
  const database = await openLocalDatabase({ path: join(folder, 'book.sqlite'), thread })
  const ledger = database.book({ chainId: chain.chainId, orderbook })
  const pool = createRpcPool({ chainId: chain.chainId, rpcs: ['http://node'], fetch: node.fetch })
  const common = {
    pool,
    orderbook,
    ledger,
    fromBlock: chain.firstBlock,
    heads: createChainHeads({ pollMs: 5 }),
  }
  // Only the database first.
  const recorder = createBookSync(common)
  recorder.start()
  await expect.poll(() => recorder.status.get().state, { timeout: 10_000 }).toBe('live')
  await recorder.stop()
  expect(await ledger.tip()).toEqual({ number: chain.head?.number, hash: chain.head?.hash })
  // Then a replica from it.
  const replica = createBookReplica(orderbook)
  const sync = createSync({ replica, source: createChainSource(common) })
  sync.start()
  await expect.poll(() => replica.status.get().state, { timeout: 10_000 }).toBe('live')
  expect(replica.position).toBe(chain.head?.number)
  expect(differingRows(replicaRows(replica), naiveRows(chain, orderbook))).toEqual([])
  await expectBalances(database, replica, orderbook.version)
  const trades = await tradesPage(database)
  const { TakeOrderV3: takes = 0, ClearV3: clears = 0 } = golden.run.counts.events
  expect(trades).toHaveLength(takes + 2 * clears)
  expect(trades.filter(({ input_token_decimals: decimals }) => typeof decimals !== 'number')).toEqual([])
  await sync.stop()
  await database.close()
  rmSync(folder, { recursive: true })
})

/** The balances that the public schema's own queries give are those of the replica, by value. */
async function expectBalances(
  database: LocalDatabase,
  replica: Replica<Mutation>,
  version: 'v5' | 'v6',
): Promise<void> {
  const byView = await database.query(
    `SELECT owner, token, vault_id, FLOAT_SUM(delta ORDER BY block_number, log_index) AS balance
     FROM vault_deltas GROUP BY owner, token, vault_id`,
  )
  const running = await database.query(`SELECT owner, token, vault_id, balance FROM running_vault_balances`)
  const vaults = [...replica.collection('vaults').entries()]
    .map(([, row]) => row as VaultRow)
    .filter(({ balance }) => !isZero(balance))
    .map(({ owner, token, vaultId, balance }) => `${owner} ${token} ${vaultId} ${display(balance)}`)
  expect(vaultTexts(byView, version)).toEqual(vaults.toSorted())
  expect(vaultTexts(running, version)).toEqual(vaults.toSorted())
}

function vaultTexts(rows: readonly SqlRow[], version: 'v5' | 'v6'): readonly string[] {
  return rows
    .filter(({ balance, vault_id: id }) => {
      // The view does not know that vault 0 of V6 is a wallet.
      return !isZero(hexToFloat(String(balance))) && !(version === 'v6' && BigInt(String(id)) === 0n)
    })
    .map(({ owner, token, vault_id: id, balance }) => {
      return [owner, token, id, display(hexToFloat(String(balance)))].join(' ')
    })
    .toSorted()
}

/** Every trade of every order, as a page of trades asks the public schema for them. */
async function tradesPage(database: LocalDatabase): Promise<readonly SqlRow[]> {
  const sides = ['alice', 'bob'].map(
    (who) => `SELECT 'clear', c.*, c.${who}_order_hash AS hash, c.${who}_input_io_index AS input_index,
      a.${who}_input AS input_delta, FLOAT_NEGATE(a.${who}_output) AS output_delta
    FROM (SELECT chain_id, orderbook_address, transaction_hash, log_index, block_number, block_timestamp, ${who}_order_hash,
      ${who}_input_io_index FROM clear_v3_events) c
    JOIN after_clear_v2_events a ON a.chain_id = c.chain_id AND a.orderbook_address = c.orderbook_address
      AND a.transaction_hash = c.transaction_hash AND a.log_index = (SELECT min(n.log_index)
        FROM after_clear_v2_events n WHERE n.transaction_hash = c.transaction_hash AND n.log_index > c.log_index)`,
  )
  return database.query(
    `WITH added AS (SELECT * FROM order_events WHERE event_type = 'AddOrderV3'),
     trades AS (
       SELECT 'take' AS kind, t.chain_id, t.orderbook_address, t.transaction_hash, t.log_index, t.block_number,
         t.block_timestamp, NULL AS a, NULL AS b,
         (SELECT o.order_hash FROM added o WHERE o.order_owner = t.order_owner AND o.order_nonce = t.order_nonce
          AND (o.block_number, o.log_index) <= (t.block_number, t.log_index)
          ORDER BY o.block_number DESC, o.log_index DESC LIMIT 1) AS hash,
         t.input_io_index AS input_index, t.taker_output AS input_delta,
         FLOAT_NEGATE(t.taker_input) AS output_delta
       FROM take_orders t
       UNION ALL ${sides.join(' UNION ALL ')}
     )
     SELECT t.kind, t.hash, t.input_delta, t.output_delta, i.token, e.decimals AS input_token_decimals
     FROM trades t
     JOIN order_events o ON o.rowid = (SELECT max(x.rowid) FROM order_events x
       WHERE x.order_hash = t.hash AND x.event_type = 'AddOrderV3')
     JOIN order_ios i ON i.transaction_hash = o.transaction_hash AND i.log_index = o.log_index
       AND i.io_index = t.input_index AND i.io_type = 'input'
     JOIN erc20_tokens e ON e.chain_id = t.chain_id AND e.orderbook_address = t.orderbook_address
       AND e.token_address = i.token
     ORDER BY t.block_timestamp DESC, t.block_number DESC, t.log_index DESC`,
  )
}
