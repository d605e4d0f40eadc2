import { valuesEqual, type Filter, type Row } from '@freshet/core'
import { checkRow, type CheckedPatch } from '../check-row.ts'
import { rowNotFound, unknownField, unstorable } from '../master-errors.ts'
import { columnType } from '../master-schema.ts'
import type { Conflict, Deleted, Guard, Stored } from '../master.ts'
import type { ColumnTest, Statement } from './sqlite-connection.ts'
import { filterToSql, isColumn, quote } from './sqlite-filter.ts'
import type { SqliteTable } from './sqlite-master.ts'
import type { SqliteReads } from './sqlite-reads.ts'
import { sqliteToValue, valueToSqlite, type SqliteValue } from './sqlite-values.ts'

/** Writes, each to be run in a transaction. */
export type SqliteWrites = {
  insert(id: string, row: Row): Stored
  replace(id: string, row: Row, guard: Guard | undefined): Stored | Conflict
  patch(id: string, patch: CheckedPatch, guard: Guard | undefined): Stored | Conflict
  delete(id: string, guard: Guard | undefined): Deleted | Conflict
  deleteAll(filter: Filter | undefined): void
  insertReturnId(row: Row): Stored & { readonly id: string }
}

/** A column to write, and what to. */
type Assignment = readonly [field: string, value: SqliteValue]

export function createSqliteWrites(
  { name, schema, connection }: Omit<SqliteTable, 'log' | 'schemaOf'>,
  { columns, toEntry, get }: SqliteReads,
): SqliteWrites {
  const table = quote(name)
  const idColumn = quote(schema.idField)
  const fields = Object.keys(schema.columns).filter((field) => field !== schema.idField)

  /** The row that a statement has written, if it has, as it is after its triggers. */
  const write = (statement: Statement, id: string): Row | undefined => {
    const [held] = connection.all(statement)
    if (held === undefined) return undefined
    const [stored, row] = toEntry(held)
    if (stored !== id) throw unstorable('the id', `its column would turn it into ${JSON.stringify(stored)}`)
    // RETURNING does not see what AFTER triggers make of a row: sqlite.org/lang_returning.html, 2.1.
    return current(id) ?? row
  }
  const current = (id: string): Row | undefined => get([id], undefined)[0]?.[1]
  const storedOrConflict = (id: string, row: Row | undefined): Stored | Conflict =>
    row === undefined ? { kind: 'conflict', row: current(id) ?? null } : { kind: 'stored', row }

  const assignments = (row: Row): Assignment[] =>
    Object.entries(row)
      .filter(([field]) => field !== schema.idField)
      .map(([field, value]) => {
        if (!isColumn(field, schema)) throw unknownField(name, field)
        return [field, valueToSqlite(value, columnType(schema, field), field)]
      })
  const insertInto = (id: SqliteValue | undefined, row: Row): Omit<Statement, 'tests'> => {
    const own: Assignment[] = id === undefined ? [] : [[schema.idField, id]]
    const all = [...own, ...assignments(row)]
    const names = all.map(([field]) => quote(field)).join(', ')
    const rest = all.length === 0 ? 'DEFAULT VALUES' : `(${names}) VALUES (${all.map(() => '?').join(', ')})`
    return { sql: `INSERT INTO ${table} ${rest}`, values: all.map(([, value]) => value) }
  }
  const guardTests = (guard: Guard | undefined): { readonly sql: string; readonly tests: ColumnTest[] } => {
    const tests: ColumnTest[] = []
    const conditions = Object.entries(guard ?? {}).map(([field, expected]) => {
      if (!isColumn(field, schema)) return expected === undefined || expected === null ? 'TRUE' : 'FALSE'
      const type = columnType(schema, field)
      tests.push((held) => valuesEqual(sqliteToValue(held, type), expected ?? null, type))
      return `freshet_test(${tests.length - 1}, ${quote(field)})`
    })
    return { sql: ['TRUE', ...conditions].join(' AND '), tests }
  }
  const update = (id: string, changes: readonly Assignment[], guard: Guard | undefined): Row | undefined => {
    const { sql: condition, tests } = guardTests(guard)
    const set = changes.map(([field]) => `${quote(field)} = ?`).join(', ')
    const where = `WHERE ${idColumn} = ? AND ${condition}`
    const sql =
      changes.length === 0
        ? `SELECT ${columns} FROM ${table} ${where}`
        : `UPDATE ${table} SET ${set} ${where} RETURNING ${columns}`
    return write({ sql, values: [...changes.map(([, value]) => value), idToSqlite(id)], tests }, id)
  }
  /** Every column of the schema: what the row says, else what the column holds when nothing is said. */
  const wholeRow = (row: Row): string => {
    const defaults = new Map(
      connection
        .all({ sql: 'SELECT name, dflt_value FROM pragma_table_info(?)', values: [name] })
        .map(([column, value]) => [column, value]),
    )
    return fields
      .map((field) => {
        if (Object.hasOwn(row, field)) return `${quote(field)} = excluded.${quote(field)}`
        const own = defaults.get(field)
        return `${quote(field)} = ${typeof own === 'string' ? `(${own})` : 'NULL'}`
      })
      .join(', ')
  }

  return {
    insert(id, row) {
      const { sql, values } = insertInto(idToSqlite(id), row)
      const onConflict = `ON CONFLICT (${idColumn}) DO NOTHING`
      const stored = write({ sql: `${sql} ${onConflict} RETURNING ${columns}`, values }, id)
      return { kind: 'stored', row: stored ?? current(id) }
    },
    replace(id, row, guard) {
      if (guard !== undefined && !hasGuard(id, guard)) return storedOrConflict(id, undefined)
      const { sql, values } = insertInto(idToSqlite(id), row)
      const set = fields.length === 0 ? 'NOTHING' : `UPDATE SET ${wholeRow(row)}`
      const onConflict = `ON CONFLICT (${idColumn}) DO ${set}`
      const stored = write({ sql: `${sql} ${onConflict} RETURNING ${columns}`, values }, id)
      return { kind: 'stored', row: stored ?? current(id) }
    },
    patch(id, { set, unset }, guard) {
      for (const field of unset) if (!isColumn(field, schema)) throw unknownField(name, field)
      const changes = [...assignments(set), ...unset.map((field): Assignment => [field, null])]
      const result = storedOrConflict(id, update(id, changes, guard))
      if (result.kind === 'conflict' && result.row === null) throw rowNotFound(name, id)
      return result
    },
    delete(id, guard) {
      const { sql: condition, tests } = guardTests(guard)
      const sql = `DELETE FROM ${table} WHERE ${idColumn} = ? AND ${condition} RETURNING ${columns}`
      const deleted = write({ sql, values: [idToSqlite(id)], tests }, id)
      const row = deleted === undefined && guard !== undefined ? current(id) : undefined
      return row === undefined ? { kind: 'deleted' } : { kind: 'conflict', row }
    },
    deleteAll(filter) {
      const { sql, values, tests } = filterToSql(filter, schema)
      connection.all({ sql: `DELETE FROM ${table} WHERE ${sql}`, values, tests })
    },
    insertReturnId(row) {
      const [info] = connection.all({
        sql: 'SELECT type FROM pragma_table_info(?) WHERE name = ? AND pk = 1',
        values: [name, schema.idField],
      })
      const [[made] = []] = connection.all({ sql: 'SELECT lower(hex(randomblob(16)))', values: [] })
      // An INTEGER PRIMARY KEY is counted up by SQLite itself.
      const isCounted = String(info?.[0]).toUpperCase() === 'INTEGER'
      const checked = checkRow(row, schema.idField, isCounted ? '' : String(made))
      const { sql, values } = insertInto(isCounted ? undefined : made, checked)
      const [held = []] = connection.all({ sql: `${sql} RETURNING ${columns}`, values })
      const [id, stored] = toEntry(held)
      return { kind: 'stored', id, row: current(id) ?? stored }
    },
  }

  function hasGuard(id: string, guard: Guard): boolean {
    return update(id, [], guard) !== undefined
  }
}

function idToSqlite(id: string): SqliteValue {
  return valueToSqlite(id, 'text', 'the id')
}
