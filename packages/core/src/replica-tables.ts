import { createCollection, type Collection, type CollectionWriter, type Stamp } from './collection.ts'
import { usageError } from './errors.ts'
import type { ColumnTypes } from './schema.ts'
import type { StoreIndex, StoreWrite } from './store.ts'
import type { Row } from './value.ts'

export type TableSpec = {
  readonly name: string
  readonly columns?: ColumnTypes | undefined
  /** Indexes of the durable copy, for a first window before everything is loaded. */
  readonly indexes?: readonly StoreIndex[] | undefined
}

/**
 * The collections of a replica, changed together: all are swapped before any
 * listener runs, and a change made by a listener is told after those before it.
 */
export type ReplicaTables = {
  collection(table: string): Collection
  writer(table: string): CollectionWriter
  names(): readonly string[]
  /**
   * Runs one change of confirmed rows and layers.
   *
   * @param rows - How many rows it may change, so that many are taken in bulk. Default 0.
   * @param beforeTelling - Runs when all is swapped and before any listener, so that what a
   *   listener applies comes behind it; it may transact again.
   */
  transact(
    work: (change: TableChange) => void,
    rows?: number,
    beforeTelling?: (change: TableChange) => void,
  ): TableChange
}

/** What one transaction has done so far. */
export type TableChange = {
  readonly changedRows: number
  /** The rows that were changed, as they are now; one may come several times. */
  readonly storeWrites: readonly StoreWrite[]
  put(table: string, id: string, row: Row, stamp: Stamp, version?: number | bigint | string): void
  remove(table: string, id: string, stamp: Stamp): void
  /** What else is done to a table. */
  of(table: string): Pick<CollectionWriter, 'verify' | 'forget' | 'clear' | 'setComplete' | 'layer'>
}

export function createReplicaTables(
  specs: readonly TableSpec[],
  onListenerError: (error: unknown) => void,
): ReplicaTables {
  const tables: Tables = new Map(
    specs.map(({ name, columns = {} }) => [name, createCollection({ name, columns, onListenerError })]),
  )
  const notifications: CollectionWriter[] = []
  let notifying = false
  let nested = 0

  const notifyAll = (): void => {
    if (notifying || nested > 0) return
    notifying = true
    try {
      // One that is told changes more, and joins at the end. Shifting them out takes longer than telling them.
      for (const writer of notifications) writer.notify()
      notifications.length = 0
    } finally {
      notifying = false
    }
  }

  return {
    collection: (table) => entryOf(tables, table).collection,
    writer: (table) => entryOf(tables, table).writer,
    names: () => [...tables.keys()],
    transact(work, rows = 0, beforeTelling) {
      const change = new WorkingChange(tables, rows)
      try {
        work(change)
      } finally {
        for (const writer of change.begun) {
          writer.settle()
          notifications.push(writer)
        }
      }
      nested += 1
      try {
        beforeTelling?.(change)
      } finally {
        nested -= 1
      }
      notifyAll()
      return change
    },
  }
}

type Tables = ReadonlyMap<string, { readonly collection: Collection; readonly writer: CollectionWriter }>

function entryOf(
  tables: Tables,
  table: string,
): { readonly collection: Collection; readonly writer: CollectionWriter } {
  const found = tables.get(table)
  if (found) return found
  throw usageError(
    'replica/unknown-table',
    `There is no table "${table}"; declare it when opening the replica.`,
  )
}

/**
 * One transaction. A class, and sets only when asked for: closures and sets per
 * batch made a change of one row cost 2 µs more than the change itself.
 */
class WorkingChange implements TableChange {
  readonly begun: CollectionWriter[] = []
  readonly storeWrites: StoreWrite[] = []
  readonly #tables: Tables
  readonly #rows: number
  #table: string | undefined
  #writer: CollectionWriter | undefined

  constructor(tables: Tables, rows: number) {
    this.#tables = tables
    this.#rows = rows
  }

  get changedRows(): number {
    return this.storeWrites.length
  }

  put(table: string, id: string, row: Row, stamp: Stamp, version?: number | bigint | string): void {
    if (this.of(table).put(id, row, stamp, version)) this.storeWrites.push({ table, id, value: row })
  }

  remove(table: string, id: string, stamp: Stamp): void {
    if (this.of(table).remove(id, stamp)) this.storeWrites.push({ table, id, value: undefined })
  }

  /** Facts come in runs of one table, so that the last writer is mostly the next. */
  of(table: string): CollectionWriter {
    if (this.#writer !== undefined && this.#table === table) return this.#writer
    const { writer } = entryOf(this.#tables, table)
    if (!this.begun.includes(writer)) {
      this.begun.push(writer)
      writer.begin(this.#rows)
    }
    this.#table = table
    this.#writer = writer
    return writer
  }
}
