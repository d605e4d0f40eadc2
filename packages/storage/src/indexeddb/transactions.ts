import type { IDBPTransaction, StoreNames } from 'idb'
import { closedError } from '../errors.ts'
import type { Database, StoreSchema } from './database.ts'
import { abortQuietly, indexedDbError, unavailableError } from './indexeddb-errors.ts'

export type Name = StoreNames<StoreSchema>
export type Reading = IDBPTransaction<StoreSchema, Name[]>
export type Writing = IDBPTransaction<StoreSchema, Name[], 'readwrite'>

/** Transactions on a connection that others may close, with the port's errors. */
export type Transactions = {
  /** Starts something, if the connection still stands. */
  begin<T>(start: () => T): T
  read<T>(names: Name[], work: (transaction: Reading) => Promise<T>): Promise<T>
  /** Resolves once the transaction has completed; a `strict` one is on the disk then [T7]. */
  write<T>(names: Name[], strict: boolean, work: (transaction: Writing) => Promise<T>): Promise<T>
  close(): void
}

export function createTransactions(
  name: string,
  database: Database,
  lost: () => string | undefined,
): Transactions {
  let closed = false

  const begin = <T>(start: () => T): T => {
    if (closed) throw closedError(name)
    const why = lost()
    if (why !== undefined) throw unavailableError(name, why)
    try {
      return start()
    } catch (error) {
      throw indexedDbError(name, error)
    }
  }

  return {
    begin,
    async read(names, work) {
      const transaction = begin(() => database.transaction(names, 'readonly'))
      try {
        const [result] = await Promise.all([work(transaction), transaction.done])
        return result
      } catch (error) {
        throw indexedDbError(name, error)
      }
    },
    async write(names, strict, work) {
      const durability = strict ? 'strict' : 'relaxed'
      const transaction = begin(() => database.transaction(names, 'readwrite', { durability }))
      try {
        return await completed(transaction, work(transaction))
      } catch (error) {
        throw indexedDbError(name, error)
      }
    },
    close() {
      // Transactions begun before go on to their end.
      closed = true
      database.close()
    },
  }
}

/** The result of the work once its transaction has completed, or the reason why not. */
async function completed<T>(transaction: Writing, work: Promise<T>): Promise<T> {
  // Heard of at the end; until then a rejection is not one nobody handles.
  const ended = transaction.done.then(
    () => undefined,
    (error: unknown) => ({ error }),
  )
  let result: T
  try {
    result = await work
  } catch (error) {
    abortQuietly(transaction)
    const aborted = await ended
    // When the engine ended the transaction, its reason says more than the request that noticed.
    throw aborted === undefined || isAbort(aborted.error) ? error : aborted.error
  }
  await transaction.done
  return result
}

function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'AbortError'
}
