import type { Filter, Row } from '@freshet/core'
import { RecordId } from 'surrealdb'
import type { CheckedPatch } from '../check-row.ts'
import { rowNotFound, WriteRejectedError } from '../master-errors.ts'
import type { Conflict, Deleted, Guard, GuardedWriteOptions, Stored, WriteOptions } from '../master.ts'
import { isExistingRecord, surrealToError, violatedIndex } from './surreal-errors.ts'
import {
  createBinder,
  filterToSurreal,
  guardToSurreal,
  quote,
  type Binder,
  type FilterContext,
} from './surreal-filter.ts'
import type { SurrealTable } from './surreal-master.ts'
import { isTakenBefore, takenBefore } from './surreal-operations.ts'
import type { SurrealReads } from './surreal-reads.ts'
import { idToRecordId, recordIdToText } from './surreal-record-id.ts'
import { recordToRow, rowToContent } from './surreal-values.ts'

export type SurrealWrites = {
  insert(id: string, row: Row, options: WriteOptions): Promise<Stored>
  replace(id: string, row: Row, options: GuardedWriteOptions): Promise<Stored | Conflict>
  patch(id: string, patch: CheckedPatch, options: GuardedWriteOptions): Promise<Stored | Conflict>
  delete(id: string, options: GuardedWriteOptions): Promise<Deleted | Conflict>
  deleteAll(filter: Filter | undefined, options: WriteOptions): Promise<void>
  makeId(signal: AbortSignal | undefined): Promise<string>
}

/**
 * Writes, each one absolute statement that names its record by a bound id, so
 * that one executed twice has one effect. No LET: a live query does not see
 * writes to a target held in a variable (surrealdb#7331).
 */
export function createSurrealWrites(
  { name, schema, connection, operations }: SurrealTable,
  reads: SurrealReads,
): SurrealWrites {
  const context = (binder: Binder): FilterContext => ({
    table: name,
    schema,
    binder,
  })
  const bindId = (id: string, binder: Binder): string => binder.bind(idToRecordId(name, id))
  const where = (guard: Guard | undefined, binder: Binder): string =>
    guard === undefined ? '' : `WHERE ${guardToSurreal(guard, context(binder))}`

  /** The first record that a statement returns, as a row; nothing is written when it was taken before. */
  const write = async (
    statement: string,
    binder: Binder,
    { opId, signal }: WriteOptions,
  ): Promise<Row | typeof takenBefore | undefined> => {
    const noting = await operations.noting(statement, opId, binder, signal)
    const [result] = await connection.run(noting, binder.bindings, signal).catch((error: unknown) => {
      if (isTakenBefore(error)) return [takenBefore]
      throw error
    })
    if (result === takenBefore) return takenBefore
    const record: unknown = Array.isArray(result) ? result[0] : result
    // A statement that returns records returns nothing else; recordToRow checks it.
    return record === undefined || record === null
      ? undefined
      : recordToRow(record as Record<string, unknown>, schema)[1]
  }
  const storedAs = (written: Row | typeof takenBefore | undefined): Stored =>
    written === takenBefore ? { kind: 'stored' } : { kind: 'stored', row: written }
  const rejected = async (error: unknown): Promise<Error> => {
    const index = violatedIndex(error)
    const mapped = surrealToError(error)
    if (index === undefined || !(mapped instanceof WriteRejectedError)) return mapped
    const fields = await indexFields(index)
    const fieldErrors = fields.map((field) => ({ field, message: 'Another row has this value already.' }))
    return new WriteRejectedError({ message: mapped.message, fieldErrors, cause: error })
  }
  const indexFields = async (index: string): Promise<readonly string[]> => {
    const binder = createBinder()
    try {
      const [info] = await connection.run(`INFO FOR TABLE ${quote(name)}`, binder.bindings)
      const definition = definitionOf(info, index)
      return /FIELDS (.+?)(?: UNIQUE| SEARCH|$)/.exec(definition)?.[1]?.split(', ') ?? []
    } catch {
      return []
    }
  }
  const current = async (id: string, signal: AbortSignal | undefined): Promise<Row | undefined> => {
    const [entry] = await reads.get([id], undefined, signal)
    return entry?.[1]
  }

  return {
    async insert(id, row, options) {
      const { signal } = options
      const binder = createBinder()
      const statement = `CREATE ${bindId(id, binder)} CONTENT ${binder.bind(rowToContent(row, schema))} RETURN AFTER`
      for (;;) {
        try {
          return storedAs(await write(statement, binder, options))
        } catch (error) {
          if (!isExistingRecord(error)) throw await rejected(error)
        }
        const existing = await current(id, signal)
        // Deleted in between: then it can be created.
        if (existing !== undefined) return { kind: 'stored', row: existing }
      }
    },

    async replace(id, row, options) {
      const { expect, signal } = options
      const binder = createBinder()
      const target = bindId(id, binder)
      const content = binder.bind(rowToContent(row, schema))
      // UPDATE leaves a missing record missing; UPSERT makes it.
      const verb = expect === undefined ? 'UPSERT' : 'UPDATE'
      const statement = `${verb} ${target} CONTENT ${content} ${where(expect, binder)} RETURN AFTER`
      const stored = await write(statement, binder, options).catch(async (error: unknown) => {
        throw await rejected(error)
      })
      if (stored !== undefined) return storedAs(stored)
      return { kind: 'conflict', row: (await current(id, signal)) ?? null }
    },

    async patch(id, { set, unset }, options) {
      const { expect, signal } = options
      const binder = createBinder()
      const target = bindId(id, binder)
      // SET and not MERGE, which merges into nested records.
      const assigned = Object.entries(rowToContent(set, schema)).map(
        ([field, value]) => `${quote(field)} = ${binder.bind(value)}`,
      )
      const removed = unset.map((field) => `${quote(field)} = NONE`)
      const changes = [...assigned, ...removed]
      const action = changes.length === 0 ? '' : `SET ${changes.join(', ')}`
      const statement = `UPDATE ${target} ${action} ${where(expect, binder)} RETURN AFTER`
      const stored = await write(statement, binder, options).catch(async (error: unknown) => {
        throw await rejected(error)
      })
      if (stored !== undefined) return storedAs(stored)
      const row = await current(id, signal)
      if (row === undefined) throw rowNotFound(name, id)
      return { kind: 'conflict', row }
    },

    async delete(id, options) {
      const { expect, signal } = options
      const binder = createBinder()
      const statement = `DELETE ${bindId(id, binder)} ${where(expect, binder)} RETURN BEFORE`
      const deleted = await write(statement, binder, options).catch(async (error: unknown) => {
        throw await rejected(error)
      })
      if (deleted !== undefined || expect === undefined) return { kind: 'deleted' }
      const row = await current(id, signal)
      return row === undefined ? { kind: 'deleted' } : { kind: 'conflict', row }
    },

    async deleteAll(filter, { signal }) {
      const binder = createBinder()
      const condition = filter === undefined ? '' : `WHERE ${filterToSurreal(filter, context(binder))}`
      await connection
        .run(`DELETE ${quote(name)} ${condition} RETURN NONE`, binder.bindings, signal)
        .catch(async (error) => {
          throw await rejected(error)
        })
    },

    async makeId(signal) {
      // Made apart from the insert, so that the insert can be repeated without making a second row.
      try {
        const [key] = await connection.run('RETURN rand::id()', {}, signal)
        if (typeof key === 'string') return recordIdToText(new RecordId(name, key))
      } catch (error) {
        throw surrealToError(error)
      }
      throw new TypeError('SurrealDB made no id.')
    },
  }
}

function definitionOf(info: unknown, index: string): string {
  const indexes = typeof info === 'object' && info !== null && 'indexes' in info ? info.indexes : undefined
  if (typeof indexes !== 'object' || indexes === null) return ''
  const definition: unknown = Object.entries(indexes).find(([name]) => name === index)?.[1]
  return typeof definition === 'string' ? definition : ''
}
