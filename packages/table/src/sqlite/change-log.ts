import type { Clock } from '@freshet/core'
import { createChangeQueue, type ChangeQueue } from '../change-queue.ts'
import { databaseClosed } from '../master-errors.ts'
import type { MasterChange, MasterEntry, WatchOptions } from '../master.ts'
import type { SqliteConnection } from './sqlite-connection.ts'
import { sqliteToError } from './sqlite-errors.ts'
import { quote } from './sqlite-filter.ts'

/** Log entries kept; a watch resumed from before the oldest reads all anew. */
const keptEntries = 100_000

/** A write in this many, roughly, drops the entries beyond those kept. */
const pruneEvery = 1000n

export type ChangeLogOptions = {
  readonly connection: SqliteConnection
  readonly clock: Clock
  /** How often other connections' writes are looked for. */
  readonly pollMs: number
}

/** What happened to the rows of watched tables, written by triggers in the transaction of each change. */
export type ChangeLog = {
  /** Logs the changes of this table from now on, whoever makes them. */
  install(table: string, idField: string): void
  /**
   * Runs a write in one transaction; its log entries carry the operation id, and
   * watchers are told at once. One that the log knows, for it was taken before, is not run
   * again: the answer is `again`.
   */
  write<T>(opId: string, body: () => T, again?: T): T
  watch(
    table: string,
    read: (ids: readonly string[]) => MasterEntry[],
    options: WatchOptions,
  ): AsyncIterable<MasterChange>
  close(): void
}

type Watcher = {
  readonly table: string
  readonly read: (ids: readonly string[]) => MasterEntry[]
  readonly queue: ChangeQueue
  /** Place in the log up to which it has been told. */
  seen: bigint
}

type Entry = { readonly seq: bigint; readonly id: string; readonly op: string | null }

/**
 * A change feed for SQLite: triggers log each change, and `PRAGMA data_version`
 * says cheaply whether another connection wrote since it was last asked.
 */
export function createChangeLog({ connection, clock, pollMs }: ChangeLogOptions): ChangeLog {
  const watchers = new Set<Watcher>()
  const logId = installLog(connection)
  let dataVersion: unknown
  let cancelPoll: (() => void) | undefined

  const newest = (): bigint =>
    number(connection.all({ sql: 'SELECT coalesce(max(seq), 0) FROM freshet_log', values: [] }))
  const oldest = (): bigint =>
    number(connection.all({ sql: 'SELECT coalesce(min(seq), 0) FROM freshet_log', values: [] }))
  const isLogged = (opId: string): boolean =>
    connection.all({ sql: 'SELECT 1 FROM freshet_log WHERE op = ? LIMIT 1', values: [opId] }).length > 0
  const cursorAt = (seq: bigint): string => `${logId}:${seq}`

  const entriesAfter = (table: string, seq: bigint): readonly Entry[] =>
    connection
      .all({
        sql: 'SELECT seq, id, op FROM freshet_log WHERE tbl = ? AND seq > ? ORDER BY seq',
        values: [table, seq],
      })
      // The columns of freshet_log are ours.
      .map(([at, id, op]) => ({ seq: at as bigint, id: String(id), op: op as string | null }))

  /** Tells a watcher what it has not seen: each logged change with the row as it is now. */
  const tell = (watcher: Watcher): void => {
    connection.transaction('read', () => {
      const { table, queue, read, seen } = watcher
      const upTo = newest()
      watcher.seen = upTo
      if (seen + 1n < oldest()) return queue.push({ kind: 'invalidated', cursor: cursorAt(upTo) })
      const entries = entriesAfter(table, seen)
      const rows = new Map(read([...new Set(entries.map(({ id }) => id))]).map(([id, row]) => [id, row]))
      for (const { seq, id, op } of entries) {
        const row = rows.get(id)
        const about = { id, op: op ?? undefined, cursor: cursorAt(seq) }
        queue.push(row === undefined ? { kind: 'delete', ...about } : { kind: 'upsert', row, ...about })
      }
    })
  }
  const tellAll = (): void => {
    for (const watcher of watchers) {
      try {
        tell(watcher)
      } catch (error) {
        watcher.queue.end(sqliteToError(error, connection.path))
      }
    }
  }
  const poll = (): void => {
    const [row] = connection.all({ sql: 'PRAGMA data_version', values: [] })
    const version = row?.[0]
    if (version === dataVersion) return
    dataVersion = version
    tellAll()
  }
  const schedulePoll = (): void => {
    cancelPoll = clock.schedule(() => {
      try {
        poll()
      } catch (error) {
        for (const { queue } of watchers) queue.end(sqliteToError(error, connection.path))
      }
      if (watchers.size > 0) schedulePoll()
      else cancelPoll = undefined
    }, pollMs)
  }
  /** The place a cursor names, when all that happened since is still logged. */
  const placeOf = (cursor: string | undefined): bigint | undefined => {
    const match = cursor?.startsWith(`${logId}:`) === true ? /:(\d{1,18})$/.exec(cursor) : null
    if (match?.[1] === undefined) return undefined
    const seq = BigInt(match[1])
    return seq <= newest() && seq + 1n >= oldest() ? seq : undefined
  }

  return {
    install(table, idField) {
      for (const statement of triggersFor(table, idField)) connection.execute(statement)
    },
    write(opId, body, again) {
      const result = connection.transaction('write', () => {
        if (again !== undefined && isLogged(opId)) return again
        const before = newest()
        const written = body()
        connection.all({ sql: 'UPDATE freshet_log SET op = ? WHERE seq > ?', values: [opId, before] })
        if (before % pruneEvery === 0n) prune(connection)
        return written
      })
      tellAll()
      return result
    },
    watch(table, read, { signal, from }) {
      const { changes } = createChangeQueue(signal, (queue) => {
        const place = placeOf(from)
        const watcher: Watcher = { table, read, queue, seen: place ?? newest() }
        watchers.add(watcher)
        if (place !== undefined) {
          queue.push({ kind: 'resumed' })
          tell(watcher)
        }
        queue.push({ kind: 'live', cursor: cursorAt(watcher.seen) })
        if (cancelPoll === undefined) schedulePoll()
        return () => watchers.delete(watcher)
      })
      return changes
    },
    close() {
      cancelPoll?.()
      for (const { queue } of watchers) queue.end(databaseClosed())
    },
  }
}

/** Makes the log where there is none and returns its identity, so that no cursor of another log is taken for one of this. */
function installLog(connection: SqliteConnection): string {
  connection.execute(`
    CREATE TABLE IF NOT EXISTS freshet_log (
      seq INTEGER PRIMARY KEY AUTOINCREMENT, tbl TEXT NOT NULL, id TEXT NOT NULL, op TEXT
    );
    CREATE INDEX IF NOT EXISTS freshet_log_op ON freshet_log (op) WHERE op IS NOT NULL;
    CREATE TABLE IF NOT EXISTS freshet_log_identity (one INTEGER PRIMARY KEY CHECK (one = 1), id TEXT NOT NULL);
    INSERT OR IGNORE INTO freshet_log_identity VALUES (1, lower(hex(randomblob(8))));
  `)
  prune(connection)
  const [row] = connection.all({ sql: 'SELECT id FROM freshet_log_identity', values: [] })
  return String(row?.[0])
}

function prune(connection: SqliteConnection): void {
  connection.execute(
    `DELETE FROM freshet_log WHERE seq <= (SELECT max(seq) FROM freshet_log) - ${keptEntries}`,
  )
}

function triggersFor(table: string, idField: string): readonly string[] {
  const log = (side: 'NEW' | 'OLD'): string =>
    `INSERT INTO freshet_log (tbl, id) VALUES (${literal(table)}, ${side}.${quote(idField)});`
  const trigger = (event: string, body: string): string =>
    `CREATE TRIGGER IF NOT EXISTS ${quote(`freshet_log_${table}_${event}`)} AFTER ${event} ON ${quote(table)} BEGIN ${body} END`
  const isMoved = `OLD.${quote(idField)} IS NOT NEW.${quote(idField)}`
  return [
    trigger('INSERT', log('NEW')),
    trigger('DELETE', log('OLD')),
    trigger(
      'UPDATE',
      `INSERT INTO freshet_log (tbl, id) SELECT ${literal(table)}, OLD.${quote(idField)} WHERE ${isMoved}; ${log('NEW')}`,
    ),
  ]
}

function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}

function number(rows: readonly (readonly unknown[])[]): bigint {
  const value = rows[0]?.[0]
  return typeof value === 'bigint' ? value : 0n
}
