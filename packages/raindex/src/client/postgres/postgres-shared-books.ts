import type { BookId } from '../database/book-tables.ts'
import { inTransaction } from '../shared/in-transaction.ts'
import type { SharedBooks } from '../shared/shared-books.ts'
import { sharedUnreachable } from '../shared/shared-error.ts'
import {
  createSharedBook,
  makeSharedTables,
  type RunShared,
  type SharedDatabase,
  type SharedLock,
} from '../shared/shared-tables.ts'
import { createPostgresLink, type PostgresLink } from './postgres-link.ts'

export type PostgresSharedBooksOptions = {
  /** `postgres://user@host:port/database`, with what else `pg` reads of it. Not that of a pooler: locks need sessions. */
  readonly url: string
  /** Where it is not to stand in `url`. */
  readonly password?: string | undefined
  /** After how long without a word the server takes the lock from a writer. PostgreSQL 14 or newer. Default 20,000. */
  readonly silenceMs?: number | undefined
  /** How long connecting, and how long one statement, may take. Default 10,000. */
  readonly timeoutMs?: number | undefined
}

/**
 * Opens what processes share of order books in one PostgreSQL database, by `pg`; it makes its tables, whose names begin
 * with `freshet_`, where they are not there.
 *
 * A book's writer holds an advisory lock of its session, on the connection it writes with: with the connection both are
 * gone, and the server ends the session of one that has stopped. Every write checks the writer's term.
 *
 * @throws {FreshetError} `raindex/shared-unreachable` (retryable), `raindex/shared-refused`, `raindex/shared-foreign`.
 */
export async function openPostgresSharedBooks(options: PostgresSharedBooksOptions): Promise<SharedBooks> {
  const { url, password, silenceMs = 20_000, timeoutMs = 10_000 } = options
  const config = {
    connectionString: url,
    ...(password !== undefined && { password }),
    application_name: 'freshet',
    connectionTimeoutMillis: timeoutMs,
    query_timeout: timeoutMs,
    keepAlive: true,
  }
  const listeners = new Map<string, Set<() => void>>()
  const tellAll = (): void => [...listeners.values()].forEach((all) => all.forEach((listener) => listener()))
  const writing = createPostgresLink({ config, greet: (run) => endWhenSilent(run, silenceMs) })
  const reading = createPostgresLink({
    config,
    async greet(run) {
      await run(`LISTEN ${channel}`)
      // What was told meanwhile is not told again.
      tellAll()
    },
    onNotification: (payload) => listeners.get(payload)?.forEach((listener) => listener()),
  })
  const held = new Set<string>()
  const database: SharedDatabase = {
    rows: (sql, values) => reading.inTurn((run) => run(sql, values)),
    nowMs: 'CAST(extract(epoch from clock_timestamp()) * 1000 AS BIGINT)',
    lock: (id) => takeLock(writing, id, held),
    subscribe(id, listener) {
      const key = nameOf(id)
      const all = listeners.get(key) ?? new Set()
      listeners.set(key, all.add(listener))
      return () => void all.delete(listener)
    },
  }
  const close = async (): Promise<void> => {
    await writing.close()
    await reading.close()
  }
  try {
    await writing.inTurn((run) => inTransaction(run, makeTables))
  } catch (error) {
    await close()
    throw error
  }
  return { book: (id) => createSharedBook(database, id), close }
}

const channel = 'freshet_books'

/** Several processes may begin at once, and tables cannot be made at once. */
async function makeTables(run: RunShared): Promise<void> {
  await run(`SELECT pg_advisory_xact_lock(${lockKey})`, [channel])
  await makeSharedTables(run)
}

/** Tables of several schemas of a database are apart. */
const lockKey = "hashtextextended(concat(current_schema(), ' ', CAST(? AS TEXT)), 0)"

function nameOf({ chainId, orderbook }: BookId): string {
  return `${chainId} ${orderbook.address}`
}

/** Where the writer's machine is gone or hangs, the server finds out by itself. */
async function endWhenSilent(run: RunShared, silenceMs: number): Promise<void> {
  const settings: [string, string][] = [
    ['idle_in_transaction_session_timeout', String(silenceMs)],
    ['tcp_keepalives_idle', '5'],
    ['tcp_keepalives_interval', '5'],
    ['tcp_keepalives_count', '3'],
  ]
  const [version] = await run('SHOW server_version_num')
  if (Number(version?.[0]) >= 140_000) settings.push(['idle_session_timeout', String(silenceMs)])
  for (const [name, value] of settings) await run('SELECT set_config(?, ?, false)', [name, value])
}

/** @param held - Books whose lock this process has: a session may take its own lock again. */
async function takeLock(link: PostgresLink, id: BookId, held: Set<string>): Promise<SharedLock | undefined> {
  const name = nameOf(id)
  return link.inTurn(async (run, { lost }) => {
    if (held.has(name)) return undefined
    const [row] = await run(`SELECT pg_try_advisory_lock(${lockKey})`, [name])
    if (row?.[0] !== true) return undefined
    held.add(name)
    const end = new AbortController()
    const over = AbortSignal.any([lost, end.signal])
    lost.addEventListener('abort', () => held.delete(name))
    const inSession = <T>(work: (run: RunShared) => Promise<T>): Promise<T> =>
      link.inTurn((now, session) => {
        // Another connection would not have the lock.
        if (session.lost !== lost || over.aborted)
          throw sharedUnreachable('the connection that held the lock was lost', undefined)
        return work(now)
      })
    return {
      lost: over,
      transaction: (work) =>
        inSession((now) =>
          inTransaction(now, async (inside) => {
            const result = await work(inside)
            await inside('SELECT pg_notify(?, ?)', [channel, name])
            return result
          }),
        ),
      async release() {
        if (over.aborted) return
        await inSession((now) => now(`SELECT pg_advisory_unlock(${lockKey})`, [name]))
        held.delete(name)
        end.abort(new Error('The lock was let go.'))
      },
    }
  })
}
