import { Client, type ClientConfig } from 'pg'
import { createTurns } from '../shared/take-turns.ts'
import { FreshetError } from '@freshet/core'
import { sharedUnreachable } from '../shared/shared-error.ts'
import type { RunShared } from '../shared/shared-tables.ts'

/** One connection to a server, made when it is needed and again after a loss. */
export type PostgresLink = {
  /** Runs statements with nobody else between them. */
  inTurn<T>(work: (run: RunShared, session: PostgresSession) => Promise<T>): Promise<T>
  close(): Promise<void>
}

/** One unbroken connection. */
type PostgresSession = {
  /** Aborted when it has ended. */
  readonly lost: AbortSignal
}

export type PostgresLinkOptions = {
  readonly config: ClientConfig
  /** What each new connection begins with. */
  readonly greet: (run: RunShared) => Promise<void>
  readonly onNotification?: ((payload: string) => void) | undefined
}

type Open = { readonly client: Client; readonly run: RunShared; readonly lost: AbortController }

export function createPostgresLink({ config, greet, onNotification }: PostgresLinkOptions): PostgresLink {
  const inTurn = createTurns()
  let open: Open | undefined
  let isClosed = false

  const drop = (dropped: Open): void => {
    if (open === dropped) open = undefined
    if (dropped.lost.signal.aborted) return
    dropped.lost.abort(new Error('The connection was lost.'))
    // It may be beyond answering; nobody waits.
    dropped.client.end().catch(() => undefined)
  }
  const connect = async (): Promise<Open> => {
    const client = new Client(config)
    const made: Open = { client, run: runOn(client, () => drop(made)), lost: new AbortController() }
    client.on('error', () => drop(made))
    client.on('end', () => drop(made))
    client.on('notification', ({ payload = '' }) => onNotification?.(payload))
    try {
      await client.connect()
      await greet(made.run)
    } catch (error) {
      drop(made)
      throw translated(error)
    }
    return made
  }
  return {
    inTurn: (work) =>
      inTurn(async () => {
        if (isClosed) throw sharedUnreachable('it was closed here', undefined)
        open ??= await connect()
        return work(open.run, { lost: open.lost.signal })
      }),
    async close() {
      isClosed = true
      await inTurn(async () => {
        if (open === undefined) return
        const { client, lost } = open
        open = undefined
        lost.abort(new Error('The connection was closed.'))
        await client.end()
      })
    },
  }
}

function runOn(client: Client, onLoss: () => void): RunShared {
  return async (sql, values = []) => {
    let number = 0
    try {
      const text = sql.replaceAll('?', () => `$${++number}`)
      const { rows } = await client.query<unknown[]>({ text, values: [...values], rowMode: 'array' })
      return rows
    } catch (error) {
      // After anything but an answer of the server it is not known what the connection is in the middle of.
      if (sqlState(error) === undefined || isFatal(error)) onLoss()
      throw translated(error)
    }
  }
}

/** What the server or the client said, as what it means here. It holds no secret. */
function translated(error: unknown): FreshetError {
  if (error instanceof FreshetError) return error
  const state = sqlState(error) ?? ''
  const reason = error instanceof Error ? error.message : String(error)
  // Wrong user, password or database, or a right that is missing.
  if (!/^(28|3D|42501)/.test(state)) return sharedUnreachable(reason, error)
  const message = `PostgreSQL refused access: ${reason}. Check user, password, database and rights.`
  return new FreshetError({ code: 'raindex/shared-refused', kind: 'usage', message, cause: error })
}

/** Whether the server has ended the connection with this. */
function isFatal(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'severity' in error && error.severity !== 'ERROR'
}

/** The five characters by which PostgreSQL names an error; undefined for what is no answer of a server. */
function sqlState(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined
  const { code } = error
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : undefined
}
