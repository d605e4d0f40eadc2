import type { Row } from '@freshet/core'
import { createChangeQueue, type ChangeQueue } from '../change-queue.ts'
import { databaseClosed } from '../master-errors.ts'
import type { MasterChange, MasterEntry, TableSchema } from '../master.ts'

/** The rows of one table, with the watchers told of each change. */
export type MemoryTable = {
  readonly name: string
  readonly schema: TableSchema
  makeId(): string
  size(): number
  entry(id: string): MasterEntry | undefined
  entries(): Iterable<MasterEntry>
  /** Ids ascending. */
  ids(): readonly string[]
  put(id: string, row: Row, op: string): MasterEntry
  remove(id: string, op: string): void
  /** Whether one of the newest operations has written here: sent again, it is to have no second effect. */
  hasApplied(op: string): boolean
  watch(signal: AbortSignal): AsyncIterable<MasterChange>
  close(): void
  /** @throws {FreshetError} `table/closed`. */
  assertOpen(): void
}

const rememberedOperations = 100_000

export function createMemoryTable(name: string, schema: TableSchema, makeId: () => string): MemoryTable {
  const entries = new Map<string, MasterEntry>()
  const watchers = new Set<ChangeQueue>()
  /** Oldest first. */
  const applied = new Set<string>()
  let sortedIds: readonly string[] | undefined = []
  let newestVersion = 0
  let closed = false

  const tell = (change: MasterChange): void => {
    for (const watcher of watchers) watcher.push(change)
  }
  const note = (op: string): void => {
    applied.add(op)
    if (applied.size <= rememberedOperations) return
    for (const oldest of applied) return void applied.delete(oldest)
  }
  const assertOpen = (): void => {
    if (closed) throw databaseClosed()
  }

  return {
    name,
    schema,
    makeId,
    assertOpen,
    size: () => entries.size,
    entry: (id) => entries.get(id),
    entries: () => entries.values(),
    ids: () => (sortedIds ??= [...entries.keys()].sort()),
    put(id, row, op) {
      note(op)
      const version = ++newestVersion
      const entry: MasterEntry = [id, row, version]
      if (!entries.has(id)) sortedIds = undefined
      entries.set(id, entry)
      tell({ kind: 'upsert', id, row, version, op })
      return entry
    },
    remove(id, op) {
      if (!entries.delete(id)) return
      note(op)
      sortedIds = undefined
      tell({ kind: 'delete', id, version: ++newestVersion, op })
    },
    hasApplied: (op) => applied.has(op),
    watch(signal) {
      assertOpen()
      const { changes } = createChangeQueue(signal, (queue) => {
        watchers.add(queue)
        queue.push({ kind: 'live' })
        return () => watchers.delete(queue)
      })
      return changes
    },
    close() {
      closed = true
      for (const watcher of watchers) watcher.end(databaseClosed())
    },
  }
}
