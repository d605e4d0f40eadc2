import { createHash } from 'node:crypto'
import { FreshetError } from '@freshet/core'
import type { PgKind, TypeKinds } from './postgres-kind.ts'
import type { Run } from './postgres-connection.ts'

/** A column as the database has it. */
export type PgColumn = {
  readonly name: string
  readonly typeOid: number
  readonly kind: PgKind
  /** Longest text, for `varchar(n)` and `char(n)`. */
  readonly maxLength: number | undefined
  /** Computed by the database; never written. */
  readonly isGenerated: boolean
  /** `GENERATED ALWAYS AS IDENTITY`: a value of ours must override. */
  readonly isIdentity: boolean
  readonly hasDefault: boolean
  /** Texts that are equal byte for byte alone are equal. */
  readonly isDeterministic: boolean
}

/** A table as the database has it now. */
export type PgTable = {
  readonly oid: number
  /** The schema it stands in, quoted. */
  readonly sqlSchema: string
  /** Schema and name, quoted. */
  readonly sqlName: string
  readonly columns: ReadonlyMap<string, PgColumn>
  /** Columns by the name of the constraint or unique index on them. */
  readonly constraints: ReadonlyMap<string, readonly string[]>
  readonly isOwned: boolean
  /** How an old row is told: by its key, whole, by an index, or not at all (`pg_class.relreplident`). */
  readonly replicaIdentity: string
  /** Columns by which an old row is known; empty where there are none. */
  readonly identityColumns: readonly string[]
  /** Another one whenever rows may have changed without a word: rewritten, or other columns. */
  readonly fingerprint: string
}

/** A name in SQL, whatever it contains. */
export function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

/**
 * Reads what the database says of a table.
 *
 * @throws {FreshetError} `table/missing-table`; `postgres/no-key` when ids are not unique there.
 */
export async function readTable(
  run: Run,
  kinds: TypeKinds,
  { schema, name, idField }: { readonly schema: string; readonly name: string; readonly idField: string },
): Promise<PgTable> {
  const [head] = await run({ text: headSql, values: [schema, name] })
  if (head === undefined) throw missingTable(schema, name)
  const [oid = '', fileNode = '', identity = 'd', owned] = head
  const columnRows = await run({ text: columnsSql, values: [oid] })
  await kinds.learn(columnRows.map(([, type]) => Number(type)))
  const columns = new Map(columnRows.map((row) => [String(row[0]), toColumn(row, kinds)]))
  const constraints = new Map<string, string[]>()
  let isKey = false
  for (const [constraint, column, unique] of await run({ text: constraintsSql, values: [oid] })) {
    const known = constraints.get(String(constraint)) ?? []
    constraints.set(String(constraint), [...known, String(column)])
    isKey ||= unique === 't' && column === idField
  }
  if (!columns.has(idField) || !isKey) throw noKey(name, idField)
  const identityColumns =
    identity === 'f'
      ? [...columns.keys()]
      : (await run({ text: identitySql, values: [oid] })).map(([c]) => String(c))
  return {
    oid: Number(oid),
    sqlSchema: quote(schema),
    sqlName: `${quote(schema)}.${quote(name)}`,
    columns,
    constraints,
    isOwned: owned === 't',
    replicaIdentity: identity ?? 'd',
    identityColumns: identity === 'n' ? [] : identityColumns,
    fingerprint: fingerprintOf([oid, fileNode, ...columnRows.map((row) => row.slice(0, 3).join(':'))]),
  }
}

/** Names in the catalogs are bound as values; these statements are the same for every table. */
const headSql = `
  SELECT c.oid, c.relfilenode, c.relreplident, pg_has_role(c.relowner, 'USAGE')
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind IN ('r', 'p')`

const columnsSql = `
  SELECT a.attname, a.atttypid, a.atttypmod, a.attgenerated, a.attidentity, a.atthasdef,
         coalesce(c.collisdeterministic, true)
  FROM pg_attribute a LEFT JOIN pg_collation c ON c.oid = a.attcollation
  WHERE a.attrelid = $1::oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum`

/** The third says whether the column alone is unique, for every row. */
const constraintsSql = `
  SELECT i.relname, a.attname,
         x.indisunique AND x.indnkeyatts = 1 AND x.indpred IS NULL AND x.indimmediate AND x.indisvalid
  FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid
  JOIN pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = ANY (x.indkey)
  WHERE x.indrelid = $1::oid AND x.indisunique
  UNION
  SELECT c.conname, a.attname, false
  FROM pg_constraint c JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = ANY (c.conkey)
  WHERE c.conrelid = $1::oid AND c.contype IN ('c', 'f', 'x')`

const identitySql = `
  SELECT a.attname
  FROM pg_class c JOIN pg_index x ON x.indrelid = c.oid
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY (x.indkey)
  WHERE c.oid = $1::oid
    AND (c.relreplident = 'd' AND x.indisprimary OR c.relreplident = 'i' AND x.indisreplident)`

function toColumn(row: readonly (string | null)[], kinds: TypeKinds): PgColumn {
  const [name, type, modifier, generated, identity, hasDefault, deterministic] = row
  const typeOid = Number(type)
  const kind = kinds.kind(typeOid) ?? { scalar: 'other', isArray: false }
  const isSized = (kind.scalar === 'text' || kind.scalar === 'bpchar') && Number(modifier) >= 4
  return {
    name: String(name),
    typeOid,
    kind,
    maxLength: isSized && !kind.isArray ? Number(modifier) - 4 : undefined,
    isGenerated: generated !== '',
    isIdentity: identity === 'a',
    hasDefault: hasDefault === 't' || identity !== '',
    isDeterministic: deterministic === 't',
  }
}

function fingerprintOf(parts: readonly (string | null)[]): string {
  return createHash('sha256').update(parts.join('\n')).digest('hex').slice(0, 12)
}

function missingTable(schema: string, name: string): FreshetError {
  return new FreshetError({
    code: 'table/missing-table',
    kind: 'remote',
    message: `PostgreSQL has no table ${JSON.stringify(name)} in the schema ${JSON.stringify(schema)}. Create it, or mend the name.`,
  })
}

function noKey(name: string, idField: string): FreshetError {
  return new FreshetError({
    code: 'postgres/no-key',
    kind: 'usage',
    message: `The table ${name} has no unique column ${JSON.stringify(idField)} to take ids from. Name its key as idField, or make a unique index on it.`,
  })
}
