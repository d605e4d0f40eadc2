import { FreshetError } from '@freshet/core'
import type { DatabaseSync } from 'node:sqlite'
import { inTransaction } from './transaction.ts'

/** Marks a file as ours: "frsh". */
const applicationId = 0x66727368

/** One step of the layout: from the version of its place in the list to the next. */
export type LayoutStep = (database: DatabaseSync) => void

/**
 * How the layout came to be; step n makes version n + 1. Never change a step
 * that was released: append one.
 */
const layoutSteps: readonly LayoutStep[] = [
  (database) =>
    database.exec(`
      CREATE TABLE freshet_state (
        one INTEGER PRIMARY KEY CHECK (one = 1),
        seq INTEGER NOT NULL, term INTEGER NOT NULL, resetSeq INTEGER NOT NULL
      ) STRICT;
      INSERT INTO freshet_state VALUES (1, 0, 0, 0);
      CREATE TABLE freshet_table (
        number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, space TEXT NOT NULL, indexes TEXT NOT NULL
      ) STRICT;
      CREATE TABLE freshet_tombstone (
        number INTEGER NOT NULL, id TEXT NOT NULL, seq INTEGER NOT NULL, UNIQUE (number, id)
      ) STRICT;
    `),
  // Keys of indexes became texts: a table whose indexes are not as declared is built again.
  (database) => database.exec("UPDATE freshet_table SET indexes = ''"),
  // What `append` adds: the commit's number is its key, so one insert into one table is all. The row
  // of table 0 has the number of the newest other commit, so that the largest key is the newest number.
  (database) =>
    database.exec(`
      CREATE TABLE freshet_appended (
        seq INTEGER PRIMARY KEY, number INTEGER NOT NULL, value BLOB NOT NULL
      ) STRICT;
      INSERT INTO freshet_appended SELECT seq, 0, x'' FROM freshet_state;
      ALTER TABLE freshet_state DROP COLUMN seq;
    `),
]

/**
 * Brings the file to the newest layout, one transaction per step, so that an
 * interrupted migration goes on where it stopped [T8].
 *
 * @throws {FreshetError} `storage/foreign`: another program's database.
 *   `storage/layout`: written by a newer Freshet.
 */
export function migrate(
  database: DatabaseSync,
  path: string,
  steps: readonly LayoutStep[] = layoutSteps,
): void {
  const version = layoutVersion(database, path)
  if (version > steps.length) {
    throw new FreshetError({
      code: 'storage/layout',
      kind: 'storage',
      message: `The store ${path} has layout ${version}, newer than ${steps.length} of this Freshet. Upgrade Freshet, or give another path.`,
    })
  }
  for (let step = version; step < steps.length; step++) {
    inTransaction(database, () => {
      // Read again inside: another process may have taken this step meanwhile.
      if (layoutVersion(database, path) !== step) return
      steps[step]?.(database)
      database.exec(`PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${step + 1}`)
    })
  }
}

/** The layout's number, 0 for an empty file. */
export function layoutVersion(database: DatabaseSync, path: string): number {
  const id = pragma(database, 'application_id')
  if (id === applicationId) return pragma(database, 'user_version')
  const objects = database.prepare('SELECT count(*) AS count FROM sqlite_schema').get()
  if (id === 0 && objects?.['count'] === 0) return 0
  throw new FreshetError({
    code: 'storage/foreign',
    kind: 'storage',
    message: `The file ${path} is the database of another program, and is left alone. Give another path.`,
  })
}

function pragma(database: DatabaseSync, name: string): number {
  return Number(database.prepare(`PRAGMA ${name}`).get()?.[name])
}
