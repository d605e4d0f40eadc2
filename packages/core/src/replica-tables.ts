import { createCollection, type Collection, type CollectionWriter, type Stamp } from './collection.ts'
import { FreshetError } from './errors.ts'
import { rowKeyText } from './draft.ts'
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
  /** Runs one change of confirmed rows and layers. */
  transact(work: (change: TableChange) => void): TableChange
}

/** What one transaction has done so far. */
export type TableChange = {
  readonly changedRows: number
  readonly storeWrites: readonly StoreWrite[]
  put(table: string, id: string, row: Row, stamp: Stamp, version?: number | bigint | string): void
  remove(table: string, id: string): void
  verify(table: string, id: string, stamp: Stamp): void
  clear(table: string): void
  layer(table: string, id: string, fold: ((row: Row | undefined) => Row | undefined) | undefined): void
  /** Whether the confirmed row of this key was changed here. */
  changed(table: string, id: string): boolean
}

export function createReplicaTables(
  specs: readonly TableSpec[],
  options: { readonly durable: boolean; onListenerError(error: unknown): void },
): ReplicaTables {
  const tables = new Map(
    specs.map((spec) => [
      spec.name,
      createCollection({ name: spec.name, columns: spec.columns ?? {}, onListenerError: options.onListenerError }),
    ]),
  )
  const notifications: CollectionWriter[] = []
  let notifying = false

  const entry = (table: string) => {
    const found = tables.get(table)
    if (found) return found
    throw new FreshetError({
      code: 'replica/unknown-table',
      kind: 'usage',
      message: `There is no table ${JSON.stringify(table)} in this replica; its tables are ${[...tables.keys()].join(', ')}.`,
    })
  }
  const notifyAll = (): void => {
    if (notifying) return
    notifying = true
    try {
      for (let writer = notifications.shift(); writer; writer = notifications.shift()) writer.notify()
    } finally {
      notifying = false
    }
  }

  return {
    collection: (table) => entry(table).collection,
    writer: (table) => entry(table).writer,
    names: () => [...tables.keys()],
    transact(work) {
      const begun = new Set<CollectionWriter>()
      const writerOf = (table: string): CollectionWriter => {
        const { writer } = entry(table)
        if (!begun.has(writer)) {
          begun.add(writer)
          writer.begin()
        }
        return writer
      }
      const change = createTableChange(writerOf, options.durable)
      try {
        work(change)
      } finally {
        for (const writer of begun) writer.settle()
        notifications.push(...begun)
      }
      notifyAll()
      return change
    },
  }
}

function createTableChange(writerOf: (table: string) => CollectionWriter, durable: boolean): TableChange {
  const storeWrites: StoreWrite[] = []
  const changedKeys = new Set<string>()
  const note = (table: string, id: string, row: Row | undefined): void => {
    changedKeys.add(rowKeyText(table, id))
    if (durable) storeWrites.push({ table, id, value: row })
  }
  return {
    get changedRows() {
      return changedKeys.size
    },
    storeWrites,
    put(table, id, row, stamp, version) {
      if (writerOf(table).put(id, row, stamp, version)) note(table, id, row)
    },
    remove(table, id) {
      if (writerOf(table).remove(id)) note(table, id, undefined)
    },
    verify: (table, id, stamp) => writerOf(table).verify(id, stamp),
    clear: (table) => writerOf(table).clear(),
    layer: (table, id, fold) => writerOf(table).layer(id, fold),
    changed: (table, id) => changedKeys.has(rowKeyText(table, id)),
  }
}
