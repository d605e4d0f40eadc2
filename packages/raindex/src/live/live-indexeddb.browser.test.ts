import { storeTables } from '@freshet/core'
import { openIndexedDbStore } from '@freshet/storage/indexeddb'
import { raindexTables } from '../engine/index.ts'
import { restartSuite } from '../testing/restart-suite.ts'

restartSuite('IndexedDB', (name) =>
  openIndexedDbStore({ name: `raindex-${name}`, tables: storeTables(raindexTables) }),
)
