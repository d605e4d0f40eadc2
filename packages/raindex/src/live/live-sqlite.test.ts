import { storeTables } from '@freshet/core'
import { openSqliteStore } from '@freshet/storage/sqlite'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { raindexTables } from '../engine/index.ts'
import { restartSuite } from '../testing/restart-suite.ts'

const folder = mkdtempSync(join(tmpdir(), 'freshet-raindex-'))
afterAll(() => rmSync(folder, { recursive: true }))

restartSuite('SQLite', (name) =>
  openSqliteStore({ path: join(folder, `${name}.db`), tables: storeTables(raindexTables) }),
)
