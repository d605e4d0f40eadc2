import { rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Worker } from 'node:worker_threads'
import { openSqliteStore } from '@freshet/storage/sqlite'
import { createReactiveClient, type ReactiveClient } from '@freshet/torii'
import { benchRow, type BenchRow } from '../bench-row.ts'
import { median } from '../measure.ts'
import { demoTag } from './filled-world.ts'
import { officialFolder, openOfficialClient } from './official-clients.ts'
import { officialQuery } from './official-query.ts'
import { serveWorld, type ServedWorld } from './serve-world.ts'

const entities = 100_000

/** A page of the official client: what ours asks for, too. */
const pageRows = 1_000

const rounds = 3

/**
 * A world of 100,000 entities to the disk, and back from it: against paging with `@dojoengine/grpc` and writing
 * the same rows by hand, where that is installed.
 */
export async function run(): Promise<readonly BenchRow[]> {
  const world = await serveWorld(entities)
  const folder = await mkdtemp(join(tmpdir(), 'freshet-bench-'))
  const official = officialFolder()
  const ours: Taken[] = []
  const theirs: Taken[] = []
  const reloads: number[] = []
  const plainReloads: PlainReload[] = []
  try {
    for (let round = 0; round < rounds; round++) {
      const path = join(folder, `ours-${round}.db`)
      ours.push(await taken(() => bootstrap(world, path)))
      if (official !== undefined)
        theirs.push(await taken(() => officialBootstrap(official, world, join(folder, `theirs-${round}.db`))))
      reloads.push(await firstRendered(world, path))
      plainReloads.push(await plainReload(world, path))
    }
  } finally {
    await world.close()
    rmSync(folder, { recursive: true, force: true })
  }
  const [bootstrapMs, reloadMs] = [medianOf(ours, 'ms'), median(reloads)]
  const plainMs = median(plainReloads.map(({ firstMs }) => firstMs))
  const wholeMs = median(plainReloads.map(({ wholeMs: ms }) => ms))
  const figure = (ms: number): string => `${ms.toFixed(0)} of ${bootstrapMs.toFixed(0)} ms`
  return [
    ...(theirs.length === 0
      ? []
      : [
          benchRow({
            name: 'bootstrap of 100,000 entities to SQLite, times as fast as @dojoengine/grpc and SQL by hand',
            measured: medianOf(theirs, 'ms') / bootstrapMs,
            bound: 2,
            better: 'higher',
            note: `${bootstrapMs.toFixed(0)} ms here, ${medianOf(theirs, 'ms').toFixed(0)} ms there; of this thread's own time ${medianOf(ours, 'ownMs').toFixed(0)} and ${medianOf(theirs, 'ownMs').toFixed(0)} ms`,
          }),
        ]),
    benchRow({
      name: 'reload to first rendered query in a worker, share of the bootstrap',
      measured: reloadMs / bootstrapMs,
      bound: 0.1,
      better: 'lower',
      note: `${figure(reloadMs)}; starting the thread and ${entities} rows on the disk included`,
    }),
    benchRow({
      name: 'reload to first rendered query without a worker, loaded behind, share of the bootstrap',
      measured: plainMs / bootstrapMs,
      bound: 0.1,
      better: 'lower',
      note: `${figure(plainMs)}; all rows in memory after ${wholeMs.toFixed(0)} ms`,
    }),
  ]
}

/** How long work took, and how much of it this thread worked itself, without its server and other programs. */
type Taken = { readonly ms: number; readonly ownMs: number }

async function taken(work: () => Promise<void>): Promise<Taken> {
  const [start, before] = [performance.now(), process.threadCpuUsage()]
  await work()
  const { user, system } = process.threadCpuUsage(before)
  return { ms: performance.now() - start, ownMs: (user + system) / 1_000 }
}

function medianOf(rounds: readonly Taken[], figure: keyof Taken): number {
  return median(rounds.map((each) => each[figure]))
}

/** Until every entity is here and on the disk. */
async function bootstrap({ url, manifest }: ServedWorld, path: string): Promise<void> {
  const client = await createReactiveClient({
    toriiUrl: url,
    manifest,
    storageFactory: (tables) => openSqliteStore({ path, tables }),
  })
  await client.ready
  check(client)
  // What is not on the disk yet is waited for.
  await client.shutdown()
}

async function officialBootstrap(folder: string, world: ServedWorld, path: string): Promise<void> {
  const { address } = world.manifest.world
  const client = await openOfficialClient(folder, world.url, address)
  const database = new DatabaseSync(path)
  database.exec('PRAGMA journal_mode = WAL; CREATE TABLE entities (id TEXT PRIMARY KEY, models TEXT)')
  const insert = database.prepare('INSERT OR REPLACE INTO entities VALUES (?, ?)')
  const held = new Map<string, object>()
  for (let cursor: string | undefined, more = true; more; more = Boolean(cursor)) {
    const page = await client.getEntities(officialQuery(address, [demoTag], pageRows, cursor))
    database.exec('BEGIN')
    for (const { hashed_keys: id, models } of page.items) {
      held.set(id, models)
      insert.run(id, JSON.stringify(models))
    }
    database.exec('COMMIT')
    cursor = page.next_cursor
  }
  database.close()
  if (held.size !== entities) throw new Error(`The official client read ${held.size} entities.`)
}

/** Until a listener is told the first rows, by a client whose worker was not started before. */
async function firstRendered({ manifest }: ServedWorld, database: string): Promise<number> {
  const start = performance.now()
  const client = await createReactiveClient({
    // Nothing answers there: what is shown comes from the disk.
    ...{ toriiUrl: 'http://127.0.0.1:9', manifest },
    worker: {
      start: () => new Worker(new URL(import.meta.resolve('@freshet/torii/sync.node.worker'))),
      database,
    },
  })
  await rendered(client)
  const ms = performance.now() - start
  await client.shutdown()
  return ms
}

type PlainReload = { readonly firstMs: number; readonly wholeMs: number }

/** Until a listener is told the first rows, and until all are here, by a client that loads them itself. */
async function plainReload({ manifest }: ServedWorld, path: string): Promise<PlainReload> {
  const start = performance.now()
  const client = await createReactiveClient({
    ...{ toriiUrl: 'http://127.0.0.1:9', manifest, loading: 'behind' },
    storageFactory: (tables) => openSqliteStore({ path, tables }),
  })
  const firstMs = await rendered(client).then(() => performance.now() - start)
  await client.ready
  check(client)
  const wholeMs = performance.now() - start
  await client.shutdown()
  return { firstMs, wholeMs }
}

/** Resolves once a listener is told the first fifty rows. */
function rendered(client: ReactiveClient): Promise<void> {
  return new Promise((resolve) => {
    client.subscribe(demoTag, null, (rows) => rows.length === 50 && resolve(), { limit: 50 })
  })
}

function check(client: ReactiveClient): void {
  const filter = { where: [{ member: 'vec.x', op: 'lt' as const, value: 3 }] }
  const { rows } = client.query(demoTag, { filter, limit: 50 })
  if (rows.length !== 50) throw new Error(`The query gave ${rows.length} rows.`)
}
