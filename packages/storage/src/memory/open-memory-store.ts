import type {
  Commit,
  CommitSeq,
  Row,
  Store,
  StoreChanges,
  StoreIndex,
  StoreRange,
  StoreRecord,
  StoreWrite,
  Term,
} from '@freshet/core'
import { closedError, deposedError } from '../errors.ts'
import { checkedSliceRows, idInterval, indexInterval, rangeLimit } from '../key-interval.ts'
import { compareText, compileIndexKey } from '../order-key.ts'
import { copyRow, encodingRecord } from '../storable.ts'
import { defaultMaxTombstones, type StoreOptions } from '../store-options.ts'
import {
  appendKey,
  commitScope,
  indexNamed,
  intentTableNamed,
  tableNamed,
  indexedTableSet,
} from '../tables.ts'
import { createMemoryDisk, tableOnDisk, type MemoryDisk } from './memory-disk.ts'

const storeName = 'in memory'

export type MemoryStoreOptions = StoreOptions & {
  /** What the store keeps its records on. Default: a disk of its own. */
  readonly disk?: MemoryDisk | undefined
}

/**
 * A store that lives as long as its disk object.
 *
 * It passes the same contract as the durable ones and keeps the same isolation:
 * rows are copied on the way in and out. Ranges sort on each call; it is made
 * for tests and for programs that need no disk, not for speed.
 */
export async function openMemoryStore(options: MemoryStoreOptions): Promise<Store> {
  const disk = options.disk ?? createMemoryDisk()
  const tables = indexedTableSet(options.tables)
  const maxTombstones = options.maxTombstones ?? defaultMaxTombstones
  let closed = false

  const assertOpen = (): void => {
    if (closed) throw closedError(storeName)
  }

  const rowsOf = (name: string): ReadonlyMap<string, { readonly value: Row }> => {
    assertOpen()
    return tableOnDisk(disk, tableNamed(tables, name).name).rows
  }

  const write = (writes: readonly StoreWrite[], clear: readonly string[]): CommitSeq => {
    disk.seq += 1
    for (const name of clear) {
      tableOnDisk(disk, name).rows.clear()
      tableOnDisk(disk, name).tombstones.clear()
    }
    for (const each of writes) applyWrite(disk, each, tableNamed(tables, each.table).space === 'replica')
    pruneTombstones(disk, maxTombstones)
    return disk.seq
  }

  async function* scan(name: string, sliceRows: number): AsyncGenerator<readonly StoreRecord[]> {
    const size = checkedSliceRows(sliceRows)
    const ids = [...rowsOf(name).keys()].toSorted(compareText)
    for (let at = 0; at < ids.length; at += size) {
      const rows = rowsOf(name)
      const slice = ids.slice(at, at + size).flatMap((id) => {
        const found = rows.get(id)
        return found === undefined ? [] : [{ id, value: copyRow(found.value) }]
      })
      if (slice.length > 0) yield slice
    }
  }

  return {
    async commit(commit: Commit, term: Term | undefined) {
      assertOpen()
      const scope = commitScope(tables, commit, term)
      if (term !== undefined && term !== disk.term) throw deposedError(storeName, term, disk.term)
      // Copied before anything changes, so that a value that cannot be kept changes nothing.
      const writes = commit.writes.map(copyWrite)
      const seq = write(writes, commit.clear ?? [])
      if (scope.clearsReplica) disk.resetSeq = seq
      return seq
    },

    async append(name, value) {
      assertOpen()
      const { name: table } = intentTableNamed(tables, name)
      const id = appendKey(disk.seq + 1)
      write([copyWrite({ table, id, value })], [])
      return id
    },

    async get(name, ids) {
      const rows = rowsOf(name)
      return ids.map((id) => {
        const found = rows.get(id)
        return found && copyRow(found.value)
      })
    },

    async range(name, range) {
      const records = [...rowsOf(name)].map(([id, { value }]) => ({ id, value }))
      const index = range.index === undefined ? undefined : indexNamed(tableNamed(tables, name), range.index)
      const found = inRange(records, range, index)
      return found.slice(0, rangeLimit(range)).map(({ id, value }) => ({ id, value: copyRow(value) }))
    },

    scan,

    async count(name) {
      return rowsOf(name).size
    },

    async changesSince(seq): Promise<StoreChanges> {
      assertOpen()
      if (!(seq >= disk.resetSeq && seq <= disk.seq)) return { kind: 'reset', seq: disk.seq }
      const replica = [...tables.values()].filter((table) => table.space === 'replica')
      return {
        kind: 'changes',
        seq: disk.seq,
        writes: replica.flatMap((table) => writesSince(disk, table.name, seq)),
      }
    },

    async takeTerm() {
      assertOpen()
      disk.term += 1
      return disk.term
    },

    async info() {
      assertOpen()
      return { seq: disk.seq, term: disk.term }
    },

    async close() {
      closed = true
    },
  }
}

function copyWrite({ table, id, value }: StoreWrite): StoreWrite {
  return {
    table,
    id,
    value: value === undefined ? undefined : encodingRecord(table, id, value, (row) => copyRow(row)),
  }
}

/** Deletions are remembered for followers, and those follow replica tables only. */
function applyWrite(disk: MemoryDisk, { table, id, value }: StoreWrite, isFollowed: boolean): void {
  const { rows, tombstones } = tableOnDisk(disk, table)
  // Deleting first makes the map's own order the order of writing.
  const existed = rows.delete(id)
  if (value !== undefined) {
    tombstones.delete(id)
    rows.set(id, { value, seq: disk.seq })
  } else if (existed && isFollowed) {
    tombstones.set(id, disk.seq)
  }
}

/** Forgets the oldest deletions beyond the bound and notes how far back changes are known. */
function pruneTombstones(disk: MemoryDisk, maxTombstones: number): void {
  let kept = 0
  for (const table of disk.tables.values()) kept += table.tombstones.size
  if (kept <= maxTombstones) return
  const all = [...disk.tables.values()].flatMap(({ tombstones }) =>
    [...tombstones].map(([id, seq]) => ({ id, seq, tombstones })),
  )
  for (const { id, seq, tombstones } of all
    .toSorted((a, b) => a.seq - b.seq)
    .slice(0, kept - maxTombstones)) {
    tombstones.delete(id)
    disk.resetSeq = Math.max(disk.resetSeq, seq)
  }
}

function writesSince(disk: MemoryDisk, table: string, seq: CommitSeq): StoreWrite[] {
  const { rows, tombstones } = tableOnDisk(disk, table)
  const writes: StoreWrite[] = []
  for (const [id, row] of rows) if (row.seq > seq) writes.push({ table, id, value: copyRow(row.value) })
  for (const [id, deletedAt] of tombstones) if (deletedAt > seq) writes.push({ table, id, value: undefined })
  return writes
}

/** Ties go by id ascending in both directions, as the kernel's queries break them. */
function inRange(
  records: readonly StoreRecord[],
  range: StoreRange,
  index: StoreIndex | undefined,
): StoreRecord[] {
  const { from, before } = index ? indexInterval(range) : idInterval(range)
  const keyOf = index && compileIndexKey(index.fields)
  const direction = range.reverse === true ? -1 : 1
  return records
    .map(({ id, value }) => ({ id, value, key: keyOf ? keyOf(value) : id }))
    .filter(({ key }) => from === undefined || key >= from)
    .filter(({ key }) => before === undefined || key < before)
    .toSorted((a, b) => direction * compareText(a.key, b.key) || compareText(a.id, b.id))
}
