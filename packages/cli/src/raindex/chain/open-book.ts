import { FreshetError } from '@freshet/core'
import { checkBook, type LocalBook, type LocalDatabase } from '@freshet/raindex/client'
import { openLocalDatabase } from '@freshet/raindex/client/sqlite'
import type { Address, Orderbook } from '@freshet/raindex/engine'
import { stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { badCall } from '../../parse-call.ts'
import type { RaindexCall } from '../raindex-command.ts'
import type { BookTarget, FollowedTarget } from './book-target.ts'

/** A local database that is open, and the order book in it that is meant. */
export type OpenBook = {
  readonly database: LocalDatabase
  readonly book: LocalBook
  readonly chainId: number
  readonly orderbook: Orderbook
}

/**
 * Opens the file that `--db` names, and makes it where it is not there.
 *
 * @param options.mustBeThere - It is only read, so that a new one would be of no use. Default false.
 * @throws {FreshetError} `cli/bad-call`, and as `openLocalDatabase` does.
 */
export async function openDatabase(
  { options, io }: RaindexCall,
  { mustBeThere = false } = {},
): Promise<LocalDatabase> {
  const { db } = options.raindex
  if (db === undefined) throw badCall('Name the file of the local database with --db FILE.')
  const there = await stat(db).catch(() => undefined)
  if (there?.isDirectory()) throw badCall(`--db takes a file, and ${db} is a folder.`)
  if (mustBeThere && there === undefined)
    throw badCall(`There is no database ${db}. Fill one with freshet raindex sync, or check the name.`)
  const folder = dirname(db)
  if (!there && !(await stat(folder).catch(() => undefined)))
    throw badCall(
      `The folder ${folder}, in which the database would be, is not there. Make it, or check the name.`,
    )
  return openLocalDatabase({ path: db, thread: true, clock: io.clock })
}

/**
 * The order book that is meant: the one named, else the only one that the database has.
 *
 * @throws {FreshetError} `cli/bad-call`, and as `checkBook` does.
 */
export async function findBook<Target extends BookTarget>(
  call: RaindexCall,
  database: LocalDatabase,
  targets: readonly Target[],
): Promise<OpenBook & Target> {
  const [found, ...others] = await findBooks(call, database, targets)
  if (found !== undefined && others.length === 0) return found
  const { settings } = call.options.raindex
  const [where, name] = settings === undefined ? ['The database', 'ADDRESS'] : [settings, 'NAME']
  throw badCall(`${where} has ${others.length + 1} order books. Name one with --orderbook ${name}.`)
}

/**
 * The order books that are meant: those named, else all that the database has.
 *
 * @returns one at least.
 * @throws {FreshetError} `cli/bad-call`, and as `checkBook` does.
 */
export async function findBooks<Target extends BookTarget>(
  call: RaindexCall,
  database: LocalDatabase,
  targets: readonly Target[],
): Promise<readonly (OpenBook & Target)[]> {
  const kept = await keptBooks(database)
  const meant = targets.flatMap((target) => {
    const { chainId, address } = target
    const known = kept.filter(
      (book) =>
        (chainId === undefined || book.chainId === chainId) &&
        (address === undefined || book.address === address),
    )
    if (known.length > 0) return known.map((book) => ({ target, ...book }))
    const isNew = nodesOf(target) !== undefined && address !== undefined && chainId !== undefined
    return isNew ? [{ target, chainId, address, version: undefined }] : []
  })
  if (meant.length === 0) throw noSuchBook(kept, targets)
  call.io.progress?.('Looking at the order book …')
  try {
    return await Promise.all(
      meant.map(async ({ target, chainId, address, version: kept }) => {
        const version = await versionOf(call, target, address).catch((error: unknown) => {
          // What is kept is answered although no node does.
          if (kept !== undefined && error instanceof FreshetError && error.retryable) return kept
          throw error
        })
        const orderbook = { address, version: version ?? kept ?? 'v5' }
        return { ...target, database, book: database.book({ chainId, orderbook }), chainId, orderbook }
      }),
    )
  } finally {
    call.io.progress?.('')
  }
}

/** As the person or the contract says; undefined where neither does. */
async function versionOf(
  { options, io }: RaindexCall,
  target: BookTarget,
  address: Address,
): Promise<Orderbook['version'] | undefined> {
  if (options.raindex.v6) return 'v6'
  const pool = nodesOf(target)
  return pool && checkBook(pool, address, io.interrupted())
}

function noSuchBook(kept: readonly KeptBook[], [target]: readonly BookTarget[]): Error {
  if (kept.length === 0)
    return badCall(
      'The database has no order book yet. Name one with --orderbook ADDRESS, and a node with --rpc URL.',
    )
  const { address = 'order book', chainId } = target ?? {}
  const where = chainId === undefined ? '' : ` of chain ${chainId}`
  const names = kept.map((book) => `${book.address} of chain ${book.chainId}`).join(', ')
  return badCall(`The database has no ${address}${where}. It has: ${names}.`)
}

function nodesOf(target: BookTarget | FollowedTarget): FollowedTarget['pool'] | undefined {
  return 'pool' in target ? target.pool : undefined
}

type KeptBook = {
  readonly chainId: number
  readonly address: Address
  /** As it was when the book was synced. */
  readonly version: Orderbook['version'] | undefined
}

async function keptBooks(database: LocalDatabase): Promise<readonly KeptBook[]> {
  const rows = await database.query(
    'SELECT chain_id, orderbook_address, version FROM target_watermarks LEFT JOIN book_versions USING (chain_id, orderbook_address) ORDER BY 1, 2',
  )
  // Columns of the public schema, written by it.
  return rows.map((row) => ({
    chainId: Number(row['chain_id']),
    address: row['orderbook_address'] as Address,
    version: (row['version'] ?? undefined) as Orderbook['version'] | undefined,
  }))
}
