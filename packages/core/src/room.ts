import type { StateBatch } from './batch.ts'
import { usageError } from './errors.ts'
import type { CoverageBooks } from './coverage-books.ts'
import type { RowKey } from './projection.ts'
import type { ReplicaTables } from './replica-tables.ts'
import type { Row } from './value.ts'

/** What a batch is checked against. */
type Checking = {
  readonly name: string
  readonly tables: ReplicaTables
  readonly coverage?: CoverageBooks | undefined
}

/** @throws {FreshetError} `replica/unknown-table` or `replica/no-coverages`, before anything has changed. */
export function checkBatch({ facts, covers }: StateBatch, { name, tables, coverage }: Checking): void {
  for (const { table } of facts) tables.collection(table)
  if (!covers) return
  if (!coverage) {
    throw usageError(
      'replica/no-coverages',
      `The replica ${name} keeps no account of readings. Pass it coverages of @freshet/core.`,
    )
  }
  for (const { table } of covers) tables.collection(table)
}

/** What may add a row: a fact, or a write of a projection. */
type RowAdding = RowKey & { readonly row?: Row | undefined }

/** @throws {FreshetError} `replica/too-many-rows` when a table would hold more than `maxRows` [A7]. */
export function checkRoom(adding: readonly RowAdding[], tables: ReplicaTables, maxRows: number): void {
  const added = new Map<string, Set<string>>()
  for (const { table, id, row } of adding) {
    const collection = tables.collection(table)
    if (row === undefined || collection.size + adding.length <= maxRows || collection.confirmed(id)) continue
    const ids = added.get(table) ?? new Set()
    added.set(table, ids.add(id))
  }
  for (const [table, ids] of added) {
    if (tables.collection(table).size + ids.size <= maxRows) continue
    throw usageError(
      'replica/too-many-rows',
      `Table ${table} would hold more than ${maxRows} rows; narrow what is replicated, or raise maxRows.`,
    )
  }
}
