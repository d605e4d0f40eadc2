import { expect, test } from 'vitest'
import { createLogWriter, orderbookAddress } from '../../testing/event-logs.ts'
import { addressOf, wordOf } from '../../testing/fixture-order.ts'
import type { LedgerWindow } from '../chain/ledger.ts'
import { openBrowserDatabase } from './open-browser-database.ts'

const startWorker = (): Worker => new Worker(new URL('./wasm-worker.ts', import.meta.url), { type: 'module' })
const orderbook = { address: orderbookAddress, version: 'v5' } as const
const token = addressOf(0x10)

function windowOf(from: number, to: number): LedgerWindow {
  const writer = createLogWriter()
  for (let block = from; block <= to; block++) {
    writer.block(block)
    writer.event('DepositV2', [addressOf(0x42), token, wordOf(1), 1_500_000n])
  }
  const header = {
    number: to,
    hash: wordOf(to),
    parentHash: wordOf(to - 1),
    timestamp: 5,
    logsBloom: undefined,
  }
  const newTokens = [{ address: token, decimals: 6, name: '', symbol: '' }]
  const common = { headers: [], newStores: new Map(), newTokens, finalizedTo: 0 }
  return { from, to, header, logs: writer.logs, ...common }
}

test('[CN14] the database is kept in the browser, with the same tables and functions', async () => {
  const name = `book-${crypto.randomUUID()}.sqlite`
  const first = await openBrowserDatabase({ name, startWorker })
  const book = first.book({ chainId: 1, orderbook })
  await book.commit(windowOf(1, 3))
  await expect(first.query('DELETE FROM raw_events')).rejects.toMatchObject({
    code: 'raindex/database-unavailable',
  })
  await first.close()

  const again = await openBrowserDatabase({ name, startWorker })
  const kept = again.book({ chainId: 1, orderbook })
  expect(await kept.tip()).toEqual({ number: 3, hash: wordOf(3) })
  const [row] = await again.query(
    'SELECT FLOAT_SUM(delta ORDER BY block_number) AS balance FROM vault_deltas',
  )
  const [held] = await again.query('SELECT balance FROM running_vault_balances')
  expect(row).toEqual(held)
  expect((await kept.read(0, 100)).logs).toHaveLength(3)
  await kept.rewind(1)
  const [left] = await again.query('SELECT balance, raw_json FROM running_vault_balances JOIN raw_events')
  expect(left?.['balance']).toMatch(/^0x[0-9a-f]{64}$/)
  expect(JSON.parse(String(left?.['raw_json']))).toMatchObject({ blockNumber: '0x1', removed: false })
  await again.close()
})
