import type { Filter, Row } from '@freshet/core'
import { checkPatch, checkRow, withoutField, type CheckedPatch } from '../check-row.ts'
import { guardHolds } from '../guard.ts'
import { aborted, rowNotFound } from '../master-errors.ts'
import { both } from '../master-schema.ts'
import type {
  Conflict,
  GuardedWriteOptions,
  Master,
  MasterCapabilities,
  MasterEntry,
  Stored,
} from '../master.ts'
import { referenceTarget } from '../reference-filter.ts'
import type { MemoryTable } from './memory-table.ts'
import { matching, selectEntries } from './select-entries.ts'

const capabilities: MasterCapabilities = {
  filter: true,
  order: true,
  count: true,
  write: true,
  backendIds: true,
  returnedRow: true,
  guard: true,
  versions: true,
  absent: true,
  push: 'lossless',
  resumable: false,
  deletesSeen: true,
  opEcho: true,
}

export function createMemoryMaster(
  table: MemoryTable,
  filter: Filter | undefined,
  tableNamed: (name: string) => MemoryTable,
): Master {
  const { name, schema } = table

  return {
    name,
    schema,
    capabilities,
    evaluates: { filter: () => true, order: () => true },
    filter,

    async list(query, signal) {
      assertReady(table, signal)
      return selectEntries(schema, table.entries(), { ...query, filter: both(filter, query.filter) })
    },
    async page({ after, limit }, signal) {
      assertReady(table, signal)
      return pageOf(table, filter, after, limit)
    },
    async get(ids, signal) {
      assertReady(table, signal)
      const matches = matching(schema, filter)
      return ids
        .map((id) => table.entry(id))
        .filter((entry) => entry !== undefined)
        .filter(([, row]) => matches(row))
    },
    async count(narrower, signal) {
      assertReady(table, signal)
      const matches = matching(schema, both(filter, narrower))
      let rows = 0
      for (const [, row] of table.entries()) if (matches(row)) rows++
      return rows
    },

    preview(query) {
      matching(schema, both(filter, query.filter))
      return { here: ['filter', 'order'] }
    },

    async insert(id, row, options) {
      assertReady(table, options.signal)
      const checked = checkRow(row, schema.idField, id)
      if (table.hasApplied(options.opId)) return storedBefore
      return stored(table.entry(id) ?? table.put(id, checked, options.opId))
    },
    async replace(id, row, options) {
      assertReady(table, options.signal)
      const checked = checkRow(row, schema.idField, id)
      if (table.hasApplied(options.opId)) return storedBefore
      return guardConflict(table, id, options) ?? stored(table.put(id, checked, options.opId))
    },
    async patch(id, patch, options) {
      assertReady(table, options.signal)
      const checked = checkPatch(patch, schema.idField, id)
      if (table.hasApplied(options.opId)) return storedBefore
      const entry = table.entry(id)
      if (entry === undefined) throw rowNotFound(name, id)
      return (
        guardConflict(table, id, options) ?? stored(table.put(id, patchRow(entry[1], checked), options.opId))
      )
    },
    async delete(id, options) {
      assertReady(table, options.signal)
      const entry = table.entry(id)
      if (entry === undefined) return { kind: 'deleted' }
      // It was deleted before; the row that is there now is someone else's, and stays.
      if (table.hasApplied(options.opId)) return { kind: 'conflict', row: entry[1], version: entry[2] }
      const conflict = guardConflict(table, id, options)
      if (conflict !== undefined) return conflict
      table.remove(id, options.opId)
      return { kind: 'deleted' }
    },
    async deleteAll(narrower, options) {
      assertReady(table, options.signal)
      const matches = matching(schema, both(filter, narrower))
      const ids = [...table.entries()].filter(([, row]) => matches(row)).map(([id]) => id)
      for (const id of ids) table.remove(id, options.opId)
    },
    async insertReturnId(row, options) {
      assertReady(table, options.signal)
      const id = table.makeId()
      return { ...stored(table.put(id, checkRow(row, schema.idField, id), options.opId)), id }
    },

    watch: ({ signal }) => table.watch(signal),
    withFilter: (narrower) => createMemoryMaster(table, both(filter, narrower), tableNamed),
    getReference(reference, row) {
      const target = referenceTarget(table, reference, row, (other) => tableNamed(other).schema)
      return createMemoryMaster(tableNamed(target.table), target.filter, tableNamed)
    },
  }
}

/** The answer to a write that was taken before. What is there now may be someone else's. */
const storedBefore: Stored = { kind: 'stored' }

function assertReady(table: MemoryTable, signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw aborted(signal.reason)
  table.assertOpen()
}

function pageOf(table: MemoryTable, filter: Filter | undefined, after: string | undefined, limit: number) {
  const ids = table.ids()
  const matches = matching(table.schema, filter)
  const rows: MasterEntry[] = []
  for (let at = after === undefined ? 0 : firstAfter(ids, after); at < ids.length; at++) {
    const entry = table.entry(ids[at] ?? '')
    if (entry === undefined || !matches(entry[1])) continue
    if (rows.length === limit) return { rows, next: rows.at(-1)?.[0] }
    rows.push(entry)
  }
  return { rows }
}

/** Index of the first id greater than `after`, by bisection. */
function firstAfter(ids: readonly string[], after: string): number {
  let low = 0
  let high = ids.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((ids[middle] ?? '') <= after) low = middle + 1
    else high = middle
  }
  return low
}

function patchRow(row: Row, { set, unset }: CheckedPatch): Row {
  return { ...unset.reduce(withoutField, row), ...set }
}

function guardConflict(table: MemoryTable, id: string, options: GuardedWriteOptions): Conflict | undefined {
  const entry = table.entry(id)
  if (guardHolds(options.expect, entry?.[1], table.schema)) return undefined
  return { kind: 'conflict', row: entry?.[1] ?? null, version: entry?.[2] }
}

function stored([, row, version]: MasterEntry): Stored {
  return { kind: 'stored', row, version }
}
