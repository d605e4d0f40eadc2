import { afterAll, expect, test } from 'vitest'
import { decodeLog, hashOrder, type ChainLog, type Hex, type Order } from '../../engine/index.ts'
import { floatToHex, packLossless, type Float } from '../../float/index.ts'
import { encodingsOf } from '../chain/check-encoding.ts'
import { packLogs } from '../chain/log-page.ts'
import { scanLogs, scanPage } from '../chain/scan-logs.ts'
import { createLogWriter, encodeEvent, orderbookAddress, type LogWriter } from '../../testing/event-logs.ts'
import { addressOf, fixtureOrder, wordOf } from '../../testing/fixture-order.ts'
import { eventRows } from './event-rows.ts'
import type { LocalDatabase } from './local-database.ts'
import { openLocalDatabase } from './open-local-database.ts'
import type { SqlValue } from './sql-database.ts'
import { vaultMovements } from './vault-movements.ts'

const store = fixtureOrder.evaluable.store
const orderbook = { address: orderbookAddress, version: 'v5' } as const
const tokens = [...fixtureOrder.validInputs, ...fixtureOrder.validOutputs].map(({ token }) => token)
const databases: LocalDatabase[] = []
afterAll(async () => {
  for (const database of databases) await database.close()
})

const tables = ['deposits', 'withdrawals', 'take_orders', 'interpreter_store_sets', 'order_events'] as const
const children = ['take_order_contexts', 'context_values', 'order_ios'] as const

/** Events as contracts encode them, and some that only a decoder of all of ABI can read. */
function logsOfAllKinds(): readonly ChainLog[] {
  const writer = createLogWriter()
  const [token = '0x'] = tokens
  const float = (coefficient: bigint, exponent: number): Hex =>
    floatToHex(packLossless(coefficient, exponent))
  const event = (...args: Parameters<LogWriter['event']>): void => {
    writer.transaction()
    writer.event(...args)
  }
  for (const [block, amount] of [
    1n,
    10n ** 18n,
    2n ** 200n,
    2n ** 223n - 1n,
    2n ** 223n,
    2n ** 256n - 1n,
    0n,
  ].entries()) {
    writer.block(block + 1)
    event('DepositV2', [addressOf(block), token, wordOf(block), amount])
    event('WithdrawV2', [
      addressOf(block),
      token,
      wordOf(block),
      float(5n, 0),
      float(BigInt(block) % 3n, -2),
      amount,
    ])
    event('Set', [amount, wordOf(block), wordOf(9)], store)
  }
  // Below nothing, of many digits, and the one coefficient without an opposite.
  for (const [block, moved] of [
    float(-7n, -3),
    float(10n ** 40n + 1n, -60),
    float(-(2n ** 223n), 4),
  ].entries()) {
    event('WithdrawV2', [addressOf(1), token, wordOf(50 + block), float(1n, 0), moved, 1n])
  }
  // Without decimals there is no row.
  event('DepositV2', [addressOf(1), addressOf(0x55), wordOf(1), 7n])
  const take = (order: Order, signedContext: readonly unknown[] = [], index = 0n): void =>
    event('TakeOrderV3', [
      addressOf(8),
      { order, inputIOIndex: index, outputIOIndex: 0n, signedContext },
      float(3n, -1),
      float(0n, 0),
    ])
  take(fixtureOrder)
  take({ ...fixtureOrder, evaluable: { ...fixtureOrder.evaluable, bytecode: '0x' } })
  take({ ...fixtureOrder, validInputs: [] })
  take(fixtureOrder, [], 7n)
  take(fixtureOrder, [{ signer: addressOf(3), context: [wordOf(1), wordOf(2)], signature: '0x1234' }])
  writer.transaction()
  writer.raw(encodedOddly(take))
  const { evaluable, validInputs: inputs } = fixtureOrder
  for (const order of [
    fixtureOrder,
    { ...fixtureOrder, evaluable: { ...evaluable, bytecode: '0x' } as const },
    { ...fixtureOrder, evaluable: { ...evaluable, bytecode: `0x${'ab'.repeat(33)}` } as const },
    { ...fixtureOrder, evaluable: { ...evaluable, bytecode: `0x${'cd'.repeat(5_000)}` } as const },
    { ...fixtureOrder, validInputs: [], nonce: wordOf(7) },
    { ...fixtureOrder, validOutputs: [...inputs, ...inputs, ...inputs] },
  ]) {
    event('AddOrderV3', [addressOf(4), hashOrder(order), order])
    // What is removed is not hashed.
    event('RemoveOrderV3', [addressOf(5), wordOf(1), order])
  }
  for (const odd of oddOrders()) {
    writer.transaction()
    writer.raw(odd)
  }
  return writer.logs

  /** An order with a word before it that it does not need, and one whose program ends in what is no part of it. */
  function oddOrders(): readonly Pick<ChainLog, 'topics' | 'data'>[] {
    const order = { ...fixtureOrder, evaluable: { ...evaluable, bytecode: '0x1234' as const } }
    const { topics, data } = encodeEvent('AddOrderV3', [addressOf(4), hashOrder(order), order])
    const words = data.slice(2).match(/.{64}/g) ?? []
    const moved = [
      ...words.slice(0, 2),
      (4 * 32).toString(16).padStart(64, '0'),
      wordOf(0xde).slice(2),
      ...words.slice(3),
    ]
    const padded = words.map((word) => (word.startsWith('1234') ? `1234${'f'.repeat(60)}` : word))
    return [moved, padded, [...words, wordOf(0).slice(2)]].map((some) => ({
      topics,
      data: `0x${some.join('')}`,
    }))
  }

  /** A take whose config lies a word further behind than it needs to. */
  function encodedOddly(_: unknown): Pick<ChainLog, 'topics' | 'data'> {
    const config = { order: fixtureOrder, inputIOIndex: 0n, outputIOIndex: 0n, signedContext: [] }
    const { topics, data } = encodeEvent('TakeOrderV3', [addressOf(8), config, float(3n, -1), float(1n, 0)])
    const words = data.slice(2).match(/.{64}/g) ?? []
    const offset = (5 * 32).toString(16).padStart(64, '0')
    const moved = [words[0], offset, words[2], words[3], wordOf(0xde).slice(2), ...words.slice(4)]
    return { topics, data: `0x${moved.join('')}` }
  }
}

async function filled(logs: readonly ChainLog[], part: 'at once' | 'block by block'): Promise<LocalDatabase> {
  const database = await openLocalDatabase({ path: ':memory:' })
  databases.push(database)
  const book = database.book({ chainId: 1, orderbook })
  const newTokens = tokens.map((address) => ({ address, decimals: 6, name: '', symbol: '' }))
  const commit = async (from: number, to: number): Promise<void> => {
    const header = {
      number: to,
      hash: wordOf(to),
      parentHash: wordOf(from - 1),
      timestamp: 1,
      logsBloom: undefined,
    }
    const within = logs.filter(({ blockNumber }) => blockNumber >= from && blockNumber <= to)
    const common = { headers: [], newStores: new Map([[store, 1]]), newTokens, finalizedTo: 0 }
    await book.commit({ from, to, header, logs: within, ...common })
  }
  const last = logs.at(-1)?.blockNumber ?? 0
  if (part === 'at once') await commit(1, last)
  else for (let block = 1; block <= last; block++) await commit(block, block)
  // Once more: what is there changes nothing.
  await book.addStoreLogs(logs)
  return database
}

const rowText = (values: readonly SqlValue[]): string => values.map(String).join(' ')

async function rowsOf(database: LocalDatabase, table: string): Promise<readonly string[]> {
  const order = children.some((child) => child === table) ? 'transaction_hash' : 'block_number'
  const rows = await database.query(`SELECT * FROM ${table} ORDER BY ${order}, log_index`)
  return rows.map((row) => rowText(Object.values(row)))
}

test.each(['at once', 'block by block'] as const)(
  '[CN11] rows that are read where logs lie are those that decoding the logs gives (%s)',
  async (part) => {
    const logs = logsOfAllKinds()
    const database = await filled(logs, part)
    const decimalsOf = (token: string): number | undefined =>
      tokens.some((known) => known === token) ? 6 : undefined
    const expected = new Map<string, string[]>([...tables, ...children].map((table) => [table, []]))
    const movements: string[] = []
    for (const log of logs) {
      const event = decodeLog(log, orderbook.address, new Set([store]))
      const rows = eventRows(event, decimalsOf)
      const place = [1, orderbook.address, log.transactionHash, log.logIndex]
      const when = [log.blockNumber, log.blockTimestamp ?? 0]
      if (rows) expected.get(rows.table)?.push(rowText([...place, ...when, ...rows.values]))
      for (const child of rows?.children ?? [])
        expected.get(child.table)?.push(rowText([...place, ...child.values]))
      vaultMovements(event, undefined, decimalsOf).forEach(({ owner, token, vaultId, kind, delta }, at) =>
        movements.push(
          rowText([log.blockNumber, log.logIndex, at, owner, token, vaultId, kind, hexOf(delta)]),
        ),
      )
    }
    for (const [table, rows] of expected) expect(await rowsOf(database, table), table).toEqual(rows)
    const moved = await database.query(
      `SELECT block_number, log_index, movement_index, owner, token, vault_id, change_type, delta
       FROM vault_balance_changes ORDER BY block_number, log_index, movement_index`,
    )
    expect(moved.map((row) => rowText(Object.values(row)))).toEqual(movements)
    const [odd] = await database.query('SELECT count(*) AS n FROM take_orders_apart')
    expect(odd).toEqual({ n: 1 })
  },
)

test('[CN11] raw events are the logs, word for word', async () => {
  const logs = logsOfAllKinds()
  const database = await filled(logs, 'at once')
  const rows = await database.query('SELECT * FROM raw_events ORDER BY block_number, log_index')
  expect(
    rows.map(({ address, topics, data, block_hash: hash, transaction_hash: transaction }) => [
      ...[address, JSON.parse(String(topics)), data, hash, transaction],
    ]),
  ).toEqual(
    logs.map(({ address, topics, data, blockHash, transactionHash }) => [
      ...[address, topics, data, blockHash, transactionHash],
    ]),
  )
  expect(rows.map(({ raw_json: json }) => Object.keys(JSON.parse(String(json)) as object).length)).toEqual(
    logs.map(() => 9),
  )
})

test('[CN1] stores and tokens found by the bytes of a page are those that decoding finds', () => {
  const logs = logsOfAllKinds()
  const page = packLogs(logs)
  const { encodings, ...found } = scanPage(page, orderbookAddress)
  expect(found).toEqual(scanLogs(logs, orderbookAddress))
  expect(encodings).toEqual(encodingsOf(page, orderbookAddress))
  expect(new Set(encodings)).toEqual(new Set([0, 1, 2]))
  expect(scanLogs(logs, orderbookAddress).stores.size).toBe(1)
})

test('[CN5] an added order that does not have the hash it was given is refused, and nothing of it kept', async () => {
  const writer = createLogWriter()
  writer.block(1)
  writer.transaction()
  writer.event('AddOrderV3', [addressOf(4), wordOf(1), fixtureOrder])
  const database = await openLocalDatabase({ path: ':memory:' })
  databases.push(database)
  const book = database.book({ chainId: 1, orderbook })
  await expect(book.addStoreLogs(writer.logs)).rejects.toThrow(/does not hash to/)
  expect(await database.query('SELECT * FROM raw_events')).toEqual([])
})

test('[CN16] those who read find takes and words by index', async () => {
  const database = await filled(logsOfAllKinds(), 'at once')
  await database.query('SELECT 1')
  const plan = async (sql: string): Promise<string> =>
    (await database.query(`EXPLAIN QUERY PLAN ${sql}`)).map(({ detail }) => String(detail)).join('\n')
  const scope = "chain_id = 1 AND orderbook_address = 'x'"
  expect(
    await plan(`SELECT * FROM take_orders WHERE ${scope} AND order_owner = 'a' AND order_nonce = 'b'`),
  ).toContain('USING INDEX idx_take_orders_nonce')
  expect(
    await plan(
      `SELECT value FROM interpreter_store_sets WHERE ${scope} AND store_address = 'a' AND namespace = 'b'`,
    ),
  ).toContain('INDEX idx_store_sets_word')
  expect(await plan(`SELECT * FROM deposits WHERE ${scope} AND block_number > 7`)).toContain('block_number>?')
  expect(await plan('SELECT balance FROM running_vault_balances')).toContain('idx_vault_movements')
})

function hexOf(float: Float): string {
  return floatToHex(float)
}
