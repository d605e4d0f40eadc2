import { closedError, corruptError } from '../errors.ts'
import { booksName, stateKey, type State } from './database.ts'
import { indexedDbError, unavailableError } from './indexeddb-errors.ts'
import type { OpenedDatabase } from './open-database.ts'
import { brought, completed } from './requests.ts'

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
  /** The state of the books, in a transaction over them. */
  readState(transaction: IDBTransaction): Promise<State>
  /** Runs work that writes, over the books too, and moves their state on. */
  change<T>(
    stores: readonly string[],
    durability: 'strict' | 'relaxed',
    work: (transaction: IDBTransaction, state: State) => Promise<readonly [Partial<State>, T]>,
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
  const run: Transactions['run'] = async (stores, work, durability) => {
    assertOpen()
    try {
      const transaction = durability
        ? database.transaction(stores, 'readwrite', { durability })
        : database.transaction(stores)
      return await completed(transaction, work)
    } catch (error) {
      throw indexedDbError(name, error)
    }
  }
  const readState = async (transaction: IDBTransaction): Promise<State> => {
    // Written by `change` below, and by the upgrade that made it.
    const state = (await brought(transaction.objectStore(booksName).get(stateKey))) as State | undefined
    if (state === undefined) throw corruptError(name, 'its state record is gone')
    return state
  }
  return {
    assertOpen,
    run,
    readState,
    change: (stores, durability, work) =>
      run(
        [booksName, ...stores],
        async (transaction) => {
          const state = await readState(transaction)
          const [moved, result] = await work(transaction, state)
          transaction.objectStore(booksName).put({ ...state, ...moved }, stateKey)
          return result
        },
        durability,
      ),
    close() {
      // Transactions begun before go on to their end.
      closed = true
      database.close()
    },
  }
}
