import { systemClock, systemRandom, uuidV7, type Clock, type Random } from '@freshet/core'
import { unknownTable } from '../master-errors.ts'
import type { MasterDatabase, TableSchema } from '../master.ts'
import { createMemoryMaster } from './memory-master.ts'
import { createMemoryTable, type MemoryTable } from './memory-table.ts'

export type MemoryDatabaseOptions = {
  readonly tables: { readonly [table: string]: TableSchema }
  /** Part of the ids it makes. Default: the machine's. */
  readonly clock?: Clock | undefined
  /** Part of the ids it makes. Default: the engine's. */
  readonly random?: Random | undefined
}

/**
 * A database in memory that keeps every promise of the port: for tests, demos,
 * and as the model the other drivers are measured against.
 *
 * It outlives nothing: what is in it is gone with the process.
 */
export function createMemoryDatabase(options: MemoryDatabaseOptions): MasterDatabase {
  const { clock = systemClock, random = systemRandom } = options
  const names = Object.keys(options.tables)
  const makeId = (): string => uuidV7(random, clock.now())
  const tables = new Map<string, MemoryTable>(
    Object.entries(options.tables).map(([name, schema]) => [name, createMemoryTable(name, schema, makeId)]),
  )
  const table = (name: string): MemoryTable => {
    const found = tables.get(name)
    if (found === undefined) throw unknownTable(name, names)
    return found
  }
  return {
    tables: names,
    master: (name) => createMemoryMaster(table(name), undefined, table),
    async close() {
      for (const each of tables.values()) each.close()
    },
  }
}
