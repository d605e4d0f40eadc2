import { FreshetError, type StoreTable } from '@freshet/core'
import type { IDBPObjectStore, IDBPTransaction, StoreNames } from 'idb'
import type { TableSet } from '../tables.ts'
import { fromClonedRow } from './clone-codec.ts'
import {
  currentLayout,
  keyIndexName,
  onlyKey,
  recordStoreName,
  type Catalog,
  type CatalogEntry,
  type Database,
  type RecordStoreName,
  type StoredRecord,
  type StoreSchema,
} from './database.ts'
import { toStoredRecord, toWritableTable, type WritableTable } from './stored-record.ts'

type Names = StoreNames<StoreSchema>[]
type Upgrade = IDBPTransaction<StoreSchema, Names, 'versionchange'>
type RecordStore = IDBPObjectStore<StoreSchema, Names, RecordStoreName, 'versionchange'>

/**
 * Makes the database what the host declares, in the one transaction that
 * changes its version: interrupted, it leaves all as it was [T8].
 */
export async function upgrade(
  name: string,
  database: Database,
  transaction: Upgrade,
  tables: TableSet,
): Promise<void> {
  if (!database.objectStoreNames.contains('catalog')) createBooks(name, database, transaction)
  const catalogStore = transaction.objectStore('catalog')
  const catalog = checkedCatalog(name, await catalogStore.get(onlyKey))
  const entries = new Map(catalog.tables.map((entry) => [entry.name, entry]))
  for (const table of tables.values()) {
    const entry = entries.get(table.name)
    if (entry !== undefined && isAsDeclared(entry, table)) continue
    const number = entry?.number ?? entries.size + 1
    const declared = toEntry(table, number)
    entries.set(table.name, declared)
    if (entry === undefined)
      createIndexes(database.createObjectStore(recordStoreName(declared), { keyPath: 'id' }), declared)
    else await rebuildIndexes(transaction.objectStore(recordStoreName(declared)), declared)
  }
  await catalogStore.put({ layout: currentLayout, tables: [...entries.values()] }, onlyKey)
}

/** Whether opening needs no upgrade. */
export function isUpToDate(catalog: Catalog, tables: TableSet): boolean {
  const entries = new Map(catalog.tables.map((entry) => [entry.name, entry]))
  return [...tables.values()].every((table) => {
    const entry = entries.get(table.name)
    return entry !== undefined && isAsDeclared(entry, table)
  })
}

/** @throws {FreshetError} `storage/layout` for a newer one, `storage/corrupt` for none. */
export function checkedCatalog(name: string, catalog: Catalog | undefined): Catalog {
  if (catalog === undefined) return { layout: currentLayout, tables: [] }
  if (catalog.layout <= currentLayout) return catalog
  throw new FreshetError({
    code: 'storage/layout',
    kind: 'storage',
    message: `The store ${name} has layout ${catalog.layout}, newer than ${currentLayout} of this Freshet. Reload the page, or upgrade Freshet.`,
  })
}

function createBooks(name: string, database: Database, transaction: Upgrade): void {
  if (database.objectStoreNames.length > 0) throw foreignError(name)
  database.createObjectStore('catalog')
  database.createObjectStore('tombstones', { keyPath: ['number', 'id'] }).createIndex('seq', 'seq')
  database.createObjectStore('state')
  // Failing, it aborts the transaction, which is what the caller waits for.
  void transaction.objectStore('state').put({ seq: 0, term: 0, resetSeq: 0 }, onlyKey)
}

/** Another program's database under this name. */
export function foreignError(name: string): FreshetError {
  return new FreshetError({
    code: 'storage/foreign',
    kind: 'storage',
    message: `The database ${name} belongs to another program, and is left alone. Give another name.`,
  })
}

function toEntry({ name, space, indexes = [] }: StoreTable, number: number): CatalogEntry {
  return { name, number, space, indexes: indexes.map((index) => index.fields) }
}

function isAsDeclared(entry: CatalogEntry, table: StoreTable): boolean {
  return JSON.stringify(entry) === JSON.stringify(toEntry(table, entry.number))
}

function createIndexes(store: RecordStore, entry: CatalogEntry): void {
  // Only followed tables are asked what changed.
  if (entry.space === 'replica' && !store.indexNames.contains('seq')) store.createIndex('seq', 'seq')
  for (const at of entry.indexes.keys()) store.createIndex(keyIndexName(at), keyIndexName(at))
}

async function rebuildIndexes(store: RecordStore, entry: CatalogEntry): Promise<void> {
  for (const index of [...store.indexNames]) store.deleteIndex(index)
  const table = toWritableTable(entry)
  for (let cursor = await store.openCursor(); cursor !== null; cursor = await cursor.continue()) {
    await cursor.update(withKeys(cursor.value, table))
  }
  createIndexes(store, entry)
}

function withKeys({ id, seq, value, tagged }: StoredRecord, table: WritableTable): StoredRecord {
  return toStoredRecord(table, id, seq, fromClonedRow(tagged === undefined ? { value } : { value, tagged }))
}
