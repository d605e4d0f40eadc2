import { FreshetError } from '@freshet/core'
import type { PgTable } from './postgres-catalog.ts'
import type { Run } from './postgres-connection.ts'
import { readPublication, tellsIds } from './publication.ts'

/**
 * How the changes of a table are heard of.
 *
 * - `replication`: from the server's log. None is lost, and a slot keeps them while we are away.
 * - `notify`: by a trigger that names each row; what happens while we are away is lost.
 * - `none`: not at all; everything is read again from time to time.
 */
export type TableFeed =
  | { readonly kind: 'replication' }
  | { readonly kind: 'notify' | 'none'; readonly why: string }

/** Decides for the best feed that the server and our rights allow, and says why it is no better. */
export async function chooseFeed(
  run: Run,
  table: PgTable,
  options: {
    readonly publication: string
    readonly idField: string
    readonly wanted: 'auto' | 'replication' | 'notify'
  },
): Promise<TableFeed> {
  const [row = []] = await run({ text: rightsSql, values: [String(table.oid)] })
  const [walLevel, mayReplicate, isReplica, mayCreate, mayTrigger, hasTrigger] = row
  const notReplicated = async (): Promise<string | undefined> => {
    if (isReplica === 't') return 'the server is a standby'
    if (walLevel !== 'logical') return `wal_level is ${walLevel}, and logical replication wants logical`
    if (mayReplicate !== 't') return 'the user has no REPLICATION attribute'
    if (!tellsIds(table, options.idField) && !table.isOwned)
      return `${table.sqlName} has no replica identity, and is not the user's own`
    const published = await readPublication(run, options.publication, table)
    if (published === 'whole' || (table.isOwned && mayCreate === 't')) return undefined
    return `there is no publication ${options.publication} of ${table.sqlName}, and the user may not make it`
  }
  const why = options.wanted === 'notify' ? 'notifications were asked for' : await notReplicated()
  if (why === undefined) return { kind: 'replication' }
  if (options.wanted === 'replication') throw notPermitted(table, why)
  if (hasTrigger === 't' || (mayTrigger === 't' && isReplica !== 't')) return { kind: 'notify', why }
  return { kind: 'none', why: `${why}; and the user may not make a trigger that would tell` }
}

const rightsSql = `
  SELECT current_setting('wal_level'),
         (SELECT rolreplication OR rolsuper FROM pg_roles WHERE rolname = current_user),
         pg_is_in_recovery(),
         has_database_privilege(current_database(), 'CREATE'),
         has_table_privilege(c.oid, 'TRIGGER') AND has_schema_privilege(c.relnamespace, 'CREATE'),
         EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid AND t.tgname = 'freshet_notify')
  FROM pg_class c WHERE c.oid = $1::oid`

function notPermitted({ sqlName }: PgTable, why: string): FreshetError {
  return new FreshetError({
    code: 'postgres/no-replication',
    kind: 'usage',
    message: `The changes of ${sqlName} cannot be had by replication: ${why}. Allow it, or leave the feed to be chosen.`,
  })
}
