import { FreshetError } from '@freshet/core'
import { Pool, type ClientConfig } from 'pg'
import { aborted, databaseClosed } from '../master-errors.ts'
import { postgresToError } from './postgres-errors.ts'

export type SqlStatement = { readonly text: string; readonly values?: readonly (string | null)[] | undefined }

/** Rows as arrays of PostgreSQL's own texts, and what they are of. */
export type SqlResult = {
  readonly rows: readonly (readonly (string | null)[])[]
  readonly columns: readonly { readonly name: string; readonly typeOid: number }[]
}

/** Runs a statement for its rows alone. */
export type Run = (statement: SqlStatement) => Promise<SqlResult['rows']>

export type PostgresConnection = {
  readonly config: ClientConfig
  /**
   * @throws {FreshetError} what the statement failed with; `table/closed`; `table/aborted`, when the
   *   outcome of a write is not known.
   */
  run(statement: SqlStatement, signal?: AbortSignal): Promise<SqlResult>
  readonly rows: Run
  assertOpen(): void
  close(): Promise<void>
}

/** Every text in one form, whatever the server's defaults are. */
const sessionSettings = [
  'client_encoding=UTF8',
  'TimeZone=UTC',
  'DateStyle=ISO',
  'IntervalStyle=iso_8601',
  'bytea_output=hex',
  'extra_float_digits=1',
]

/** How connections to this server are made, those for replication too. */
export function clientConfig(url: string, password: string | undefined, timeoutMs: number): ClientConfig {
  // What the URL says of options would take the place of ours.
  const asked = URL.canParse(url) ? new URL(url) : undefined
  const own = asked?.searchParams.get('options') ?? ''
  asked?.searchParams.delete('options')
  return {
    connectionString: asked?.href ?? url,
    ...(password !== undefined && { password }),
    application_name: 'freshet',
    connectionTimeoutMillis: timeoutMs,
    keepAlive: true,
    options: [own, ...sessionSettings.map((setting) => `-c ${setting}`)].join(' ').trim(),
    // Values are decoded here, by the types the schema declares.
    types: { getTypeParser: () => (text: unknown) => text },
  }
}

/** Connections to a server, made when they are needed and again after a loss. */
export function createPostgresConnection(
  config: ClientConfig,
  timeoutMs: number,
  maxConnections: number,
): PostgresConnection {
  const pool = new Pool({ ...config, max: maxConnections, query_timeout: timeoutMs, allowExitOnIdle: true })
  let closed: Promise<void> | undefined
  // An idle connection that is lost is replaced when the next one is needed.
  pool.on('error', () => {})

  const assertOpen = (): void => {
    if (closed !== undefined) throw databaseClosed()
  }
  const run = async ({ text, values = [] }: SqlStatement, signal?: AbortSignal): Promise<SqlResult> => {
    if (signal?.aborted === true) throw aborted(signal.reason)
    assertOpen()
    try {
      const work = pool.query<(string | null)[]>({ text, values: [...values], rowMode: 'array' })
      const { rows, fields } = await (signal === undefined ? work : unlessAborted(work, signal))
      return { rows, columns: fields.map(({ name, dataTypeID }) => ({ name, typeOid: dataTypeID })) }
    } catch (error) {
      throw postgresToError(error)
    }
  }
  return {
    config,
    assertOpen,
    run,
    rows: async (statement) => (await run(statement)).rows,
    async close() {
      closed ??= pool.end()
      await closed
    },
  }
}

async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>()
  const abort = (): void => reject(aborted(signal.reason))
  signal.addEventListener('abort', abort)
  // The statement goes on; nobody waits for it.
  work.catch(() => {})
  try {
    return await Promise.race([work, promise])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

/** Whether waiting may mend it: the server is away, starting or busy. */
export function isOutOfReach(error: unknown): boolean {
  return error instanceof FreshetError && error.code === 'table/unreachable'
}
