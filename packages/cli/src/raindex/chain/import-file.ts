import { importPublicDatabase, openDump, openPublicDatabase } from '@freshet/raindex/client/sqlite'
import { open, readFile } from 'node:fs/promises'
import { badCall } from '../../parse-call.ts'
import { withProgress } from '../../progress.ts'
import type { RaindexCall } from '../raindex-command.ts'
import { badFile } from '../read-text.ts'
import type { FollowedTarget } from './book-target.ts'
import type { OpenBook } from './open-book.ts'

/**
 * Takes over what the public tool's file of `--import` has of an empty book, and says how much. A book that is not
 * empty stays as it is, so that a call may be repeated.
 *
 * @throws {FreshetError} `cli/bad-file`. `cli/bad-call`: the file has nothing of the book. As `openDump`,
 * `openPublicDatabase` and `importPublicDatabase` do. The book is then empty still.
 */
export async function importFile(
  { options, io }: RaindexCall,
  { book, pool }: OpenBook & FollowedTarget,
): Promise<void> {
  const file = options.raindex.import
  if (file === undefined) return
  const tip = await book.tip()
  if (tip !== undefined)
    return io.err(`Nothing is taken over from ${file}: the database has the book up to block ${tip.number}.`)
  const signal = io.interrupted()
  const { logs, upToBlock } = await withProgress(io, `Taking over ${file}`, async () => {
    const source = await openSource(file)
    try {
      const taken = await importPublicDatabase(source, book, { pool, signal })
      signal.throwIfAborted()
      return taken
    } catch (error) {
      // What is wrong further on leaves nothing behind.
      await book.rewind(-1)
      throw error
    } finally {
      source.close()
    }
  })
  const { chainId, orderbook } = book.id
  if (upToBlock === undefined)
    throw badCall(
      `${file} has no events of ${orderbook.address} on chain ${chainId}. Check both, or leave --import out.`,
    )
  io.err(`Took over ${logs} events up to block ${upToBlock} from ${file}.`)
}

const databaseMark = 'SQLite format 3\0'

/** A database as it is, or what is run of a dump. */
async function openSource(path: string) {
  const bytes = await readBytes(path)
  return bytes === 'database' ? openPublicDatabase(path) : openDump(bytes)
}

/** Databases may be large, and are not read into memory. */
async function readBytes(path: string): Promise<'database' | Uint8Array> {
  try {
    await using file = await open(path)
    const { buffer } = await file.read({ buffer: Buffer.alloc(databaseMark.length), position: 0 })
    return buffer.toString('latin1') === databaseMark ? 'database' : await readFile(path)
  } catch (cause) {
    throw badFile(path, cause)
  }
}
