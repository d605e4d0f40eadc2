import { delay, FreshetError, systemClock } from '@freshet/core'
import { openNodeSql } from '../database/node-sql.ts'
import { inTransaction } from './in-transaction.ts'
import { createTurns } from './take-turns.ts'
import type { BookId } from '../database/book-tables.ts'
import type { SqlDatabase } from '../database/sql-database.ts'
import type { SharedBooks } from './shared-books.ts'
import { sharedUnreachable } from './shared-error.ts'
import {
  createSharedBook,
  makeSharedTables,
  type RunShared,
  type SharedDatabase,
  type SharedLock,
} from './shared-tables.ts'

export type SqliteSharedBooksOptions = {
  /** The file; its folder must exist and be on a disk of this machine. Locks stand beside it. */
  readonly path: string
}

/**
 * Opens what the processes of one machine share of order books, in one file.
 *
 * A book's writer holds the lock of a file of its own, which the system takes back when the process ends, however it
 * ends.
 *
 * @throws {FreshetError} `raindex/shared-unreachable`, `raindex/shared-foreign`.
 */
export async function openSqliteSharedBooks({ path }: SqliteSharedBooksOptions): Promise<SharedBooks> {
  const connection = translating(() => openNodeSql({ path, busyTimeoutMs: 0 }))
  const inTurn = createTurns()
  const run = runOn(connection)
  const transaction = <T>(work: (run: RunShared) => Promise<T>): Promise<T> =>
    inTurn(() => inTransaction(run, work, () => whileBusy(() => run('BEGIN IMMEDIATE'))))
  const held = new Set<SharedLock>()
  try {
    await whileBusy(() => run('PRAGMA journal_mode = WAL'))
    await transaction(makeSharedTables)
  } catch (error) {
    connection.close()
    throw error
  }
  const database: SharedDatabase = {
    rows: (sql, values) => inTurn(() => run(sql, values)),
    nowMs: "CAST(unixepoch('subsec') * 1000 AS INTEGER)",
    async lock(id) {
      const letGo = tryLock(path, id)
      if (letGo === undefined) return undefined
      const lost = new AbortController()
      const lock: SharedLock = {
        lost: lost.signal,
        async transaction(work) {
          if (lost.signal.aborted) throw sharedUnreachable('the lock was let go', undefined)
          return transaction(work)
        },
        async release() {
          if (!held.delete(lock)) return
          lost.abort(new Error('The lock was let go.'))
          await inTurn(async () => letGo())
        },
      }
      held.add(lock)
      return lock
    },
    // Nothing tells; readers look.
    subscribe: () => () => undefined,
  }
  return {
    book: (id) => createSharedBook(database, id),
    async close() {
      for (const lock of [...held]) await lock.release()
      await inTurn(async () => connection.close())
    },
  }
}

/** @returns what ends it; undefined while another has it. */
function tryLock(path: string, { chainId, orderbook }: BookId): (() => void) | undefined {
  const lock = translating(() =>
    openNodeSql({ path: `${path}-${chainId}-${orderbook.address}.lock`, busyTimeoutMs: 0 }),
  )
  try {
    lock.exec('BEGIN EXCLUSIVE')
    return () => lock.close()
  } catch (error) {
    lock.close()
    if (isBusy(error)) return undefined
    throw sharedUnreachable(messageOf(error), error)
  }
}

function runOn(connection: SqlDatabase): RunShared {
  return async (sql, values = []) => translating(() => connection.prepare(sql).all(...values))
}

/** How long another's writing is waited for, and how long between two attempts. */
const patienceMs = 10_000
const attemptMs = 5

/** Waits without holding up this thread: the one who writes may be another connection of it. */
async function whileBusy<T>(work: () => Promise<T>): Promise<T> {
  for (let waitedMs = 0; ; waitedMs += attemptMs) {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof FreshetError) || !isBusy(error.cause) || waitedMs >= patienceMs) throw error
      await delay(systemClock, attemptMs)
    }
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && /locked|busy/i.test(error.message)
}

function translating<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw sharedUnreachable(messageOf(error), error)
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
