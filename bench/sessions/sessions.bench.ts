import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import {
  createOutbox,
  createReplica,
  openReplica,
  storeTables,
  type Operation,
  type Outbox,
  type Row,
  type WriteTarget,
} from '@freshet/core'
import { openSqliteStore } from '@freshet/storage/sqlite'
import { createLiveTable, tableSchema } from '@freshet/table'
import { createMemoryDatabase } from '@freshet/table/memory'
import { benchRow, type BenchRow } from '../bench-row.ts'
import { interleave, median } from '../measure.ts'

/** What a person waits for while editing: a keystroke, an optimistic write, and the disk behind a queued save. */
export async function run(): Promise<readonly BenchRow[]> {
  return [...(await keystrokes()), await optimisticWrite(), await durableAppend()]
}

async function keystrokes(): Promise<readonly BenchRow[]> {
  const [small, large] = [await draftOf(50), await draftOf(500)]
  const { at50, at500 } = await interleave({
    at50: () => microsPerKeystroke(small, 20_000),
    at500: () => microsPerKeystroke(large, 2_000),
  })
  await Promise.all([small.close(), large.close()])
  const [fifty, fiveHundred] = [median(at50), median(at500)]
  return [
    benchRow({
      name: 'a keystroke into a draft of 50 fields and the state of all of them, µs',
      measured: fifty,
      bound: 50,
      better: 'lower',
    }),
    benchRow({
      name: 'the same at 500 fields, per field, times that at 50',
      measured: fiveHundred / 500 / (fifty / 50),
      bound: 2,
      better: 'lower',
      note: `${fiveHundred.toFixed(1)} µs against ${fifty.toFixed(1)} µs`,
    }),
  ]
}

type Draft = {
  readonly type: (value: string) => void
  readonly modified: () => number
  readonly close: () => Promise<void>
}

async function draftOf(size: number): Promise<Draft> {
  const fields = Array.from({ length: size }, (_, at) => `field${at}`)
  const schema = tableSchema({ columns: Object.fromEntries(fields.map((field) => [field, 'text' as const])) })
  const database = createMemoryDatabase({ tables: { form: schema } })
  const row = Object.fromEntries(fields.map((field) => [field, 'as it was']))
  await database.master('form').insert('a', row, { opId: 'made' })
  const table = createLiveTable(database.master('form'), { preload: true })
  const edit = await table.editRecord('a')
  return {
    type: (value) => edit.set('field7', value),
    modified: () => fields.filter((field) => edit.isFieldModified(field)).length,
    close: table.close,
  }
}

function microsPerKeystroke({ type, modified }: Draft, strokes: number): number {
  const start = performance.now()
  for (let stroke = 0; stroke < strokes; stroke++) {
    type(`typed ${stroke}`)
    if (modified() !== 1) throw new Error('Another number of fields is modified than was typed into.')
  }
  return ((performance.now() - start) * 1_000) / strokes
}

const rowCount = 100_000

/** Both are timed until the view's listener has the new snapshot. */
async function optimisticWrite(): Promise<BenchRow> {
  const replica = createReplica({ name: 'bench', tables: [{ name: 'rows', columns: { score: 'int' } }] })
  const rows = Array.from({ length: rowCount }, (_, at) => ({
    kind: 'put' as const,
    table: 'rows',
    id: `row${at}`,
    row: { name: `name ${at}`, score: at },
  }))
  replica.apply({ kind: 'state', startedAt: 'live', facts: rows })
  const view = replica.collection('rows').view({ order: [{ field: 'score', direction: 'desc' }], limit: 50 })
  let seen = 0
  view.subscribe(() => (seen += 1))
  const outbox = createOutbox({ replica, target: deaf, capacity: 100_000 })
  let score = rowCount
  const shown = async (
    write: (id: string, row: Row) => void,
    after: () => Promise<unknown>,
  ): Promise<number> => {
    let total = 0
    const changes = 200
    for (let change = 0; change < changes; change++) {
      const row = { name: 'changed', score: ++score }
      const before = seen
      const start = performance.now()
      write(`row${(score * 7919) % rowCount}`, row)
      total += performance.now() - start
      if (seen !== before + 1) throw new Error('The view was not told of the change, or more than once.')
      await after()
    }
    return (total * 1_000) / changes
  }
  const confirmed = () =>
    shown(
      (id, row) =>
        void replica.apply({
          kind: 'state',
          startedAt: 'live',
          facts: [{ kind: 'put', table: 'rows', id, row }],
        }),
      async () => {},
    )
  const optimistic = () =>
    shown(
      (id, row) => void outbox.submit(operation(id, row)),
      async () => emptied(outbox),
    )
  const figures = await interleave({ confirmed, optimistic }, { rounds: 15 })
  const [plain, ours] = [median(figures.confirmed), median(figures.optimistic)]
  return benchRow({
    name: 'an optimistic write until a view of 100,000 rows shows it, times a confirmed change',
    measured: ours / plain,
    bound: 3,
    better: 'lower',
    note: `${ours.toFixed(1)} µs against ${plain.toFixed(1)} µs`,
  })
}

async function durableAppend(): Promise<BenchRow> {
  const folder = await mkdtemp(join(tmpdir(), 'freshet-append-'))
  const specs = [{ name: 'rows' }]
  const store = await openSqliteStore({ path: join(folder, 'ours.db'), tables: storeTables(specs) })
  const replica = await openReplica({ name: 'bench', tables: specs, store })
  const outbox = createOutbox({ replica, target: deaf, store })
  const bare = bareTable(join(folder, 'bare.db'))
  // Short turns: what else uses the disk then falls on both alike. Shorter ones measure the heap collected before each.
  const appends = 100
  const row = { name: 'a name', note: 'x'.repeat(100), score: 5 }
  const perAppend = async (append: () => Promise<void>): Promise<number> => {
    const start = performance.now()
    for (let at = 0; at < appends; at++) await append()
    const micros = ((performance.now() - start) * 1_000) / appends
    // An outbox takes 256 operations unless told otherwise; a longer queue is not what people have.
    if (outbox.queued().length > 150) await emptied(outbox)
    return micros
  }
  const record = JSON.stringify(operation('row', row))
  const figures = await interleave(
    {
      plain: () => perAppend(async () => bare.append(record)),
      ours: () => perAppend(() => outbox.submit(operation(`row${operations}`, row)).accepted),
    },
    // A thousand appends pass before the outbox's code is compiled, and some more before its log is written over.
    { rounds: 60, warmUp: 16 },
  )
  await outbox.stop()
  await store.close()
  bare.close()
  await rm(folder, { recursive: true })
  const [plain, ours] = [median(figures.plain), median(figures.ours)]
  return benchRow({
    name: 'a durable write noted in the outbox, times a bare SQLite commit on the disk',
    measured: ours / plain,
    bound: 1.2,
    better: 'lower',
    note: `${ours.toFixed(0)} µs against ${plain.toFixed(0)} µs`,
  })
}

/** What `node:sqlite` alone takes to have a record of the same size on the disk. */
function bareTable(path: string): { append(record: string): void; close(): void } {
  const database = new DatabaseSync(path)
  database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
    CREATE TABLE operation (id INTEGER PRIMARY KEY AUTOINCREMENT, body BLOB NOT NULL)`)
  const insert = database.prepare('INSERT INTO operation (body) VALUES (?)')
  return {
    append(record) {
      database.exec('BEGIN IMMEDIATE')
      insert.run(record)
      database.exec('COMMIT')
    },
    close: () => database.close(),
  }
}

let operations = 0

function operation(id: string, row: Row): Operation {
  operations += 1
  const edits = [{ table: 'rows', id, edit: { kind: 'patch', set: row } as const }]
  return {
    operationId: `operation-${operations}`,
    group: 'rows',
    request: { op: 'patch', id, set: row },
    edits,
    createdAtUnixMs: 0,
  }
}

async function emptied(outbox: Outbox): Promise<void> {
  for (const { operation: queued } of outbox.queued()) await outbox.discard(queued.operationId)
}

/** Nothing is sent here. */
const deaf: WriteTarget = {
  send: () => new Promise(() => {}),
  verify: async () => undefined,
}
