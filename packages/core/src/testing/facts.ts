import type { RowFact, Version } from '../batch.ts'
import type { Row } from '../value.ts'
import { toyTable } from './toy-table.ts'

/** Facts about rows of the toys' one table. */
export const put = (id: string, row: Row, version?: Version): RowFact => ({
  kind: 'put',
  table: toyTable,
  id,
  row,
  version,
})

export const patch = (id: string, set: Row, version?: Version): RowFact => ({
  kind: 'patch',
  table: toyTable,
  id,
  set,
  version,
})

export const gone = (id: string, version?: Version): RowFact => ({
  kind: 'delete',
  table: toyTable,
  id,
  version,
})

export const touched = (id: string): RowFact => ({ kind: 'touched', table: toyTable, id })
