import { createSeededRandom, createVirtualClock, type VirtualClock } from '@freshet/core/testing'
import { createLiveTable, type LiveTable } from '../live-table.ts'
import type { LiveTableOptions } from '../live-table-options.ts'
import type { Master, MasterDatabase } from '../master.ts'
import { createMemoryDatabase } from '../memory/memory-database.ts'
import { bakeryTables, seedBakery } from './bakery.ts'
import { createFaultyMaster, type FaultyMaster } from './faulty-master.ts'

export type LiveFixture = {
  readonly clock: VirtualClock
  readonly database: MasterDatabase
  /** The remote itself. */
  readonly remote: Master
  /** The remote behind the connection the live table uses. */
  readonly faulty: FaultyMaster
  readonly master: Master
  live(options?: LiveTableOptions): LiveTable
  /** Options that make a table of this fixture's time and chance. */
  readonly time: Pick<LiveTableOptions, 'clock' | 'random'>
}

/** A seeded bakery in memory, and the products of it behind a connection that a test can spoil. */
export async function liveFixture(table: 'bakery' | 'client' | 'product' = 'product'): Promise<LiveFixture> {
  const clock = createVirtualClock()
  const random = createSeededRandom(1)
  const database = createMemoryDatabase({ tables: bakeryTables, clock, random })
  await seedBakery(database)
  const remote = database.master(table)
  const faulty = createFaultyMaster(remote, { clock, random })
  const time = { clock, random }
  return {
    clock,
    database,
    remote,
    faulty,
    master: faulty.master,
    time,
    live: (options = {}) => createLiveTable(faulty.master, { cacheKey: `${table}s`, ...time, ...options }),
  }
}

let operations = 0

/** Options of a write that someone else makes at the remote. */
export function theirs(): { readonly opId: string } {
  operations += 1
  return { opId: `theirs-${operations}` }
}
