import { constants, DatabaseSync } from 'node:sqlite'
import { gunzipSync } from 'node:zlib'
import { badDump } from './import-public-database.ts'
import { nodeSql, openNodeSql } from './node-sql.ts'
import type { SqlDatabase } from './sql-database.ts'
import { databaseError, translating } from './database-core.ts'

/** Largest text of a dump that is read. */
const mostBytes = 2 ** 30

/**
 * Opens a dump as the public tool publishes it: statements of SQL, gzipped or not.
 *
 * It is run in memory, and may make tables and rows there and nothing else.
 *
 * @throws {RaindexClientError} `BadDump`: it is damaged, too large, or does something else.
 */
export function openDump(dump: Uint8Array): SqlDatabase {
  const database = new DatabaseSync(':memory:')
  try {
    const isGzip = dump[0] === 0x1f && dump[1] === 0x8b
    const text = new TextDecoder().decode(isGzip ? gunzipSync(dump, { maxOutputLength: mostBytes }) : dump)
    database.setAuthorizer((action, first) => {
      if (action === constants.SQLITE_PRAGMA && first === 'foreign_keys') return constants.SQLITE_OK
      return harmless.has(action) ? constants.SQLITE_OK : constants.SQLITE_DENY
    })
    database.exec(makesTables.test(text) ? text : withTables(text))
    database.setAuthorizer(null)
    return readingAs(nodeSql(database), (error) =>
      badDump('The dump lacks what the public tool writes. Get it again.', error),
    )
  } catch (error) {
    database.close()
    throw badDump('The dump is damaged, or does more than make tables and rows. Get it again.', error)
  }
}

const makesTables = /^[ \t]*CREATE TABLE/im

/** Tables that are taken over, with their columns where a dump does not name them. */
const takenTables = {
  raw_events:
    'chain_id, orderbook_address, transaction_hash, log_index, block_number, block_timestamp, address, topics, data, raw_json',
  erc20_tokens: 'chain_id, orderbook_address, token_address, name, symbol, decimals',
} as const

/** A dump of rows alone, a statement on each line: its tables are made, and rows of others left out. */
function withTables(text: string): string {
  const tables = Object.entries(takenTables).map(([table, columns]) => {
    const named = new RegExp(`^[ \\t]*INSERT (?:OR \\w+ )?INTO "?${table}"?\\s*\\(([\\w", ]+)\\)`, 'im').exec(
      text,
    )
    return `CREATE TABLE ${table} (${named?.[1] ?? columns});`
  })
  const isTaken = (line: string): boolean => {
    const [, table] = /^[ \t]*INSERT (?:OR \w+ )?INTO "?(\w+)"?/i.exec(line) ?? []
    return table === undefined || Object.hasOwn(takenTables, table)
  }
  return [...tables, ...text.split('\n').filter(isTaken)].join('\n')
}

/** Opens a database file of the public tool, to read from. */
export function openPublicDatabase(path: string): SqlDatabase {
  const source = translating(path, () => openNodeSql({ path, readOnly: true }))
  return readingAs(source, (error) => databaseError(path, error))
}

/** Gives what SQLite throws when it is read a name and a remedy. */
function readingAs(source: SqlDatabase, faultOf: (error: unknown) => unknown): SqlDatabase {
  const attempt = <T>(work: () => T): T => {
    try {
      return work()
    } catch (error) {
      throw faultOf(error)
    }
  }
  return {
    ...source,
    prepare: (sql) => {
      const { run, all, rows } = attempt(() => source.prepare(sql))
      return {
        run: (...values) => attempt(() => run(...values)),
        all: (...values) => attempt(() => all(...values)),
        rows: (...values) => attempt(() => rows(...values)),
      }
    },
  }
}

const harmless: ReadonlySet<number> = new Set([
  constants.SQLITE_CREATE_TABLE,
  constants.SQLITE_CREATE_INDEX,
  constants.SQLITE_CREATE_VIEW,
  constants.SQLITE_INSERT,
  // Of the table of tables, when one is made.
  constants.SQLITE_UPDATE,
  constants.SQLITE_READ,
  constants.SQLITE_SELECT,
  constants.SQLITE_TRANSACTION,
  constants.SQLITE_REINDEX,
])
