import {
  FreshetError,
  lineLog,
  logLevelFrom,
  silentLog,
  type Filter,
  type Log,
  type Row,
} from '@freshet/core'
import { NoCache, openLiveTable, type Cache, type LiveTable, type MasterDatabase } from '@freshet/table'
import type { Io } from './io.ts'
import type { CallOptions } from './parse-call.ts'
import { visible } from './print-table.ts'
import { openDatabase, type Registry } from './registry.ts'
import { replicaSlot } from './replica-slot.ts'

/** How long a command waits for the connection before it goes on with what it knows. */
const connectWaitMs = 5_000

/** The tables of one run: each opened once, over one cache. */
export type DbSession = {
  readonly registry: Registry
  readonly options: CallOptions
  readonly io: Io
  /** @throws {FreshetError} `cli/unknown-entity`; `storage/*` when the cache cannot be used. */
  table(entity: string): Promise<LiveTable>
  /** The rows that any of these rows point at, and the entity they are of. */
  follow(table: LiveTable, reference: string, rows: Iterable<Row>): Promise<LiveTable>
  close(): Promise<void>
}

/** @param watches - Whether rows are watched: with a cache, the next watch is to go on where this one ends. */
export async function openSession(
  registry: Registry,
  options: CallOptions,
  io: Io,
  watches: boolean,
): Promise<DbSession> {
  const log = logOf(options, io)
  const cache = await openCache(options)
  const slot = watches ? await replicaSlot(registry.connection, options.cache) : undefined
  const database = await openDatabase(registry, io.env, slot)
  const tables = new Map<string, Promise<LiveTable>>()

  const open = (name: string): Promise<LiveTable> => {
    const known = tables.get(name)
    if (known !== undefined) return known
    const table = openLiveTable(database.master(name), {
      cacheKey: name,
      ...(cache && { cache }),
      // What the database keeps for us makes up for what was missed, once all is held.
      preload: slot !== undefined,
      mode: options.noCache || options.refresh ? 'network' : 'cache-first',
      onStoreFault: 'fail',
      // A command says at once what became of its write.
      offlineWrites: false,
      connectWaitMs,
      log,
    })
    tables.set(name, table)
    return table
  }
  return {
    registry,
    options,
    io,
    async table(entity) {
      const name = Object.hasOwn(registry.entities, entity) ? registry.entities[entity] : undefined
      if (name !== undefined) return open(name)
      throw new FreshetError({
        code: 'cli/unknown-entity',
        kind: 'usage',
        message: `There is no entity ${JSON.stringify(entity)}. Available entities: ${Object.keys(registry.entities).join(', ')}.`,
      })
    },
    async follow(table, reference, rows) {
      const { target, filter } = referenceFilter(database, table.tableName, reference, rows)
      return (await open(target)).withFilter(filter)
    },
    async close() {
      for (const table of tables.values()) await table.then((open) => open.close()).catch(() => {})
      await cache?.close()
      await database.close()
    },
  }
}

function logOf({ debug }: CallOptions, io: Io): Log {
  const text = io.env['FRESHET_LOG'] ?? ''
  const named = logLevelFrom(text)
  if (text !== '' && named === undefined)
    io.err(`FRESHET_LOG=${visible(text)} is no level. Use error, warn, info, debug or trace.`)
  const level = debug && named !== 'trace' ? 'debug' : named
  return level === undefined ? silentLog : lineLog(level, (line) => io.err(line))
}

async function openCache({ cache, noCache }: CallOptions): Promise<Cache | undefined> {
  if (noCache) return NoCache
  if (cache === undefined) return undefined
  const { SqliteCache } = await import('@freshet/table/sqlite')
  return SqliteCache.open(cache)
}

/** What all rows that these rows point at have in common; no rows point nowhere. */
function referenceFilter(
  database: MasterDatabase,
  table: string,
  name: string,
  rows: Iterable<Row>,
): { readonly target: string; readonly filter: Filter } {
  const master = database.master(table)
  const targets = [...rows].map((row) => master.getReference(name, row))
  const filters = targets.flatMap(({ filter }) => (filter === undefined ? [] : [filter]))
  const target = master.getReference(name, {}).name
  const [only] = filters
  return { target, filter: only !== undefined && filters.length === 1 ? only : { op: 'or', filters } }
}
