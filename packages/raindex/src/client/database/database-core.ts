import { RaindexClientError } from '../client-error.ts'
import { createBookTables, type BookId, type BookTables } from './book-tables.ts'
import { defineFloatFunctions } from './float-functions.ts'
import {
  addedTablesSql,
  applicationId,
  layoutVersion,
  ownTablesSql,
  publicSchemaVersion,
  publicTablesSql,
  readIndexesSql,
} from './schema.ts'
import { inTransaction, type SqlDatabase, type SqlValue } from './sql-database.ts'
import { vaultDeltasSql } from './vault-deltas-view.ts'

/** A row by the names of its columns. */
export type SqlRow = Readonly<Record<string, SqlValue>>

/** The database on the thread that has the connection. */
export type DatabaseCore = {
  book(id: BookId): BookTables
  /** Runs one statement that only reads. */
  query(sql: string, values: readonly SqlValue[]): readonly SqlRow[]
  close(): void
}

export type DatabaseCoreOptions = {
  /** What the file is called in messages. */
  readonly name: string
  readonly now: () => number
  /** A second connection that cannot write, for queries of others. */
  readonly openReader?: (() => SqlDatabase) | undefined
}

/**
 * Makes or opens the local database on a connection.
 *
 * @throws {RaindexClientError} `DatabaseForeign`: another program's file, or one of a newer or older schema.
 * `DatabaseCorrupt`: it is damaged.
 */
export function openDatabaseCore(database: SqlDatabase, options: DatabaseCoreOptions): DatabaseCore {
  const { name, now, openReader } = options
  return translating(name, () => {
    prepare(database, name, now)
    const books = new Map<string, BookTables>()
    let reader: SqlDatabase | undefined
    const readerOf = (): SqlDatabase => {
      if (reader !== undefined || openReader === undefined) return reader ?? database
      reader = openReader()
      defineFloatFunctions(reader)
      return reader
    }
    let isIndexed = false
    const indexForReaders = (): void => {
      if (!isIndexed) isIndexed = makeReadIndexes(database)
    }
    return {
      book(id) {
        const key = `${id.chainId}/${id.orderbook.address}/${id.orderbook.version}`
        const known = books.get(key) ?? createBookTables(database, id, now, indexForReaders)
        books.set(key, known)
        return known
      },
      query(sql, values) {
        return translating(name, () => {
          indexForReaders()
          return readOnly(readerOf(), database, sql, values)
        })
      },
      close() {
        reader?.close()
        database.close()
      },
    }
  })
}

/** On the connection that writes, writing is switched off meanwhile. */
function readOnly(
  reader: SqlDatabase,
  writer: SqlDatabase,
  sql: string,
  values: readonly SqlValue[],
): readonly SqlRow[] {
  if (reader !== writer) return reader.prepare(sql).rows(...values)
  writer.exec('PRAGMA query_only = ON')
  try {
    return writer.prepare(sql).rows(...values)
  } finally {
    writer.exec('PRAGMA query_only = OFF')
  }
}

/** @returns whether they are there: a read does not wait for another process that is writing, and slows no first fill. */
function makeReadIndexes(database: SqlDatabase): boolean {
  const [timeout] = database.prepare('PRAGMA busy_timeout').all()
  database.exec('PRAGMA busy_timeout = 0')
  try {
    if (database.prepare('SELECT 1 FROM raw_logs LIMIT 1').all().length === 0) return false
    // Told of how much there is, SQLite looks by these and not by the order book, which it takes for rare.
    database.exec(`${readIndexesSql} PRAGMA analysis_limit = 1000; ANALYZE`)
    return true
  } catch (error) {
    if (primaryCode(error) !== busy) throw error
    return false
  } finally {
    database.exec(`PRAGMA busy_timeout = ${Number(timeout?.[0] ?? 0)}`)
  }
}

function prepare(database: SqlDatabase, name: string, now: () => number): void {
  defineFloatFunctions(database)
  // Asked before anything is written, so that another program's file stays as it is.
  const isNew = readHeader(database, name)
  // Large pages: a log is a kilobyte, and what each page costs in the write-ahead log is a fifth of the whole else.
  database.exec(
    'PRAGMA page_size = 16384; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -64000',
  )
  database.exec('PRAGMA wal_autocheckpoint = 8000; PRAGMA temp_store = MEMORY')
  if (isNew) inTransaction(database, () => create(database, name, now))
  database.exec(addedTablesSql)
}

/** Whether the file is empty. */
function readHeader(database: SqlDatabase, name: string): boolean {
  const pragma = (which: string): number => Number(database.prepare(`PRAGMA ${which}`).all()[0]?.[0])
  const [id, version] = [pragma('application_id'), pragma('user_version')]
  const tables = new Set(
    database
      .prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")
      .all()
      .map(([table]) => String(table)),
  )
  if (tables.size === 0 && (id === 0 || id === applicationId)) return true
  if (tables.has('raw_events') && !tables.has('freshet_layout')) throw ofPublicTool(name, version)
  if (id !== applicationId || !tables.has('freshet_layout')) throw ofAnotherProgram(name)
  const [layout] = database.prepare('SELECT version FROM freshet_layout').all()
  if (version !== publicSchemaVersion || layout?.[0] !== layoutVersion)
    throw ofAnotherVersion(name, `${version}.${String(layout?.[0])}`)
  return false
}

function create(database: SqlDatabase, name: string, now: () => number): void {
  // Read again inside: another process may have made it meanwhile.
  if (!readHeader(database, name)) return
  database.exec(publicTablesSql)
  database.exec(vaultDeltasSql)
  database.exec(ownTablesSql)
  database.prepare('INSERT INTO freshet_layout VALUES (?)').run(layoutVersion)
  const at = new Date(now()).toISOString()
  database.prepare('INSERT INTO db_metadata VALUES (1, ?, ?, ?)').run(publicSchemaVersion, at, at)
  database.exec(`PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${publicSchemaVersion}`)
}

/** Gives what SQLite throws a name, a file and a remedy. */
export function translating<T>(name: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw databaseError(name, error)
  }
}

/** What SQLite has thrown, with a name, a file and a remedy; anything else as it is. */
export function databaseError(name: string, error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof RaindexClientError) return error
  const primary = primaryCode(error)
  if (primary === undefined) return error
  const options = { details: { name }, cause: error }
  if (primary === 11 || primary === 26) {
    const message = `The database ${name} is damaged or is none. Restore it from a copy, or move it away and sync again.`
    return new RaindexClientError('DatabaseCorrupt', { ...options, message })
  }
  const message = `The database ${name} cannot be read or written: ${error.message}. Check the disk and that no other process holds it.`
  const retryable = primary === busy || primary === 6 || primary === 13
  return new RaindexClientError('DatabaseUnavailable', { ...options, message, retryable })
}

const busy = 5

/** What SQLite says is wrong: the low byte of its code. https://www.sqlite.org/rescode.html */
function primaryCode(error: unknown): number | undefined {
  if (!(error instanceof Error)) return undefined
  const code = 'errcode' in error ? error.errcode : 'resultCode' in error ? error.resultCode : undefined
  return typeof code === 'number' ? code & 0xff : undefined
}

function ofPublicTool(name: string, version: number): RaindexClientError {
  const message = `The database ${name} was written by another tool (schema ${version}). Give another file here, and take its events over with freshet raindex sync --import, or importPublicDatabase.`
  return new RaindexClientError('DatabaseForeign', { message, details: { name, version } })
}

function ofAnotherProgram(name: string): RaindexClientError {
  const message = `The file ${name} is the database of another program, and is left alone. Give another one.`
  return new RaindexClientError('DatabaseForeign', { message, details: { name } })
}

function ofAnotherVersion(name: string, version: string): RaindexClientError {
  const message = `The database ${name} has schema ${version}, and this Freshet reads ${publicSchemaVersion}.${layoutVersion}. Use the Freshet that wrote it, or sync into another file.`
  return new RaindexClientError('DatabaseForeign', { message, details: { name, version } })
}
