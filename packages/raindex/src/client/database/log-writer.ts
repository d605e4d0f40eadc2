import { decodeLog, type Address, type Orderbook } from '../../engine/index.ts'
import { topics as knownTopics } from '../../engine/topics.ts'
import type { Token } from '../chain/ledger.ts'
import { encodings, encodingsOf } from '../chain/check-encoding.ts'
import { startOf, unpackLog, type LogOrigin, type LogPage } from '../chain/log-page.ts'
import { createBookNumber } from './book-number.ts'
import { createBulkInsert } from './bulk-insert.ts'
import { eventRows } from './event-rows.ts'
import { apartTable, eventNumbers, isInPlaceTable } from './event-views.ts'
import { createPlainMovements } from './plain-movements.ts'
import { createPlainOrders } from './plain-orders.ts'
import { preparedOnce, type SqlDatabase, type SqlStatement, type SqlValue } from './sql-database.ts'
import { createVaultLedger } from './vault-ledger.ts'
import { vaultMovements, type OpenClear } from './vault-movements.ts'

/** What of logs is written: `rows` of logs from before those that are there, whose `movements` come again later. */
export type WrittenPart = 'all' | 'rows' | 'movements'

/** Writes logs and what they say, in their order. */
export function createLogWriter(
  database: SqlDatabase,
  orderbook: Orderbook,
  scope: readonly [number, Address],
) {
  const prepared = preparedOnce(database)
  const insertOne = createInsert(prepared)
  const book = createBookNumber(database, scope)
  const logs = createBulkInsert(database, 'raw_logs', book.get, 8)
  const vaults = createVaultLedger(database, orderbook, book)
  const plain = createPlainMovements(vaults)
  const orders = createPlainOrders(database, scope)
  let decimals: ReadonlyMap<string, Token['decimals']> = new Map()
  let clears: OpenClear[] = []
  let transaction: string | undefined

  const decimalsOf = (token: string): number | undefined => {
    const known = decimals.get(token)
    return known === 'none' ? undefined : known
  }
  /** A log that is not read where it lies: decoded as a whole, its rows in tables. */
  const putDecoded = (page: LogPage, at: number, isInPlace: boolean, part: WrittenPart): void => {
    const log = unpackLog(page, at)
    const { address, transactionHash, logIndex, blockNumber, blockTimestamp } = log
    const event = decodeLog(
      log,
      orderbook.address,
      address === orderbook.address ? undefined : new Set([address]),
    )
    if (event.kind === 'ClearV3' || event.kind === 'AfterClearV2') {
      if (transactionHash !== transaction) clears = []
      transaction = transactionHash
    }
    const clear = event.kind === 'AfterClearV2' ? clears.shift() : undefined
    if (event.kind === 'ClearV3') clears.push(event)
    if (part !== 'movements') {
      const rows = eventRows(event, decimalsOf)
      const place = [...scope, transactionHash, logIndex] as const
      // A time is always known here; the public schema demands one.
      const when = [blockNumber, blockTimestamp ?? 0] as const
      if (rows !== undefined && !isInPlace) {
        const table = isInPlaceTable(rows.table) ? apartTable(rows.table) : rows.table
        insertOne(table, [...place, ...when, ...rows.values])
      }
      for (const child of rows?.children ?? []) insertOne(child.table, [...place, ...child.values])
    }
    if (part !== 'rows') {
      vaultMovements(event, clear, decimalsOf).forEach((movement, index) =>
        vaults.move(movement, blockNumber, logIndex, index),
      )
    }
  }

  /** What a plain log says beside its row. */
  const putPlain = (
    { event, isOrder }: KnownOrigin,
    view: DataView,
    page: LogPage,
    at: number,
    part: WrittenPart,
  ): void => {
    // Orders move nothing, and nothing else has rows of its own.
    if (isOrder && part !== 'movements') orders.put(event, view, page, at)
    if (!isOrder && part !== 'rows') plain.put(event, view, page, at)
  }

  return {
    /** Forgets what it knows of the tables: they have changed, or not changed as they should have. */
    forget(): void {
      book.forget()
      logs.forget()
      vaults.forget()
      orders.forget()
      clears = []
      transaction = undefined
    },
    knowDecimals(tokens: readonly Token[]): void {
      decimals = new Map(tokens.map(({ address, decimals: known }) => [address, known]))
      vaults.decimals = decimals
    },
    /** Logs in their order. Those that are there already change nothing. */
    put(page: LogPage, part: WrittenPart = 'all'): void {
      const origins = page.origins.map((origin) => originOf(origin, orderbook.address))
      const view = new DataView(page.bytes.buffer, page.bytes.byteOffset, page.bytes.byteLength)
      const found = page.encodings ?? encodingsOf(page, orderbook.address)
      const mayRepeat = part !== 'movements' && hasLogs(prepared, book.get(), page)
      let added = 0
      for (let at = 0; at < page.length; at++) {
        const origin = origins[page.originAt[at] ?? 0]
        if (origin === undefined) throw new RangeError('A log has no origin.')
        const [start, end] = [startOf(page, at), page.ends[at] ?? 0]
        const encoding = found[at] ?? encodings.other
        const isInPlace = encoding !== encodings.other && !origin.isOrder
        if (part !== 'movements') {
          const [block = 0, index = 0, time = NaN] = [
            page.blockNumbers[at],
            page.logIndexes[at],
            page.timestamps[at],
          ]
          const { event, source, topics } = origin
          logs.values.push(block, index, Number.isNaN(time) ? null : time, event, source, topics)
          logs.values.push(isInPlace ? 1 : 0, page.bytes.subarray(start, end))
          if (!mayRepeat) logs.added()
          // What it says is there already; only the order of clears still counts.
          else if (logs.flush() === 0) {
            if (origin.isClear) putDecoded(page, at, isInPlace, 'rows')
            continue
          }
          added += 1
        }
        if (encoding === encodings.plain) putPlain(origin, view, page, at, part)
        else putDecoded(page, at, isInPlace, part)
      }
      if (part !== 'movements' && !mayRepeat && logs.flush() !== added)
        throw new RangeError('A log is there twice in one stretch.')
      vaults.flush()
      orders.flush()
      // A transaction is never in two stretches.
      clears = []
      transaction = undefined
    },
  }
}

/** What all logs of an origin have in common. */
type KnownOrigin = {
  readonly event: number
  readonly source: string | null
  readonly topics: string | null
  readonly isClear: boolean
  readonly isOrder: boolean
}

const numbersByTopic: ReadonlyMap<string, number> = new Map(
  Object.entries(knownTopics).map(([name, topic]) => [topic, eventNumbers[name as keyof typeof knownTopics]]),
)

function originOf({ address, topics }: LogOrigin, orderbook: Address): KnownOrigin {
  const number = topics.length === 1 ? (numbersByTopic.get(topics[0] ?? '') ?? 0) : 0
  const isOwn = address === orderbook
  return {
    event: number,
    source: isOwn ? null : address,
    topics: number === 0 ? JSON.stringify(topics) : null,
    isClear: isOwn && (number === eventNumbers.ClearV3 || number === eventNumbers.AfterClearV2),
    isOrder: isOwn && (number === eventNumbers.AddOrderV3 || number === eventNumbers.RemoveOrderV3),
  }
}

/** Whether logs are there of the blocks that a page is of. */
function hasLogs(
  prepared: (sql: string) => SqlStatement,
  book: number,
  { blockNumbers, length }: LogPage,
): boolean {
  if (length === 0) return false
  const sql = 'SELECT 1 FROM raw_logs WHERE book = ? AND block_number BETWEEN ? AND ? LIMIT 1'
  let [first, last] = [Infinity, 0]
  for (const block of blockNumbers.subarray(0, length)) {
    first = Math.min(first, block)
    last = Math.max(last, block)
  }
  return prepared(sql).all(book, first, last).length > 0
}

function createInsert(prepared: (sql: string) => SqlStatement) {
  return (table: string, values: readonly SqlValue[]): void => {
    const places = values.map(() => '?').join(', ')
    prepared(`INSERT OR IGNORE INTO ${table} VALUES (${places})`).run(...values)
  }
}
