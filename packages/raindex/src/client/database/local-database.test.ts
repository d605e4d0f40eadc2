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
] as const)('[RC2] a run goes through the database to a replica (%s, thread %s)', async (name, thread) => {
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
