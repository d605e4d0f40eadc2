import type { CommitSeq, StoreRange, StoreTable } from '@freshet/core'
import { rangeLimit, type KeyInterval } from '../key-interval.ts'
import type { RecordKey } from './changes.ts'
import {
  booksName,
  layouts,
  stateKey,
  type ObjectStoreSpec,
  type State,
  type StoredRecord,
  type StoredTable,
} from './database.ts'
import { mergeRuns, nextRun, putRun, type PackOptions, type Slices } from './merge-runs.ts'
import { newestById } from './newest-by-id.ts'
import {
  byId,
  looseFeed,
  merged,
  packsAround,
  putPack,
  readRuns,
  runFeed,
  writeRuns,
  type Run,
} from './packed-runs.ts'
import { readRange } from './range-read.ts'
import { getRecords } from './record-reads.ts'
import type { EncodedWrite } from './record-writes.ts'
import { brought } from './requests.ts'

/** Keeps many rows in one record where many come at once. */
export interface PackKeeping {
  /** Where packs lie, those of all tables. */
  readonly spec: ObjectStoreSpec
  /** Whether rows of a table may be packed: those that can be fetched again, and are in no index. */
  takes(table: StoreTable): boolean
  /** Packs the rows of each table that gets enough of them. Returns the other writes. */
  put(
    transaction: IDBTransaction,
    writes: readonly EncodedWrite[],
    seq: CommitSeq,
  ): Promise<readonly EncodedWrite[]>
  /** Takes records out of their packs. Returns which there were. */
  remove(transaction: IDBTransaction, gone: readonly RecordKey[]): Promise<ReadonlySet<RecordKey>>
  clear(transaction: IDBTransaction, table: StoredTable): void
  /** The newest record of each id, packed or not. */
  get(
    transaction: IDBTransaction,
    table: StoredTable,
    ids: readonly string[],
  ): Promise<readonly (StoredRecord | undefined)[]>
  /** The records whose ids lie in an interval, packed or not. */
  read(
    transaction: IDBTransaction,
    table: StoredTable,
    interval: KeyInterval,
    range: Pick<StoreRange, 'limit' | 'reverse'>,
  ): Promise<readonly StoredRecord[]>
  count(transaction: IDBTransaction, table: StoredTable): Promise<number>
  /** Packed records of a table that were written after a commit, of an id maybe several. */
  since(transaction: IDBTransaction, table: StoredTable, seq: CommitSeq): Promise<readonly StoredRecord[]>
  /** Puts the records of a table one by one, for indexes that are new. */
  unpack(transaction: IDBTransaction, table: StoredTable): Promise<void>
}

const storeName = 'packed'

/**
 * For a store that is filled in bulk: a browser takes as long for one record as
 * for a pack of hundreds. Where a commit brings 256 rows or more of a table
 * without indexes, they are sorted by id and put as a run of packs.
 *
 * Of a record that lies in several runs, or by itself as well, the one with the
 * newest number counts. Runs are merged as a log-structured tree does, so that
 * there are few: eight of one order of size become one of the next, which
 * leaves out what was written again since.
 */
export const packs: PackKeeping = createPacks({ packRows: 256, fanIn: 8 })

/** Packs of other sizes, for tests. */
export function createPacks({ packRows, fanIn }: PackOptions): PackKeeping {
  const storeOf = (transaction: IDBTransaction): IDBObjectStore => transaction.objectStore(storeName)

  /** All records of a table from an id on, packed or not, reading about so many at a time. */
  const everything = (
    transaction: IDBTransaction,
    table: StoredTable,
    runs: readonly Run[],
    { from, rows }: { from: string; rows: number },
  ): Slices => {
    const packsAtOnce = Math.ceil(rows / packRows / (runs.length + 1))
    const feeds = runs.map(({ run }) =>
      runFeed(storeOf(transaction), { table: table.name, run, from, packsAtOnce }),
    )
    return merged([looseFeed(transaction.objectStore(table.storeName), from, rows), ...feeds])
  }
  const runsOf = (transaction: IDBTransaction, { name }: StoredTable): Promise<readonly Run[]> =>
    readRuns(storeOf(transaction), name)

  return {
    spec: { storeName, keyPath: null, indexPaths: new Map(), rekey: markPacked },
    takes: ({ space, indexes }) => space === 'replica' && !indexes?.length,
    async put(transaction, writes, seq) {
      const packed = new Set<EncodedWrite>()
      const mayPack = writes.filter(({ table, record }) => table.packs && record)
      for (const [{ name }, some] of Map.groupBy(mayPack, ({ table }) => table)) {
        if (some.length < packRows) continue
        const store = storeOf(transaction)
        const runs = await readRuns(store, name)
        const records = some.flatMap(({ record }) => (record ? [{ ...record, seq }] : [])).sort(byId)
        const run = await putRun({ store, table: name, packRows }, nextRun(runs), [records])
        writeRuns(store, name, await mergeRuns({ store, table: name, packRows, fanIn }, [...runs, run]))
        for (const write of some) packed.add(write)
      }
      return packed.size === 0 ? writes : writes.filter((write) => !packed.has(write))
    },
    async remove(transaction, gone) {
      const found = new Set<RecordKey>()
      const mayBePacked = gone.filter(({ table }) => table.packs)
      for (const [table, keys] of Map.groupBy(mayBePacked, (key) => key.table)) {
        const keyOf = new Map(keys.map((key) => [key.id, key]))
        const runs = await runsOf(transaction, table)
        for (const pack of await packsAround(storeOf(transaction), table.name, runs, [...keyOf.keys()])) {
          const records = pack.records.filter(({ id }) => !keyOf.has(id))
          if (records.length === pack.records.length) continue
          for (const { id } of pack.records) {
            const key = keyOf.get(id)
            if (key) found.add(key)
          }
          // The pack keeps its place in the run, though its last record may be gone.
          const { run, last } = pack
          if (records.length > 0) putPack(storeOf(transaction), table.name, { ...pack, records })
          else storeOf(transaction).delete([table.name, run, last])
        }
      }
      return found
    },
    clear(transaction, { name }) {
      storeOf(transaction).delete(IDBKeyRange.bound([name], [name, []]))
    },
    async get(transaction, table, ids) {
      const runs = await runsOf(transaction, table)
      const around = await packsAround(storeOf(transaction), table.name, runs, ids)
      const loose = await getRecords(transaction, table, ids)
      const newest = newestById([
        ...loose.filter((record) => record !== undefined),
        ...around.flatMap((pack) => pack.records),
      ])
      return ids.map((id) => newest.get(id))
    },
    async read(transaction, table, interval, range) {
      const { from = '', before } = interval
      const limit = rangeLimit(range)
      const runs = await runsOf(transaction, table)
      if (runs.length === 0 || limit === 0)
        return readRange(transaction.objectStore(table.storeName), interval, range)
      // The last ones first are asked for so seldom that all are read.
      const wanted = range.reverse === true ? Infinity : limit
      const found: StoredRecord[] = []
      const rows = Math.min(wanted, mostAtOnce)
      for await (const slice of everything(transaction, table, runs, { from, rows })) {
        const end = before === undefined ? -1 : slice.findIndex(({ id }) => id >= before)
        for (const record of end < 0 ? slice : slice.slice(0, end)) found.push(record)
        if (end >= 0 || found.length >= wanted) break
      }
      return (range.reverse === true ? found.reverse() : found).slice(0, limit)
    },
    async count(transaction, table) {
      const runs = await runsOf(transaction, table)
      if (runs.length === 0) return brought(transaction.objectStore(table.storeName).count())
      let count = 0
      for await (const slice of everything(transaction, table, runs, { from: '', rows: mostAtOnce }))
        count += slice.length
      return count
    },
    async since(transaction, table, seq) {
      const found: StoredRecord[] = []
      for (const { run, seq: newest } of await runsOf(transaction, table)) {
        if (newest <= seq) continue
        const feed = runFeed(storeOf(transaction), { table: table.name, run, from: '', packsAtOnce: fanIn })
        for await (const slice of merged([feed])) found.push(...slice.filter((record) => record.seq > seq))
      }
      return found
    },
    async unpack(transaction, table) {
      const records = transaction.objectStore(table.storeName)
      const runs = await runsOf(transaction, table)
      if (runs.length === 0) return
      for await (const slice of everything(transaction, table, runs, { from: '', rows: mostAtOnce }))
        for (const record of slice) records.put(record)
      this.clear(transaction, table)
    },
  }
}

/** In the transaction that makes room for packs: from now on a store without them would miss rows. */
async function markPacked({ transaction }: IDBObjectStore): Promise<void> {
  const books = transaction.objectStore(booksName)
  // Written by the upgrade that made it, and by each commit.
  const state = (await brought(books.get(stateKey))) as State | undefined
  if (state) books.put({ ...state, layout: layouts.packed }, stateKey)
}

/** Records that are read at once where all are wanted. */
const mostAtOnce = 5_000
