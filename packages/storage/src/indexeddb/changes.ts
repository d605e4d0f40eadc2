import type { CommitSeq, Space, StoreChanges, StoreTable, StoreWrite } from '@freshet/core'
import { defaultMaxTombstones } from '../store-options.ts'
import { booksName, type ObjectStoreSpec, type StoredRecord, type StoredTable } from './database.ts'
import { newestById } from './newest-by-id.ts'
import { toRecord } from './record-reads.ts'
import { brought } from './requests.ts'
import type { Transactions } from './transactions.ts'

/** Keeps what followers are told [T9]. */
export interface ChangeKeeping {
  /** Where deletions are remembered. */
  readonly tombstones: ObjectStoreSpec
  pathsOf(table: StoreTable): ObjectStoreSpec['indexPaths']
  /**
   * Deletes records, and forgets the oldest deletions beyond the bound.
   *
   * @param packed - Those that were in packs, and are not there any more.
   * @param maxTombstones - Default 100,000.
   * @returns The number up to which deletions are forgotten, 0 for none.
   */
  remove(
    transaction: IDBTransaction,
    gone: readonly RecordKey[],
    packed: ReadonlySet<RecordKey> | undefined,
    seq: CommitSeq,
    maxTombstones?: number,
  ): Promise<CommitSeq>
  /** Forgets the deletions in a table that is emptied. */
  clear(transaction: IDBTransaction, table: StoredTable): void
  /** What changed in any of these tables, in one transaction. */
  since(transactions: Transactions, tables: readonly StoredTable[], seq: CommitSeq): Promise<StoreChanges>
}

/** The key of a record in an object store. */
export type RecordKey = { readonly table: StoredTable; readonly id: string }

type Tombstone = { readonly table: string; readonly id: string; readonly seq: CommitSeq }

/** The index over the number that wrote a record. */
const seqIndex = 'seq'
const bySeq: ObjectStoreSpec['indexPaths'] = new Map([[seqIndex, 'seq']])
const storeName = 'tombstones'
/** The space whose changes followers are told. */
const followed: Space = 'replica'

/** For a store that other tabs follow: what answers `changesSince` [T9]. */
export const changes: ChangeKeeping = {
  tombstones: { storeName, keyPath: ['table', 'id'], indexPaths: bySeq },
  pathsOf: ({ space }) => (space === followed ? bySeq : new Map()),
  async remove(transaction, gone, packed, seq, maxTombstones = defaultMaxTombstones) {
    const noted = await Promise.all(
      gone.map((key) => removeOne(transaction, key, packed?.has(key) === true, seq)),
    )
    return noted.includes(true) ? prune(transaction, maxTombstones) : 0
  },
  clear(transaction, { name }) {
    transaction.objectStore(storeName).delete(IDBKeyRange.bound([name], [name, []]))
  },
  since({ run, readState }, tables, seq) {
    const asked = tables.filter(({ space }) => space === followed)
    const stores = [booksName, storeName, ...asked.flatMap((table) => table.scope)]
    return run(stores, async (transaction): Promise<StoreChanges> => {
      const state = await readState(transaction)
      if (!(seq >= state.resetSeq && seq <= state.seq)) return { kind: 'reset', seq: state.seq }
      const changed = await Promise.all(asked.map((table) => changedSince(transaction, table, seq)))
      return { kind: 'changes', seq: state.seq, writes: changed.flat() }
    })
  },
}

async function changedSince(
  transaction: IDBTransaction,
  table: StoredTable,
  seq: CommitSeq,
): Promise<readonly StoreWrite[]> {
  const records = transaction.objectStore(table.storeName)
  const newer = async (store: IDBObjectStore): Promise<unknown[]> =>
    brought(store.index(seqIndex).getAll(IDBKeyRange.lowerBound(seq, true)))
  // Both written by this store alone.
  const loose = (await newer(records)) as StoredRecord[]
  const packed = (await table.packs?.since(transaction, table, seq)) ?? []
  const changed = newestById([...loose, ...packed])
  const tombstones = (await newer(transaction.objectStore(storeName))) as Tombstone[]
  const gone = tombstones.filter((tombstone) => tombstone.table === table.name)
  return [
    // A record that was written again has a newer number than its tombstone, so it is among the changed ones.
    ...gone
      .filter(({ id }) => !changed.has(id))
      .map(({ id }) => ({ table: table.name, id, value: undefined })),
    ...[...changed.values()].map((record) => ({ table: table.name, ...toRecord(record) })),
  ]
}

/** Whether a deletion was noted: what is not there is not deleted [ST7]. */
async function removeOne(
  transaction: IDBTransaction,
  { table, id }: RecordKey,
  wasPacked: boolean,
  seq: CommitSeq,
): Promise<boolean> {
  const records = transaction.objectStore(table.storeName)
  if ((await brought(records.getKey(id))) !== undefined) records.delete(id)
  else if (!wasPacked) return false
  if (table.space !== followed) return false
  const tombstone: Tombstone = { table: table.name, id, seq }
  transaction.objectStore(storeName).put(tombstone)
  return true
}

async function prune(transaction: IDBTransaction, maxTombstones: number): Promise<CommitSeq> {
  const tombstones = transaction.objectStore(storeName)
  const surplus = (await brought(tombstones.count())) - maxTombstones
  if (surplus <= 0) return 0
  // Written by `removeOne` alone.
  const oldest = (await brought(tombstones.index(seqIndex).getAll(null, surplus))) as Tombstone[]
  for (const { table, id } of oldest) tombstones.delete([table, id])
  return oldest.at(-1)?.seq ?? 0
}
