import type { SqlValue } from './sql-database.ts'

/** Statements of one order book: the chain and the address come first in the values of each. */
export type ScopedSql = {
  all(sql: string, ...values: SqlValue[]): readonly (readonly SqlValue[])[]
  run(sql: string, ...values: SqlValue[]): void
  readonly scope: readonly [chainId: number, address: string]
}

/** Rows of that order book. */
export const here = 'chain_id = ? AND orderbook_address = ?'
