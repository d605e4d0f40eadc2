import type { Query, Row, Status, View } from '@freshet/core'
import type { Guard, Patch, TableSchema } from '@freshet/table'
import type { Readable } from './readable.ts'
import type { RecordDrafts } from './record-drafts.ts'
import type { WriteLedger } from './write-ledger.ts'

/** One table as the page uses it. Writes show at once; what becomes of them is in `writes`. */
export type StudioTable = {
  readonly name: string
  readonly schema: TableSchema
  readonly status: Readable<Status>
  readonly writes: WriteLedger
  readonly drafts: RecordDrafts
  view(query: Query): View
  has(id: string): boolean
  insert(id: string, row: Row): void
  /** @param expect - Write only while the row has these values. */
  patch(id: string, patch: Patch, expect: Guard): void
  remove(id: string): void
  /** Takes back a write that waits; whether it could. */
  takeBack(operationId: string): Promise<boolean>
  /** Sends a write that failed again; whether it could. */
  retry(operationId: string): Promise<boolean>
}
