import { closedError } from '../errors.ts'
import { indexedDbError, unavailableError } from './indexeddb-errors.ts'
import type { OpenedDatabase } from './open-database.ts'
import { completed } from './requests.ts'

/** Transactions on a connection that others may close, with the port's errors. */
export type Transactions = {
  /** @throws {FreshetError} when the connection does not stand any more. */
  assertOpen(): void
  /**
   * Resolves once the transaction has completed; a `strict` one is on the disk then [T7].
   *
   * @param durability - Absent for one that only reads.
   */
  run<T>(
    stores: readonly string[],
    work: (transaction: IDBTransaction) => Promise<T>,
    durability?: 'strict' | 'relaxed',
  ): Promise<T>
  close(): void
}

export function createTransactions(name: string, opened: OpenedDatabase): Transactions {
  const { database } = opened
  let closed = false

  const assertOpen = (): void => {
    if (closed) throw closedError(name)
    if (opened.lost !== undefined) throw unavailableError(name, opened.lost)
  }

  return {
    assertOpen,
    async run(stores, work, durability) {
      assertOpen()
      try {
        const transaction = durability
          ? database.transaction(stores, 'readwrite', { durability })
          : database.transaction(stores)
        return await completed(transaction, work)
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
