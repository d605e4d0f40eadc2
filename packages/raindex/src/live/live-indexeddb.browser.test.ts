import { storeTables } from '@freshet/core'
import { changes, indexes, openIndexedDbStore } from '@freshet/storage/indexeddb'
import { raindexTables } from '../engine/index.ts'
import { restartSuite } from '../testing/restart-suite.ts'

restartSuite('IndexedDB', (name) =>
  openIndexedDbStore({ name: `raindex-${name}`, tables: storeTables(raindexTables), indexes, changes }),
)
