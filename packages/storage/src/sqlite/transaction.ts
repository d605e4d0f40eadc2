import type { DatabaseSync } from 'node:sqlite'

/** Runs `work` in one transaction: all of it, or after an error nothing. */
export function inTransaction<T>(database: DatabaseSync, work: () => T): T {
  // IMMEDIATE takes the write lock at once: a later upgrade could fail half-way.
  return bracketed(database, 'BEGIN IMMEDIATE', work)
}

/** Runs `work` on one unchanging view of the file. */
export function inSnapshot<T>(database: DatabaseSync, work: () => T): T {
  return bracketed(database, 'BEGIN DEFERRED', work)
}

function bracketed<T>(database: DatabaseSync, begin: string, work: () => T): T {
  database.exec(begin)
  try {
    const result = work()
    database.exec('COMMIT')
    return result
  } catch (error) {
    // Some errors, a full disk among them, have already rolled back.
    if (database.isTransaction) database.exec('ROLLBACK')
    throw error
  }
}
