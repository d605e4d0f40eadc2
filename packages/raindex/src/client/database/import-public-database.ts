import { readRpcLog, type Address, type ChainLog } from '../../engine/index.ts'
import { RaindexClientError } from '../client-error.ts'
import type { Token } from '../chain/ledger.ts'
import { readToken } from '../chain/read-token.ts'
import type { RpcPool } from '../chain/rpc-pool.ts'
import { scanLogs } from '../chain/scan-logs.ts'
import type { LocalBook } from './local-database.ts'
import type { SqlDatabase, SqlValue } from './sql-database.ts'

/** What an import brought in. */
export type ImportResult = {
  readonly logs: number
  readonly tokens: number
  /** The newest block that is complete; a sync goes on behind it. Undefined when there was nothing. */
  readonly upToBlock: number | undefined
  /** Stores whose logs the file does not have; a sync reads them. */
  readonly storesWithoutLogs: readonly Address[]
}

export type ImportOptions = {
  /**
   * Nodes that are asked for the decimals of tokens that the file has not. Default none: such a token is named when it
   * is first read.
   */
  readonly pool?: RpcPool | undefined
  readonly signal?: AbortSignal | undefined
}

/** Logs taken over in one transaction. */
const logsAWindow = 2_000

/**
 * Takes the events of a database that the public tool wrote, of any schema it had, into an empty book.
 *
 * Only raw events and tokens are taken over; what is decoded there is decoded again. Each log is checked as if a node
 * had sent it.
 *
 * @throws {RaindexClientError} `BadDump`: it has no raw events that can be read, or the book is not empty.
 */
export async function importPublicDatabase(
  source: SqlDatabase,
  book: LocalBook,
  { pool, signal = new AbortController().signal }: ImportOptions = {},
): Promise<ImportResult> {
  if ((await book.tip()) !== undefined) throw badDump('The book is not empty. Import into a new database.')
  const layout = readLayout(source)
  const { chainId, orderbook } = book.id
  const tokens = readTokens(source, layout, chainId)
  await book.putTokens(tokens)
  const known = new Set(tokens.map(({ address }) => address))
  const stores = new Map<Address, number>()
  const found = new Set<Address>()
  let pending: ChainLog[] = []
  let from = 0
  let count = 0
  const commit = async (logs: readonly ChainLog[]): Promise<void> => {
    const last = logs.at(-1)
    if (last === undefined) return
    const scan = scanLogs(logs, orderbook.address)
    const newStores = new Map([...scan.stores].filter(([store]) => !stores.has(store)))
    for (const [store, block] of newStores) stores.set(store, block)
    const { blockNumber: number, blockHash: hash, blockTimestamp: timestamp = 0 } = last
    // Nothing is known of its parent, and nothing is checked against it: it is final.
    const header = { number, hash, parentHash: hash, timestamp, logsBloom: undefined }
    const newTokens =
      pool === undefined ? [] : await readTokensOf(pool, scan.tokens.difference(known), signal)
    for (const { address } of newTokens) known.add(address)
    const common = { headers: [], newTokens, finalizedTo: number, storesLack: true }
    await book.commit({ from, to: number, header, logs, newStores, ...common })
    from = number + 1
    count += logs.length
  }
  for (const log of readRows(source, layout, book)) {
    if (log.address !== orderbook.address) found.add(log.address)
    const isNewBlock = pending.at(-1)?.blockNumber !== log.blockNumber
    if (isNewBlock && pending.length >= logsAWindow) {
      await commit(pending)
      pending = []
    }
    pending.push(log)
  }
  await commit(pending)
  // Of stores it has any logs of, a file has all: the tool that wrote it fetched them together.
  await book.completeStores([...stores.keys()].filter((store) => found.has(store)))
  return {
    logs: count,
    tokens: known.size,
    upToBlock: count === 0 ? undefined : from - 1,
    storesWithoutLogs: [...stores.keys()].filter((store) => !found.has(store)),
  }
}

async function readTokensOf(
  pool: RpcPool,
  tokens: ReadonlySet<Address>,
  signal: AbortSignal,
): Promise<readonly Token[]> {
  return Promise.all([...tokens].map((token) => readToken(pool, token, signal)))
}

type Layout = {
  /** The column that names the order book; undefined in the oldest files, which hold one. */
  readonly scope: 'orderbook_address' | 'raindex_address' | undefined
  readonly tokenColumn: string | undefined
}

function readLayout(source: SqlDatabase): Layout {
  const columns = (table: string): ReadonlySet<string> =>
    new Set(
      source
        .prepare(`SELECT name FROM pragma_table_info('${table}')`)
        .all()
        .map(([name]) => String(name)),
    )
  const raw = columns('raw_events')
  if (!raw.has('raw_json') || !raw.has('log_index')) {
    throw badDump('The database has no table of raw events as the public tool writes it. Give one that has.')
  }
  const [scope] = (['orderbook_address', 'raindex_address'] as const).filter((name) => raw.has(name))
  const tokens = columns('erc20_tokens')
  const [tokenColumn] = ['token_address', 'address'].filter((name) => tokens.has(name))
  return { scope, tokenColumn }
}

function readTokens(source: SqlDatabase, { tokenColumn }: Layout, chainId: number): readonly Token[] {
  if (tokenColumn === undefined) return []
  const tokens = new Map<string, Token>()
  const rows = source
    .prepare(`SELECT ${tokenColumn}, decimals, name, symbol FROM erc20_tokens WHERE chain_id = ?`)
    .all(chainId)
  for (const [text, decimals, name, symbol] of rows) {
    const address = String(text).toLowerCase()
    const isToken = /^0x[0-9a-f]{40}$/.test(address)
    if (!isToken || typeof decimals !== 'number' || decimals < 0 || decimals > 255) continue
    // Tested above.
    const token = { address: address as Address, decimals, name: String(name), symbol: String(symbol) }
    tokens.set(address, token)
  }
  return [...tokens.values()]
}

/** The logs in order, page by page. */
function* readRows(
  source: SqlDatabase,
  { scope }: Layout,
  book: LocalBook,
): Generator<ChainLog, void, undefined> {
  const { chainId, orderbook } = book.id
  const where = scope === undefined ? '' : `chain_id = ? AND ${scope} = ? AND`
  const values: readonly SqlValue[] = scope === undefined ? [] : [chainId, orderbook.address]
  const page = source.prepare(
    `SELECT raw_json, block_timestamp, block_number, log_index FROM raw_events WHERE ${where}
     (block_number, log_index) > (?, ?) ORDER BY block_number, log_index LIMIT 1000`,
  )
  let [block, index] = [-1, -1]
  for (;;) {
    const rows = page.all(...values, block, index)
    for (const row of rows) yield readLog(row)
    const last = rows.at(-1)
    if (last === undefined) return
    ;[block, index] = [Number(last[2]), Number(last[3])]
  }
}

function readLog([json, timestamp, block, index]: readonly SqlValue[]): ChainLog {
  const place = `Log ${String(index)} of block ${String(block)}`
  try {
    const log = readRpcLog(JSON.parse(String(json)))
    if (log.blockNumber !== block || log.logIndex !== index) throw badDump(`${place} is of another place.`)
    if (log.blockTimestamp !== undefined || typeof timestamp !== 'number') return log
    return { ...log, blockTimestamp: timestamp }
  } catch (error) {
    throw badDump(`${place} of the database cannot be read. Get the file again.`, error)
  }
}

/** A dump or database that cannot be taken over. */
export function badDump(message: string, cause?: unknown): RaindexClientError {
  return new RaindexClientError('BadDump', { message, cause })
}
