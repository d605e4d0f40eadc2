import { Client, type ClientConfig } from 'pg'
import { createChangeQueue, type ChangeQueue } from '../change-queue.ts'
import { unreachable } from '../master-errors.ts'
import type { MasterChange } from '../master.ts'
import type { Run } from './postgres-connection.ts'
import { postgresToError } from './postgres-errors.ts'
import { quote, type PgTable } from './postgres-catalog.ts'

const triggerName = 'freshet_notify'

/**
 * Changes of a table by `NOTIFY`: a trigger names the rows that change. The
 * rows themselves are read, because a notification holds no more than 8,000 bytes.
 *
 * What happens while nobody listens is lost.
 */
export function watchByNotify(options: {
  readonly config: ClientConfig
  readonly run: Run
  table(): Promise<PgTable>
  readonly idField: string
  readonly signal: AbortSignal
}): AsyncIterable<MasterChange> {
  const { config, run, idField, signal } = options
  return createChangeQueue(signal, (queue) => {
    const client = new Client(config)
    let isOver = false
    const fail = (error: unknown): void => queue.end(postgresToError(error))
    const listen = async (): Promise<void> => {
      const table = await options.table()
      await ensureTrigger(run, table, idField)
      await client.connect()
      client.on('notification', ({ payload }) => forward(payload ?? '', queue))
      await client.query(`LISTEN ${quote(channelOf(table))}`)
      queue.push({ kind: 'live' })
      if (isOver) await client.end()
    }
    client.on('error', fail)
    client.on('end', () =>
      fail(unreachable('The connection to PostgreSQL ended. Watch again and read the table anew.')),
    )
    listen().catch(fail)
    return () => {
      isOver = true
      client.end().catch(() => {})
    }
  }).changes
}

function channelOf({ oid }: PgTable): string {
  return `freshet_${oid}`
}

/** A letter for what happened, then the id: `U42`; nothing more where the id is too long, or all is gone. */
function forward(payload: string, queue: ChangeQueue): void {
  const id = payload.slice(1)
  switch (payload[0]) {
    case 'D':
      return queue.push({ kind: 'delete', id })
    case 'I':
    case 'U':
      return queue.push({ kind: 'touched', id })
    default:
      return queue.push({ kind: 'invalidated' })
  }
}

/** Makes the triggers that tell, unless they are there. */
async function ensureTrigger(run: Run, table: PgTable, idField: string): Promise<void> {
  const [existing] = await run({
    text: 'SELECT true FROM pg_trigger WHERE tgrelid = $1::oid AND tgname = $2',
    values: [String(table.oid), triggerName],
  })
  if (existing !== undefined) return
  const { sqlName } = table
  const id = quote(idField)
  const functionName = `${table.sqlSchema}.${quote(`freshet_notify_${table.oid}`)}`
  const tell = (what: string, row: 'OLD' | 'NEW'): string => `
      told := '${what}' || ${row}.${id}::text;
      PERFORM pg_notify('${channelOf(table)}', CASE WHEN octet_length(told) < 7000 THEN told ELSE '' END);`
  const body = `
    DECLARE told text;
    BEGIN
      IF TG_OP = 'TRUNCATE' THEN PERFORM pg_notify('${channelOf(table)}', ''); RETURN NULL; END IF;
      IF TG_OP = 'DELETE' THEN ${tell('D', 'OLD')} RETURN NULL; END IF;
      IF TG_OP = 'UPDATE' AND OLD.${id} IS DISTINCT FROM NEW.${id} THEN ${tell('D', 'OLD')} END IF;
      ${tell('U', 'NEW')}
      RETURN NULL;
    END`
  // A name within the body may hold any dollar quote there is.
  const literal = `'${body.replaceAll("'", "''")}'`
  await run({
    text: `CREATE OR REPLACE FUNCTION ${functionName}() RETURNS trigger LANGUAGE plpgsql AS ${literal}`,
  })
  for (const [name, events, each] of [
    [`${triggerName}_truncate`, 'TRUNCATE', 'STATEMENT'],
    [triggerName, 'INSERT OR UPDATE OR DELETE', 'ROW'],
  ]) {
    await run({
      text: `CREATE OR REPLACE TRIGGER ${name} AFTER ${events} ON ${sqlName} FOR EACH ${each} EXECUTE FUNCTION ${functionName}()`,
    })
  }
}
