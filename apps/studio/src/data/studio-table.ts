import type { Query, Row, Status, View } from '@freshet/core'
import type { Patch, TableSchema } from '@freshet/table'
import type { Readable } from './readable.ts'
import type { WriteLedger } from './write-ledger.ts'

/** One table as the page uses it. Writes show at once; what becomes of them is in `writes`. */
export type StudioTable = {
  readonly name: string
  readonly schema: TableSchema
  readonly status: Readable<Status>
  readonly writes: WriteLedger
  view(query: Query): View
  has(id: string): boolean
  insert(id: string, row: Row): void
  patch(id: string, patch: Patch): void
  remove(id: string): void
}
