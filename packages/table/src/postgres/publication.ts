import { createHash } from 'node:crypto'
import { FreshetError } from '@freshet/core'
import type { Run } from './postgres-connection.ts'
import { sqlState } from './postgres-errors.ts'
import { quote, type PgTable } from './postgres-catalog.ts'

/** The publication that tells the changes of one table: `freshet_SCHEMA.TABLE`. */
export function publicationName(schema: string, table: string): string {
  const name = `freshet_${schema}.${table}`
  if (Buffer.byteLength(name) <= 63) return name
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 8)
  return `${Buffer.from(name).subarray(0, 50).toString('utf8').replaceAll('\uFFFD', '')}_${hash}`
}

/** What is told of old rows decides whether a change can be traced to its row. */
export function tellsIds(table: PgTable, idField: string): boolean {
  return table.identityColumns.includes(idField)
}

/**
 * Makes the publication tell the table's changes, all of them and whole, and
 * the table tell its old rows, where we may.
 *
 * @returns Whether it told them before: then nothing was missed.
 * @throws {FreshetError} `postgres/partial-publication`, `table/not-allowed`.
 */
export async function ensurePublished(
  run: Run,
  table: PgTable,
  { publication, idField }: { readonly publication: string; readonly idField: string },
): Promise<boolean> {
  if (table.isOwned && table.replicaIdentity !== 'f') {
    // First of all: an update of a published table without an identity fails.
    await run({ text: `ALTER TABLE ${table.sqlName} REPLICA IDENTITY FULL` })
  } else if (!tellsIds(table, idField)) {
    throw noIdentity(table)
  }
  const state = await readPublication(run, publication, table)
  if (state === 'whole') return true
  if (state === 'partial') throw partial(publication, table)
  const name = quote(publication)
  const statement =
    state === 'without'
      ? `ALTER PUBLICATION ${name} ADD TABLE ${table.sqlName}`
      : `CREATE PUBLICATION ${name} FOR TABLE ${table.sqlName} WITH (publish_via_partition_root = true)`
  try {
    await run({ text: statement })
  } catch (error) {
    // Another replica has made it in the same moment.
    const isThere = error instanceof Error && ['42710', '23505'].includes(sqlState(error.cause) ?? '')
    if (!isThere || (await readPublication(run, publication, table)) !== 'whole') throw error
  }
  return false
}

/** Whether a publication tells a table's changes; `missing`: there is none, `without`: not this table's. */
export async function readPublication(
  run: Run,
  publication: string,
  table: PgTable,
): Promise<'whole' | 'partial' | 'without' | 'missing'> {
  const [row] = await run({
    text: `SELECT p.pubinsert AND p.pubupdate AND p.pubdelete AND p.pubtruncate,
                  p.puballtables OR r.oid IS NOT NULL, r.prqual IS NULL AND r.prattrs IS NULL
           FROM pg_publication p LEFT JOIN pg_publication_rel r ON r.prpubid = p.oid AND r.prrelid = $2::oid
           WHERE p.pubname = $1`,
    values: [publication, String(table.oid)],
  })
  if (row === undefined) return 'missing'
  const [allKinds, hasTable, allRows] = row
  if (hasTable !== 't') return 'without'
  return allKinds === 't' && allRows !== 'f' ? 'whole' : 'partial'
}

function partial(publication: string, { sqlName }: PgTable): FreshetError {
  return new FreshetError({
    code: 'postgres/partial-publication',
    kind: 'usage',
    message: `The publication ${publication} leaves out changes, rows or columns of ${sqlName}. Drop it, so that it is made anew.`,
  })
}

function noIdentity({ sqlName }: PgTable): FreshetError {
  return new FreshetError({
    code: 'postgres/no-identity',
    kind: 'usage',
    message: `PostgreSQL does not tell which row of ${sqlName} was changed. Let its owner run: ALTER TABLE ${sqlName} REPLICA IDENTITY FULL.`,
  })
}
