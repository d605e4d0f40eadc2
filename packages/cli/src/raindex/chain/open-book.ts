import {
  createRpcPool,
  checkBook,
  readChainId,
  type LocalBook,
  type LocalDatabase,
  type RpcPool,
} from '@freshet/raindex/client'
import { openLocalDatabase } from '@freshet/raindex/client/sqlite'
import type { Address, Orderbook } from '@freshet/raindex/engine'
import { badCall } from '../../parse-call.ts'
import type { RaindexCall } from '../raindex-command.ts'
import { readAddress, readCount } from '../read-option.ts'

/** A local database that is open, and the order book in it that is meant. */
export type OpenBook = {
  readonly database: LocalDatabase
  readonly book: LocalBook
  readonly chainId: number
  readonly orderbook: Orderbook
}

/**
 * The nodes that `--rpc` names, of one chain.
 *
 * @throws {FreshetError} `cli/bad-call`, and as `readChainId` does.
 */
export async function openPool({ options, io }: RaindexCall): Promise<RpcPool> {
  const { rpc, chain } = options.raindex
  const [first] = rpc
  if (first === undefined)
    throw badCall('Name a node with --rpc URL. Give it again for another that helps out.')
  for (const url of rpc) {
    const isHttp = URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)
    if (!isHttp)
      throw badCall(
        `--rpc takes an address such as https://host/key, not ${JSON.stringify(url.slice(0, 80))}.`,
      )
  }
  const chainId =
    readCount('--chain', 'the id of a chain', chain) ??
    (await readChainId(first, { signal: io.interrupted() }))
  return createRpcPool({ chainId, rpcs: rpc, clock: io.clock })
}

/** Opens the file that `--db` names. @throws {FreshetError} `cli/bad-call`, and as `openLocalDatabase` does. */
export async function openDatabase({ options, io }: RaindexCall): Promise<LocalDatabase> {
  const { db } = options.raindex
  if (db === undefined) throw badCall('Name the file of the local database with --db FILE.')
  return openLocalDatabase({ path: db, thread: true, clock: io.clock })
}

/**
 * The order book that is meant: the one named, else the only one that the database has.
 *
 * @throws {FreshetError} `cli/bad-call`, and as `checkBook` does.
 */
export async function findBook(
  call: RaindexCall,
  database: LocalDatabase,
  pool: RpcPool | undefined,
): Promise<OpenBook> {
  const [found, ...others] = await findBooks(call, database, pool)
  if (found !== undefined && others.length === 0) return found
  throw badCall(`The database has ${others.length + 1} order books. Name one with --orderbook ADDRESS.`)
}

/**
 * The order books that are meant: the one named, else all that the database has.
 *
 * @returns one at least.
 * @throws {FreshetError} `cli/bad-call`, and as `checkBook` does.
 */
export async function findBooks(
  call: RaindexCall,
  database: LocalDatabase,
  pool: RpcPool | undefined,
): Promise<readonly OpenBook[]> {
  const { options, io } = call
  const named = readAddress('--orderbook', options.raindex.orderbook)
  const kept = (await keptBooks(database)).filter(
    ({ chainId, address }) =>
      (pool === undefined || chainId === pool.chainId) && (named === undefined || address === named),
  )
  const isNew = kept.length === 0 && named !== undefined && pool !== undefined
  const meant = isNew ? [{ chainId: pool.chainId, address: named }] : kept
  if (meant.length === 0) {
    throw badCall(
      'The database has no order book yet. Name one with --orderbook ADDRESS, and a node with --rpc URL.',
    )
  }
  return Promise.all(
    meant.map(async ({ chainId, address }) => {
      const seen = pool && !options.raindex.v6 ? await checkBook(pool, address, io.interrupted()) : undefined
      const orderbook: Orderbook = { address, version: options.raindex.v6 ? 'v6' : (seen ?? 'v5') }
      return { database, book: database.book({ chainId, orderbook }), chainId, orderbook }
    }),
  )
}

async function keptBooks(
  database: LocalDatabase,
): Promise<readonly { readonly chainId: number; readonly address: Address }[]> {
  const rows = await database.query('SELECT chain_id, orderbook_address FROM target_watermarks ORDER BY 1, 2')
  // Columns of the public schema, written by it.
  return rows.map((row) => ({
    chainId: Number(row['chain_id']),
    address: row['orderbook_address'] as Address,
  }))
}
