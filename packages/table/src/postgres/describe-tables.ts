import type { ColumnType } from '@freshet/core'
import { tableSchema } from '../master-schema.ts'
import type { Reference, TableSchema } from '../master.ts'
import { clientConfig, createPostgresConnection, type Run } from './postgres-connection.ts'
import { createTypeKinds, readTypes, type PgKind } from './postgres-kind.ts'

/**
 * The tables of a schema as `openPostgresDatabase` wants them declared, read
 * from the database: those whose primary key is one column, with the foreign
 * keys between them as references both ways.
 *
 * @param options.schema - Default `public`.
 * @throws {FreshetError} `table/unreachable`, `table/not-allowed`.
 */
export async function describePostgresTables(options: {
  readonly url: string
  readonly password?: string | undefined
  readonly schema?: string | undefined
}): Promise<{ readonly [table: string]: TableSchema }> {
  const { url, password, schema = 'public' } = options
  const timeoutMs = 30_000
  const connection = createPostgresConnection(clientConfig(url, password, timeoutMs), timeoutMs, 1)
  try {
    return await describe(connection.rows, schema)
  } finally {
    await connection.close()
  }
}

async function describe(run: Run, schema: string): Promise<{ readonly [table: string]: TableSchema }> {
  const columns = await run({ text: columnsSql, values: [schema] })
  const kinds = createTypeKinds((oids) => readTypes(run, oids))
  await kinds.learn(columns.map(([, , type]) => Number(type)))
  const tables = new Map<string, { idField: string; columns: [string, ColumnType][] }>()
  for (const [table, column, type, isKey] of columns) {
    const known = tables.get(String(table)) ?? { idField: '', columns: [] }
    tables.set(String(table), known)
    if (isKey === 't') known.idField = String(column)
    else known.columns.push([String(column), columnTypeOf(kinds.kind(Number(type)))])
  }
  const references = referencesOf(await run({ text: referencesSql, values: [schema] }))
  return Object.fromEntries(
    [...tables].map(([name, table]) => [
      name,
      tableSchema({
        columns: Object.fromEntries(table.columns),
        idField: table.idField,
        references: Object.fromEntries(references.get(name) ?? []),
      }),
    ]),
  )
}

/** Each foreign key, from the row that holds it (by its column) and to it (by its table). */
function referencesOf(
  rows: readonly (readonly (string | null)[])[],
): ReadonlyMap<string, Map<string, Reference>> {
  const found = new Map<string, Map<string, Reference>>()
  const add = (table: string, name: string, reference: Reference): void => {
    const known = found.get(table) ?? new Map<string, Reference>()
    found.set(table, known.set(known.has(name) ? `${name}_by_${reference.field}` : name, reference))
  }
  for (const [from, column, to] of rows) {
    const [table, field, target] = [String(from), String(column), String(to)]
    add(table, field.replace(/_id$/, ''), { kind: 'one', table: target, field })
    add(target, table, { kind: 'many', table, field })
  }
  return found
}

/** Tables, and not the parts of a partitioned one. */
const columnsSql = `
  SELECT c.relname, a.attname, a.atttypid, a.attnum = x.indkey[0]
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_index x ON x.indrelid = c.oid AND x.indisprimary AND x.indnkeyatts = 1
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  WHERE n.nspname = $1 AND c.relkind IN ('r', 'p') AND NOT c.relispartition
  ORDER BY c.relname, a.attnum`

/** Foreign keys of one column to a primary key of one column, within the schema. */
const referencesSql = `
  SELECT c.relname, a.attname, t.relname
  FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_class t ON t.oid = k.confrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace AND n.oid = t.relnamespace
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.conkey[1]
  JOIN pg_index x ON x.indrelid = t.oid AND x.indisprimary AND x.indnkeyatts = 1 AND x.indkey[0] = k.confkey[1]
  JOIN pg_index p ON p.indrelid = c.oid AND p.indisprimary AND p.indnkeyatts = 1
  WHERE n.nspname = $1 AND k.contype = 'f' AND array_length(k.conkey, 1) = 1
    AND NOT c.relispartition AND NOT t.relispartition
  ORDER BY c.relname, a.attnum`

function columnTypeOf(kind: PgKind | undefined): ColumnType {
  if (kind === undefined) return 'text'
  if (kind.isArray) return 'array'
  switch (kind.scalar) {
    case 'bool':
      return 'bool'
    case 'int2':
    case 'int4':
    case 'int8':
      return 'int'
    case 'float4':
    case 'float8':
      return 'float'
    case 'numeric':
      return 'decimal'
    case 'bytea':
      return 'bytes'
    case 'timestamptz':
      return 'datetime'
    case 'uuid':
      return 'uuid'
    case 'json':
    case 'jsonb':
      return 'any'
    case 'interval':
      return 'duration'
    case 'text':
    case 'bpchar':
    case 'date':
    // Without a zone it is no instant.
    case 'timestamp':
    case 'other':
      return 'text'
  }
}
