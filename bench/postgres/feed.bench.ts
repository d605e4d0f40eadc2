import {
  createLiveTable,
  tableSchema,
  type LiveTable,
  type Master,
  type MasterDatabase,
} from '@freshet/table'
import { openPostgresDatabase } from '@freshet/table/postgres'
import { startPostgres } from '@freshet/table/postgres/embedded'
import { Client } from 'pg'
import { LogicalReplicationService, PgoutputPlugin } from 'pg-logical-replication'
import { benchRow, type BenchRow } from '../bench-row.ts'
import { interleave, median } from '../measure.ts'

const rows = 100_000
const bound = 1.5
const schema = tableSchema({
  columns: { name: 'text', owner: 'text', score: 'int', status: 'text', updatedAt: 'int', payload: 'text' },
})
const publication = 'bench'
const peerSlot = 'bench_peer'

/**
 * 100,000 changes from their commit to a live table, against
 * `pg-logical-replication` alone decoding the same stream to objects.
 */
export async function run(): Promise<readonly BenchRow[]> {
  const server = await startPostgres({
    settings: { logical_decoding_work_mem: '256MB', max_wal_size: '8GB' },
  })
  const admin = new Client(server.url)
  await admin.connect()
  const database = await openPostgresDatabase({
    url: server.url,
    tables: { item: await filled(admin) },
    slot: 'bench',
  })
  try {
    const once = await interleave(
      {
        ours: () => ours(database, admin, updateAtOnce),
        peer: () => peer(server.url, admin, updateAtOnce),
      },
      { rounds: 5, warmUp: 1 },
    )
    const many = await interleave(
      {
        ours: () => ours(database, admin, updateInSteps),
        peer: () => peer(server.url, admin, updateInSteps),
      },
      { rounds: 3, warmUp: 1 },
    )
    return [
      row('100,000 changes of one transaction, from commit to collection', once),
      row('the same in 100 transactions, written meanwhile', many),
    ]
  } finally {
    await database.close()
    await admin.end()
    await server.close()
  }
}

function row(name: string, { ours, peer }: Record<'ours' | 'peer', readonly number[]>): BenchRow {
  return benchRow({
    name: `${name}, times pg-logical-replication alone decoding them`,
    measured: median(ours) / median(peer),
    bound,
    better: 'lower',
    note: `${median(ours).toFixed(0)} ms against ${median(peer).toFixed(0)} ms`,
  })
}

async function filled(admin: Client): Promise<typeof schema> {
  await admin.query(`
    CREATE TABLE item (
      id text PRIMARY KEY, name text, owner text, score int8, status text, "updatedAt" int8, payload text
    );
    INSERT INTO item SELECT 'item' || g, 'name ' || g, 'owner ' || g % 100, 0, 'open', g, repeat('x', 200)
    FROM generate_series(1, ${rows}) g;
    CREATE INDEX ON item ("updatedAt");
    ALTER TABLE item REPLICA IDENTITY FULL;
    CREATE PUBLICATION ${publication} FOR TABLE item`)
  return schema
}

/** Changes every row once; resolves with the time of the (first) commit. */
type Update = (admin: Client) => Promise<number>

const updateAtOnce: Update = async (admin) => {
  await admin.query('BEGIN')
  await admin.query('UPDATE item SET score = score + 1')
  const start = performance.now()
  await admin.query('COMMIT')
  return start
}

const updateInSteps: Update = async (admin) => {
  const start = performance.now()
  for (let at = 0; at < rows; at += rows / 100) {
    await admin.query('UPDATE item SET score = score + 1 WHERE "updatedAt" > $1 AND "updatedAt" <= $2', [
      at,
      at + rows / 100,
    ])
  }
  return start
}

/** Milliseconds until a live table shows every change. */
async function ours(database: MasterDatabase, admin: Client, update: Update): Promise<number> {
  const seen = { changes: 0, at: 0 }
  const all = Promise.withResolvers<void>()
  const table = createLiveTable(
    counted(database.master('item'), (changes) => (seen.changes += changes)),
    { preload: true },
  )
  await untilLive(table)
  if (table.collection.size !== rows) throw new Error('Rows are missing.')
  table.collection.subscribe(() => {
    if (seen.changes < rows) return
    seen.at = performance.now()
    all.resolve()
  })
  const start = await update(admin)
  await all.promise
  await table.close()
  return seen.at - start
}

/** Counts the changes a master tells. */
function counted(master: Master, count: (changes: number) => void): Master {
  return {
    ...master,
    async *watch(options) {
      for await (const change of master.watch(options)) {
        if (change.kind === 'transaction') count(change.changes.length)
        if (change.kind === 'upsert') count(1)
        yield change
      }
    },
  }
}

async function untilLive(table: LiveTable): Promise<void> {
  if (table.status.get().state === 'live') return
  await new Promise<void>((resolve) => {
    const stop = table.status.subscribe(({ state }) => {
      if (state !== 'live') return
      stop()
      resolve()
    })
  })
}

/** Milliseconds until the stock client has decoded every change. */
async function peer(url: string, admin: Client, update: Update): Promise<number> {
  await admin.query(`SELECT pg_create_logical_replication_slot('${peerSlot}', 'pgoutput')`)
  const service = new LogicalReplicationService(
    { connectionString: url },
    { acknowledge: { auto: false, timeoutSeconds: 0 } },
  )
  const all = Promise.withResolvers<number>()
  const started = Promise.withResolvers<void>()
  let changes = 0
  service.on('start', () => started.resolve())
  service.on('error', (error) => all.reject(error))
  service.on('data', (_, message: { readonly tag: string }) => {
    if (message.tag !== 'update') return
    changes += 1
    if (changes === rows) all.resolve(performance.now())
  })
  service
    .subscribe(new PgoutputPlugin({ protoVersion: 1, publicationNames: [publication] }), peerSlot)
    .catch(() => {})
  await started.promise
  const start = await update(admin)
  const end = await all.promise
  await service.destroy()
  await dropSlot(admin)
  return end - start
}

async function dropSlot(admin: Client): Promise<void> {
  for (;;) {
    const sql = `SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = '${peerSlot}' AND NOT active`
    if ((await admin.query(sql)).rowCount === 1) return
  }
}
