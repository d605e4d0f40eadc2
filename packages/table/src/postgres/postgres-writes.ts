import type { Filter, Row } from '@freshet/core'
import { checkRow, withoutField, type CheckedPatch } from '../check-row.ts'
import { rowNotFound, unstorable, WriteRejectedError } from '../master-errors.ts'
import { columnType } from '../master-schema.ts'
import type {
  Conflict,
  Deleted,
  Guard,
  GuardedWriteOptions,
  MasterEntry,
  Stored,
  WriteOptions,
} from '../master.ts'
import { valueToText } from './encode-value.ts'
import { namingFields } from './field-errors.ts'
import { quote, type PgColumn, type PgTable } from './postgres-catalog.ts'
import { createBinder, filterToSql, type Binder } from './postgres-filter.ts'
import type { PostgresReads } from './postgres-reads.ts'
import { assertPossibleId, hasId } from './row-id.ts'
import { assignmentsOf, declaredColumns, writableColumn, type Assignment } from './row-writer.ts'
import { selectedColumns, type TableHandle } from './table-handle.ts'

export type PostgresWrites = {
  insert(id: string, row: Row, options: WriteOptions): Promise<Stored>
  replace(id: string, row: Row, options: GuardedWriteOptions): Promise<Stored | Conflict>
  patch(id: string, patch: CheckedPatch, options: GuardedWriteOptions): Promise<Stored | Conflict>
  delete(id: string, options: GuardedWriteOptions): Promise<Deleted | Conflict>
  deleteAll(filter: Filter | undefined, options: WriteOptions): Promise<void>
  insertReturnId(row: Row, options: WriteOptions): Promise<Stored & { readonly id: string }>
}

/** The prefix of the messages by which a write's operation id travels with its change. */
export const operationPrefix = 'freshet.op'

/**
 * Writes, each one statement: what it compares, what it writes and what it
 * returns are one step.
 *
 * @param options.echoes - Whether the operation id is put into the change stream.
 */
export function createPostgresWrites(
  handle: TableHandle,
  reads: PostgresReads,
  { echoes }: { echoes(): boolean },
): PostgresWrites {
  const { name, schema, run } = handle
  const { idField } = schema
  const id$ = quote(idField)

  type Parts = { readonly table: PgTable; readonly binder: Binder; returning(): string }
  /** Runs one statement; the row it returns, if it does. */
  const write = async (
    options: WriteOptions,
    written: Iterable<string>,
    statement: (parts: Parts) => string,
  ): Promise<MasterEntry | undefined> => {
    const { columns, rows } = await namingFields(handle, written, () =>
      handle.withTable((table) => {
        const binder = createBinder()
        const returning = (): string => {
          const selected = `RETURNING ${selectedColumns(schema, table)}`
          // Part of the statement, and so of its transaction; told only when a row was written.
          return echoes() ? `${selected}, ${operationEcho(binder.bind(options.opId))}` : selected
        }
        const text = statement({ table, binder, returning })
        return run({ text, values: binder.values }, options.signal)
      }),
    )
    return (await handle.readers.entries(columns, rows))[0]
  }
  const current = async (id: string): Promise<Row | undefined> =>
    (await reads.get([id], undefined, undefined))[0]?.[1]
  const storedAs = (id: string, [stored, row]: MasterEntry): Stored => {
    if (stored === id) return { kind: 'stored', row }
    throw unstorable('the id', `the database turned it into ${JSON.stringify(stored)}, and stored the row`)
  }
  /** Nothing was written: the guard did not hold, or something of the database kept the write out. */
  const notWritten = async (id: string, guard: Guard | undefined): Promise<Conflict> => {
    const row = await current(id)
    if (guard === undefined && row !== undefined) throw keptOut(name)
    return { kind: 'conflict', row: row ?? null }
  }
  const update = (
    id: string,
    options: GuardedWriteOptions,
    changes: (table: PgTable, binder: Binder) => readonly string[],
    written: Iterable<string>,
  ): Promise<MasterEntry | undefined> =>
    write(options, written, ({ table, binder, returning }) => {
      const set = changes(table, binder)
      const where = `WHERE ${hasId(table, idField, id, binder.bind)} AND ${guardToSql(options.expect, table, binder)}`
      return set.length === 0
        ? `SELECT ${selectedColumns(schema, table)} FROM ${table.sqlName} ${where}`
        : `UPDATE ${table.sqlName} SET ${set.join(', ')} ${where} ${returning()}`
    })
  /** The condition under which a guarded write goes ahead. */
  const guardToSql = (guard: Guard | undefined, table: PgTable, binder: Binder): string => {
    const conditions = Object.entries(guard ?? {}).map(([field, expected]) => {
      const isDeclared = field === idField || Object.hasOwn(schema.columns, field)
      const column = isDeclared ? table.columns.get(field) : undefined
      if (column === undefined) return expected === undefined || expected === null ? 'TRUE' : 'FALSE'
      const text = expectedText(column, expected ?? null)
      return text === undefined
        ? 'FALSE'
        : `${comparable(column)} IS NOT DISTINCT FROM ${binder.bind(text)}${castOf(column)}`
    })
    return ['TRUE', ...conditions].join(' AND ')
  }
  const expectedText = (column: PgColumn, expected: Row[string]): string | null | undefined => {
    try {
      return valueToText(expected, column.kind, columnType(schema, column.name), column.name)
    } catch {
      // What the column cannot hold it does not hold.
      return undefined
    }
  }
  const insertInto = (
    table: PgTable,
    binder: Binder,
    id: string | undefined,
    row: readonly Assignment[],
  ): string => {
    const names = [...(id === undefined ? [] : [id$]), ...row.map(([column]) => quote(column.name))]
    const values = [
      ...(id === undefined ? [] : [binder.bind(id)]),
      ...row.map(([, text]) => binder.bind(text)),
    ]
    const overriding =
      row.some(([column]) => column.isIdentity) ||
      (id !== undefined && table.columns.get(idField)?.isIdentity)
    return names.length === 0
      ? `INSERT INTO ${table.sqlName} DEFAULT VALUES`
      : `INSERT INTO ${table.sqlName} (${names.join(', ')})${overriding ? ' OVERRIDING SYSTEM VALUE' : ''} VALUES (${values.join(', ')})`
  }
  /** Every declared column: what the row says, else what the column holds when nothing is said. */
  const wholeRow = (
    row: readonly Assignment[],
    table: PgTable,
    toValue: (name: string, text: string | null) => string,
  ): string[] => {
    const given = new Map(row.map(([column, text]) => [column.name, text]))
    return declaredColumns(schema, table)
      .filter(
        ({ isGenerated, isIdentity, name: column }) => !isGenerated && (!isIdentity || given.has(column)),
      )
      .map(({ name: column }) => {
        const text = given.get(column)
        return `${quote(column)} = ${text === undefined ? 'DEFAULT' : toValue(column, text)}`
      })
  }

  return {
    async insert(id, row, options) {
      for (let attempt = 0; ; attempt++) {
        const entry = await write(options, Object.keys(row), ({ table, binder, returning }) => {
          assertPossibleId(table, idField, id)
          return `${insertInto(table, binder, id, assignmentsOf(row, schema, table))} ON CONFLICT (${id$}) DO NOTHING ${returning()}`
        })
        if (entry !== undefined) return storedAs(id, entry)
        const existing = await current(id)
        if (existing !== undefined) return { kind: 'stored', row: existing }
        // It was deleted in between; or something keeps it out, which a second attempt tells.
        if (attempt > 0) throw keptOut(name)
      }
    },
    async replace(id, row, options) {
      const fields = Object.keys(row)
      const entry = options.expect
        ? await update(
            id,
            options,
            (table, binder) =>
              wholeRow(assignmentsOf(row, schema, table), table, (_, text) => binder.bind(text)),
            fields,
          )
        : await write(options, fields, ({ table, binder, returning }) => {
            assertPossibleId(table, idField, id)
            const assignments = assignmentsOf(row, schema, table)
            const set = wholeRow(assignments, table, (column) => `EXCLUDED.${quote(column)}`)
            // With nothing to set the row stands as it is; this returns it.
            const change = `UPDATE SET ${set.length === 0 ? `${id$} = EXCLUDED.${id$}` : set.join(', ')}`
            return `${insertInto(table, binder, id, assignments)} ON CONFLICT (${id$}) DO ${change} ${returning()}`
          })
      if (entry !== undefined) return storedAs(id, entry)
      if (options.expect === undefined) throw keptOut(name)
      return notWritten(id, options.expect)
    },
    async patch(id, { set, unset }, options) {
      const changes = (table: PgTable, binder: Binder): readonly string[] => [
        ...assignmentsOf(set, schema, table).map(
          ([column, text]) => `${quote(column.name)} = ${binder.bind(text)}`,
        ),
        ...unset.map((field) => `${quote(writableColumn(field, schema, table).name)} = NULL`),
      ]
      const entry = await update(id, options, changes, [...Object.keys(set), ...unset])
      if (entry !== undefined) return storedAs(id, entry)
      const result = await notWritten(id, options.expect)
      if (result.row === null) throw rowNotFound(name, id)
      return result
    },
    async delete(id, options) {
      const entry = await write(
        options,
        [],
        ({ table, binder, returning }) =>
          `DELETE FROM ${table.sqlName} WHERE ${hasId(table, idField, id, binder.bind)} AND ${guardToSql(options.expect, table, binder)} ${returning()}`,
      )
      if (entry !== undefined) return { kind: 'deleted' }
      const result = await notWritten(id, options.expect)
      return result.row === null ? { kind: 'deleted' } : result
    },
    async deleteAll(filter, options) {
      await namingFields(handle, [], () =>
        handle.withTable((table) => {
          const binder = createBinder()
          const condition = filterToSql(filter, { schema, table, binder })
          const text = echoes()
            ? `WITH gone AS (DELETE FROM ${table.sqlName} WHERE ${condition} RETURNING 1)
               SELECT ${operationEcho(binder.bind(options.opId))}
               WHERE EXISTS (SELECT FROM gone)`
            : `DELETE FROM ${table.sqlName} WHERE ${condition}`
          return run({ text, values: binder.values }, options.signal)
        }),
      )
    },
    async insertReturnId(row, options) {
      const bare = withoutField(checkRow(row, idField, ''), idField)
      const entry = await write(options, Object.keys(bare), ({ table, binder, returning }) => {
        const key = table.columns.get(idField)
        const made =
          key !== undefined && !key.hasDefault && (key.kind.scalar === 'uuid' || key.kind.scalar === 'text')
        const statement = insertInto(
          table,
          binder,
          made ? crypto.randomUUID() : undefined,
          assignmentsOf(bare, schema, table),
        )
        return `${statement} ${returning()}`
      })
      if (entry === undefined) throw keptOut(name)
      return { kind: 'stored', id: entry[0], row: entry[1] }
    },
  }
}

function operationEcho(parameter: string): string {
  return `pg_logical_emit_message(true, '${operationPrefix}', ${parameter}::text)`
}

/** The column as it is compared with an expected value: exactly, and by a type that has an equality. */
function comparable({ name, kind }: PgColumn): string {
  const column = quote(name)
  const { scalar } = kind
  if (scalar === 'other') return `${column}::text COLLATE "C"`
  if (kind.isArray) return scalar === 'json' ? `${column}::text[]::jsonb[]` : column
  if (scalar === 'json') return `${column}::jsonb`
  if (scalar === 'float4') return `${column}::text::float8`
  return scalar === 'text' || scalar === 'bpchar' ? `${column}::text COLLATE "C"` : column
}

function castOf({ kind }: PgColumn): string {
  if (kind.isArray) return kind.scalar === 'json' ? '::jsonb[]' : ''
  switch (kind.scalar) {
    case 'json':
    case 'jsonb':
      return '::jsonb'
    case 'float4':
      return '::float8'
    case 'text':
    case 'bpchar':
    case 'other':
      return '::text'
    default:
      return ''
  }
}

/** A trigger that returns nothing, or a policy that hides the row. */
function keptOut(table: string): WriteRejectedError {
  return new WriteRejectedError({
    message: `PostgreSQL did not write to ${table} and gave no reason: a trigger or a row security policy keeps the write out.`,
  })
}
