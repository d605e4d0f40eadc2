import type { Replica } from '@freshet/core'
import type { RowBatch, TableRows } from './messages.ts'

/** Sends the rows of a replica to another thread, as they are when they are sent. */
export type RowFeed = {
  /** A batch was taken. */
  credit(): void
  /** Calls back once all that is known by then was sent. */
  whenSent(tell: () => void): void
  close(): void
}

/** Batches on their way at once: one is taken while the next is made. */
const maxInFlight = 2

/** Rows of one batch. */
const maxRows = 1_000

/**
 * Follows a replica and sends what changes, the whole of it first.
 *
 * What waits is a set of ids, not of rows: a reader that is slow is sent the
 * newest state of each row, and never more than there are rows. What changed
 * together goes together where it fits into one batch.
 */
export function createRowFeed(replica: Replica, send: (batch: RowBatch) => void): RowFeed {
  const tables = replica.tableNames()
  const waiting = new Map(tables.map((table) => [table, new Set<string>(replica.collection(table).ids())]))
  const toldComplete = new Map<string, boolean>()
  let reset = false
  let inFlight = 0
  let scheduled = false
  let closed = false
  let whenSent: (() => void)[] = []

  const takeRows = (table: string, room: number): TableRows => {
    const collection = replica.collection(table)
    const ids: string[] = []
    const of = waiting.get(table) ?? new Set()
    for (const id of of) {
      if (ids.length === room) break
      ids.push(id)
      of.delete(id)
    }
    return { table, ids, rows: ids.map((id) => collection.get(id) ?? null) }
  }
  const takeBatch = (): RowBatch | undefined => {
    let room = maxRows
    const changes: TableRows[] = []
    const complete: { [table: string]: boolean } = {}
    for (const table of tables) {
      const rows = takeRows(table, room)
      room -= rows.ids.length
      if (rows.ids.length > 0) changes.push(rows)
      const isComplete = waiting.get(table)?.size === 0 && replica.collection(table).complete
      if (isComplete === (toldComplete.get(table) ?? false)) continue
      toldComplete.set(table, isComplete)
      complete[table] = isComplete
    }
    const batch: RowBatch = { kind: 'ROWS', reset, changes, complete }
    const isNews = reset || changes.length > 0 || Object.keys(complete).length > 0
    reset = false
    return isNews ? batch : undefined
  }
  const pump = (): void => {
    scheduled = false
    while (!closed && inFlight < maxInFlight) {
      const batch = takeBatch()
      if (!batch) {
        for (const tell of whenSent.splice(0)) tell()
        return
      }
      inFlight += 1
      send(batch)
    }
  }
  // Tables that change in one apply tell one after the other.
  const schedule = (): void => {
    if (scheduled) return
    scheduled = true
    queueMicrotask(pump)
  }
  const stops = tables.map((table) =>
    replica.collection(table).subscribe(({ ids }) => {
      const of = waiting.get(table)
      if (ids === 'all') {
        // Only a reset, which is one of all tables.
        reset = true
        toldComplete.clear()
        of?.clear()
      }
      for (const id of ids === 'all' ? replica.collection(table).ids() : ids) of?.add(id)
      schedule()
    }),
  )
  schedule()

  return {
    credit() {
      inFlight = Math.max(0, inFlight - 1)
      schedule()
    },
    whenSent(tell) {
      whenSent.push(tell)
      schedule()
    },
    close() {
      closed = true
      whenSent = []
      for (const stop of stops) stop()
    },
  }
}
