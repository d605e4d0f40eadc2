import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import { parentPort, workerData } from 'node:worker_threads'

/**
 * Writes the rows of a filled book once more into an empty file, with nothing but bound statements: what any program
 * pays that keeps them. Reads them first, says so, and begins when it is told to.
 */
// Given by the benchmark.
const { from, to, commits } = workerData as {
  readonly from: string
  readonly to: string
  readonly commits: number
}

const source = new DatabaseSync(from, { readOnly: true })
const target = new DatabaseSync(to)
target.exec('PRAGMA page_size = 16384; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL')
target.exec('PRAGMA cache_size = -64000; PRAGMA wal_autocheckpoint = 32000')
const filled = tablesOf(source).map((name) => ({ name, rows: rowsOf(name) }))
const inserts = filled.map(({ name, rows }) => {
  const places = (rows[0] ?? []).map(() => '?').join(', ')
  return { rows, statement: target.prepare(`INSERT OR IGNORE INTO ${name} VALUES (${places})`) }
})
source.close()
parentPort?.once('message', () => {
  for (let commit = 0; commit < commits; commit++) {
    target.exec('BEGIN')
    for (const { rows, statement } of inserts) {
      const part = rows.slice((commit * rows.length) / commits, ((commit + 1) * rows.length) / commits)
      for (const row of part) statement.run(...row)
    }
    target.exec('COMMIT')
  }
  parentPort?.postMessage('written')
  target.close()
})
parentPort?.postMessage('ready')

/** Makes the tables that have rows, without what readers need. */
function tablesOf(database: DatabaseSync): readonly string[] {
  const tables = database
    .prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    .all()
  return tables.flatMap(({ name, sql }) => {
    if (database.prepare(`SELECT 1 FROM ${String(name)} LIMIT 1`).get() === undefined) return []
    target.exec(String(sql))
    return [String(name)]
  })
}

function rowsOf(name: string): readonly (readonly SQLInputValue[])[] {
  // Generated columns are not written; what is hidden is left out of the list of columns.
  const columns = source.prepare(`SELECT name FROM pragma_table_info('${name}')`).all()
  const list = columns.map((column) => String(column['name'])).join(', ')
  const rows = source.prepare(`SELECT ${list} FROM ${name}`)
  rows.setReturnArrays(true)
  // Set above to return lists, which the types of node:sqlite do not know.
  return rows.all() as unknown as readonly (readonly SQLInputValue[])[]
}
