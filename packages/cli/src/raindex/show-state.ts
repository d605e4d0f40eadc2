import type { Row } from '@freshet/core'
import type { OrderRow, StoreRow, VaultRow } from '@freshet/raindex/engine'
import { display, floatToHex } from '@freshet/raindex/float'
import { badCall } from '../parse-call.ts'
import { withProgress } from '../progress.ts'
import type { RaindexCall } from './raindex-command.ts'
import { readLogFile } from './read-log-file.ts'
import { printColumns } from './print-columns.ts'
import { readCount } from './read-option.ts'
import { replayBook, type ReplayedBook } from './replay-book.ts'

/** Prints the state that the logs of an order book lead to. */
export async function showState({ words, options, io }: RaindexCall): Promise<number> {
  const { logs, at } = options.raindex
  const [name, ...more] = words
  const part = name === undefined ? undefined : parts.get(name)
  if (more.length > 0 || (name !== undefined && part === undefined)) {
    throw badCall(
      `Name one part: vaults, orders or store, not ${JSON.stringify(words.join(' ').slice(0, 80))}.`,
    )
  }
  if (logs === undefined) throw badCall('Give the logs of an order book with --logs FILE.ndjson.')
  const block = readCount('--at', 'the number of a block', at)
  const book = await withProgress(io, `Replaying ${logs}`, async (report) =>
    replayBook(await readLogFile(logs), block, options.raindex, report),
  )
  if (part === undefined) {
    io.out(options.json ? JSON.stringify(summaryOf(book)) : summaryText(book))
    return 0
  }
  const rows = rowsOf(book, part.table)
  if (options.json) for (const row of rows) io.out(JSON.stringify(part.toJson(row)))
  else if (rows.length > 0) io.out(printColumns([part.columns, ...rows.map(part.toCells)]))
  io.err(`${rows.length} ${rows.length === 1 ? part.one : part.many} at block ${book.blockNumber}`)
  return 0
}

type Part = {
  readonly table: string
  readonly one: string
  readonly many: string
  readonly columns: readonly string[]
  readonly toCells: (row: Row) => readonly string[]
  readonly toJson: (row: Row) => unknown
}

// The rows of each table are those that the projection writes.
const parts: ReadonlyMap<string, Part> = new Map([
  [
    'vaults',
    partOf<VaultRow>({
      table: 'vaults',
      one: 'vault',
      many: 'vaults',
      columns: ['owner', 'token', 'vault', 'balance'],
      toCells: ({ owner, token, vaultId, balance }) => [owner, token, vaultId, display(balance)],
      toJson: ({ owner, token, vaultId, balance }) => ({
        owner,
        token,
        vaultId,
        balance: display(balance),
        float: floatToHex(balance),
      }),
    }),
  ],
  [
    'orders',
    partOf<OrderRow>({
      table: 'orders',
      one: 'order',
      many: 'orders',
      columns: ['order', 'owner', 'takes', 'gives'],
      toCells: ({ hash, owner, validInputs, validOutputs }) => [
        hash,
        owner,
        ...[validInputs, validOutputs].map((ios) => ios.map(({ token }) => token).join(',')),
      ],
      toJson: (row) => row,
    }),
  ],
  [
    'store',
    partOf<StoreRow>({
      table: 'store',
      one: 'word',
      many: 'words',
      columns: ['store', 'namespace', 'key', 'value'],
      toCells: ({ store, fqn, key, value }) => [store, fqn, key, value],
      toJson: (row) => row,
    }),
  ],
])

function partOf<R>(
  part: Omit<Part, 'toCells' | 'toJson'> & {
    readonly toCells: (row: R) => readonly string[]
    readonly toJson: (row: R) => unknown
  },
): Part {
  return {
    ...part,
    // The projection writes rows of this type into the table.
    toCells: (row) => part.toCells(row as R),
    // As above.
    toJson: (row) => part.toJson(row as R),
  }
}

/** By id, so that equal states print the same. */
function rowsOf({ replica }: ReplayedBook, table: string): readonly Row[] {
  const rows = [...replica.collection(table).entries()]
  return rows.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row)
}

function summaryOf(book: ReplayedBook) {
  const count = (table: string): number => book.replica.collection(table).size
  const { orderbook, blockNumber, counts } = book
  return {
    orderbook: orderbook.address,
    version: orderbook.version,
    blockNumber,
    orders: count('orders'),
    vaults: count('vaults'),
    words: count('store'),
    events: counts,
  }
}

function summaryText(book: ReplayedBook): string {
  const { orderbook, version, blockNumber, orders, vaults, words, events } = summaryOf(book)
  const counted = Object.entries(events).map(([event, count]) => `${event} ${count}`)
  return [
    `Order book ${orderbook} (${version}) at block ${blockNumber}`,
    `${orders} orders, ${vaults} vaults, ${words} words in stores`,
    `Events: ${counted.join(', ')}`,
  ].join('\n')
}
