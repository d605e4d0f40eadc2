import { availableParallelism } from 'node:os'
import {
  createChainHeads,
  type ChainHeads,
  type ChainNotice,
  type SharedBooks,
} from '@freshet/raindex/client'
import { openSqliteSharedBooks } from '@freshet/raindex/client/sqlite'
import { badCall } from '../../parse-call.ts'
import { findFollowedTargets } from '../chain/book-target.ts'
import { findBooks, openDatabase } from '../chain/open-book.ts'
import { isPostgresUrl } from '../../registry.ts'
import type { RaindexCall } from '../raindex-command.ts'
import { readCount } from '../read-option.ts'
import { openBookServer } from './book-server.ts'
import { openServedBook, type OpenServedBook, type ServedBook } from './served-book.ts'

/** Keeps order books live and answers over HTTP until it is interrupted. */
export async function serveBooks(call: RaindexCall): Promise<number> {
  const { options, io, words } = call
  if (words.length > 0)
    throw badCall('raindex serve takes options only, such as --rpc URL --db FILE --port N.')
  const { clock } = io
  const [threads, place] = [readThreads(call), readShared(call)]
  const targets = await findFollowedTargets(call)
  const database = await openDatabase(call)
  const opened: OpenServedBook[] = []
  const allHeads: ChainHeads[] = []
  let shared: SharedBooks | undefined
  try {
    const books = await findBooks(call, database, targets)
    shared = await openShared(place, call)
    for (const [at, { chainId, orderbook, pool, socketUrl, fromBlock, pace }] of books.entries()) {
      const { pollMs, ...windows } = pace
      const openSocket = socketUrl === undefined ? undefined : () => new WebSocket(socketUrl)
      const heads = createChainHeads({ pollMs, clock, openSocket })
      allHeads.push(heads)
      const workers = shareOf(threads, at, books.length)
      const book = {
        chainId,
        orderbook,
        pool,
        database,
        fromBlock,
        heads,
        clock,
        shared,
        workers,
        ...windows,
      }
      const served = await openServedBook({ ...book, onNotice: tellForks(orderbook.address, call) })
      opened.push(served)
      tellRoles(served, call)
    }
    const { host } = options.raindex
    const token = io.env['FRESHET_TOKEN']
    const server = await openBookServer({ books: opened, clock, host, port: options.port, token })
    io.out(`Serving ${opened.length} order ${opened.length === 1 ? 'book' : 'books'} at ${server.url}`)
    io.out(`  ${server.url}/books  /healthz  /metrics  /events`)
    io.err('Ctrl-C ends.')
    const signal = io.interrupted()
    if (!signal.aborted)
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
    await server.close()
    return 0
  } finally {
    for (const book of opened) await book.close()
    for (const heads of allHeads) heads.close()
    await shared?.close()
    await database.close()
  }
}

/** Where servers keep their books together. */
type SharedPlace =
  | { readonly kind: 'postgres'; readonly url: string }
  | { readonly kind: 'file'; readonly path: string }

/** @throws {FreshetError} `cli/bad-call`. */
function readShared({ options, io }: RaindexCall): SharedPlace | undefined {
  const { shared: path } = options.raindex
  const url = options.raindex.postgres ?? io.env['FRESHET_POSTGRES'] ?? ''
  if (url === '') return path === undefined ? undefined : { kind: 'file', path }
  if (path !== undefined)
    throw badCall('--shared and PostgreSQL are two places for the same. Give one of them.')
  if (URL.canParse(url) && isPostgresUrl(url)) return { kind: 'postgres', url }
  // What was given is not repeated: it may hold a password.
  throw badCall('--postgres and FRESHET_POSTGRES take an address such as postgres://user@host/database.')
}

async function openShared(
  place: SharedPlace | undefined,
  { io }: RaindexCall,
): Promise<SharedBooks | undefined> {
  if (place === undefined) return undefined
  if (place.kind === 'file') return openSqliteSharedBooks({ path: place.path })
  // Loaded on use: who serves alone does without.
  const { openPostgresSharedBooks } = await import('@freshet/raindex/client/postgres')
  return openPostgresSharedBooks({ url: place.url, password: io.env['FRESHET_PASSWORD'] })
}

const mostThreads = 4

function readThreads({ options }: RaindexCall): number {
  const asked = readCount('--workers', 'a number of threads', options.raindex.workers)
  if (asked !== undefined && asked > 64) throw badCall('--workers takes at most 64 threads.')
  return asked ?? Math.min(mostThreads, availableParallelism() - 1)
}

/** Of so many threads for so many books; the first have one more where they cannot be halved. */
function shareOf(threads: number, book: number, books: number): number {
  return Math.floor(threads / books) + (book < threads % books ? 1 : 0)
}

function tellRoles({ raindex, orderbook }: ServedBook, { io }: RaindexCall): void {
  if (raindex.role === undefined) return
  let told: string | undefined
  const tell = (): void => {
    const { role } = raindex
    if (role === told) return
    told = role
    const what = role === 'writer' ? 'reads the chain for all' : 'follows the one that reads the chain'
    io.err(`${orderbook.address}: this server ${what}.`)
  }
  tell()
  raindex.subscribe(tell)
}

function tellForks(address: string, { io }: RaindexCall): (notice: ChainNotice) => void {
  return (notice) => {
    if (notice.kind !== 'reorg' && notice.kind !== 'deep-reorg') return
    const { depth, ancestorBlock } = notice
    io.err(`${address}: the chain was reorganised, ${depth} blocks back to ${ancestorBlock}.`)
  }
}
