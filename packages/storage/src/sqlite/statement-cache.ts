import type { DatabaseSync, StatementSync } from 'node:sqlite'

/** Statements by their text, each prepared once per connection. */
export type StatementCache = (sql: string) => StatementSync

export function createStatementCache(database: DatabaseSync): StatementCache {
  const statements = new Map<string, StatementSync>()
  return (sql) => {
    let statement = statements.get(sql)
    if (statement === undefined) {
      statement = database.prepare(sql)
      // Lists cost less than objects per row.
      statement.setReturnArrays(true)
      statements.set(sql, statement)
    }
    return statement
  }
}
