import { systemClock, type Clock, type Store } from '@freshet/core'
import type { StoreOptions } from '../store-options.ts'
import { tableSet } from '../tables.ts'
import type { ChangeKeeping } from './changes.ts'
import { layouts, storedTable } from './database.ts'
import type { IndexKeeping } from './indexes.ts'
import { createIndexedDbStore } from './indexeddb-store.ts'
import { openDatabase } from './open-database.ts'
import type { PackKeeping } from './packs.ts'

export type IndexedDbStoreOptions = StoreOptions & {
  /** The database's name, one per store of this origin. */
  readonly name: string
  /** How long opening waits for other tabs when the tables have changed. Default 5000. */
  readonly blockedTimeoutMs?: number | undefined
  readonly clock?: Clock | undefined
  /** `indexes` of this module, where tables declare some, or ranges have bounds or are reversed. */
  readonly indexes?: IndexKeeping | undefined
  /** `changes` of this module, where other tabs follow what this one commits. */
  readonly changes?: ChangeKeeping | undefined
  /**
   * `packs` of this module, where many rows are written at once, in a worker: a browser takes twenty times
   * as long to put 100,000 rows one by one. From then on the database is opened with it only.
   */
  readonly packs?: PackKeeping | undefined
}

/**
 * Opens a store in one IndexedDB database, making it if there is none. Several
 * tabs may have it open.
 *
 * A commit resolves when its transaction has completed. Those that touch intent
 * tables ask for strict durability, so they survive a loss of power [T7].
 * When another tab declares other tables, or deletes the database, this store
 * lets go: its calls then reject with `storage/unavailable`; open it again.
 *
 * @throws {FreshetError} `storage/locked`: another tab keeps an upgrade waiting.
 *   `storage/foreign`: another program's database. `storage/layout`: from a newer
 *   Freshet. `storage/unavailable`: see the message. `storage/tables` (usage).
 *   `storage/not-kept` (usage): something in `tables` or in the database is not kept.
 */
export async function openIndexedDbStore(options: IndexedDbStoreOptions): Promise<Store> {
  const { blockedTimeoutMs = 5000, clock = systemClock } = options
  const { name, changes, packs, maxTombstones } = options
  const declared = [...tableSet(options.tables).values()].map((table) => storedTable(table, options))
  // Packs first: a table that is in an index from now on is unpacked.
  const stores = [...(packs ? [packs.spec] : []), ...declared, ...(changes ? [changes.tombstones] : [])]
  const layout = packs ? layouts.packed : layouts.loose
  const opened = await openDatabase({ name, stores, layout, blockedTimeoutMs, clock })
  const tables = new Map(declared.map((table) => [table.name, table]))
  return createIndexedDbStore(opened, { ...options, tables, maxTombstones })
}
