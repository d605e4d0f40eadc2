import { FreshetError, type StoreTable } from '@freshet/core'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { scanAll } from '../testing/store-disk.ts'
import { openSqliteStore, storeOn } from './open-sqlite-store.ts'
import { testDirectory } from './testing/test-directory.ts'

const tables: readonly StoreTable[] = [
  { name: 'rows', space: 'replica', indexes: [{ name: 'byScore', fields: ['score'] }] },
  { name: 'operations', space: 'intent' },
]

test('[ST10] a file locked by another store says who must close, and opens once it has', async () => {
  using directory = testDirectory()
  const path = directory.path('store.db')
  const first = await openSqliteStore({ path, tables, lock: 'exclusive' })
  for (const lock of ['exclusive', 'shared'] as const) {
    const error = await failure(openSqliteStore({ path, tables, lock, busyTimeoutMs: 0 }))
    expect(error).toMatchObject({ code: 'storage/locked', kind: 'storage', retryable: true })
    expect(error.message).toContain(path)
    expect(error.message).toContain("lock: 'shared'")
  }
  await first.close()
  await (await openSqliteStore({ path, tables, lock: 'exclusive' })).close()
})

test('[ST10] an exclusive store is refused while a shared one is writing', async () => {
  using directory = testDirectory()
  const path = directory.path('store.db')
  await (await openSqliteStore({ path, tables })).close()
  const other = new DatabaseSync(path)
  other.exec('BEGIN IMMEDIATE')
  const store = openSqliteStore({ path, tables, lock: 'exclusive', busyTimeoutMs: 0 })
  await expect(store).rejects.toMatchObject({ code: 'storage/locked' })
  const shared = await openSqliteStore({ path, tables, busyTimeoutMs: 0 })
  await expect(shared.takeTerm()).rejects.toMatchObject({ code: 'storage/locked', retryable: true })
  other.exec('ROLLBACK')
  expect(await shared.takeTerm()).toBe(1)
  await shared.close()
  other.close()
})

test('[ST10] a full disk refuses the commit whole, keeps what was there and goes on when there is room', async () => {
  using directory = testDirectory()
  const path = directory.path('store.db')
  const store = await openSqliteStore({ path, tables, maxBytes: 400_000 })
  const term = await store.takeTerm()
  await store.commit({ writes: [{ table: 'rows', id: 'kept', value: { score: 1 } }] }, term)
  const before = await store.info()
  const large = Array.from({ length: 40 }, (_, at) => ({
    table: 'rows',
    id: `r${at}`,
    value: { text: 'x'.repeat(20_000) },
  }))
  const error = await failure(store.commit({ clear: ['rows'], writes: large }, term))
  expect(error).toMatchObject({ code: 'storage/full', kind: 'storage', retryable: true })
  expect(error.message).toContain(path)
  expect(await scanAll(store, 'rows')).toEqual([{ id: 'kept', value: { score: 1 } }])
  expect(await store.info()).toEqual(before)
  expect(await store.commit({ writes: large.slice(0, 5) }, term)).toBe(before.seq + 1)
  await store.append('operations', { at: 1 })
  await store.close()
})

test('[ST10] a file that is no database is refused and left as it is', async () => {
  using directory = testDirectory()
  const path = directory.path('notes.txt')
  const text = 'These are notes, not a database. '.repeat(100)
  writeFileSync(path, text)
  const error = await failure(openSqliteStore({ path, tables }))
  expect(error).toMatchObject({ code: 'storage/corrupt', kind: 'storage', retryable: false })
  expect(error.message).toContain(path)
  expect(readFileSync(path, 'utf8')).toBe(text)
})

test('[ST10] the database of another program is refused and left as it is', async () => {
  using directory = testDirectory()
  const path = directory.path('other.db')
  const other = new DatabaseSync(path)
  other.exec('CREATE TABLE theirs (a); INSERT INTO theirs VALUES (1)')
  other.close()
  const bytes = readFileSync(path)
  expect(await failure(openSqliteStore({ path, tables }))).toMatchObject({
    code: 'storage/foreign',
    kind: 'storage',
  })
  expect(readFileSync(path).equals(bytes)).toBe(true)
})

test('[ST10] a damaged page is a typed error, not wrong rows', async () => {
  using directory = testDirectory()
  const path = directory.path('store.db')
  const store = await openSqliteStore({ path, tables })
  const term = await store.takeTerm()
  const writes = Array.from({ length: 500 }, (_, at) => ({
    table: 'rows',
    id: `r${at}`,
    value: { score: at, text: 'x'.repeat(200) },
  }))
  await store.commit({ writes }, term)
  await store.close()
  const bytes = readFileSync(path)
  bytes.fill(0xa5, 4096 * 8)
  writeFileSync(path, bytes)
  const error = await failure(
    openSqliteStore({ path, tables }).then(async (damaged) => {
      try {
        return await scanAll(damaged, 'rows')
      } finally {
        await damaged.close()
      }
    }),
  )
  expect(error).toMatchObject({ code: 'storage/corrupt', kind: 'storage' })
  expect(error.message).toContain(path)
})

test('[ST10] a record whose bytes are no row names itself', async () => {
  using directory = testDirectory()
  const path = directory.path('store.db')
  const store = await openSqliteStore({ path, tables })
  const term = await store.takeTerm()
  await store.commit({ writes: ['a', 'b'].map((id) => ({ table: 'rows', id, value: { score: 1 } })) }, term)
  const other = new DatabaseSync(path)
  for (const bytes of [[], [0x01], [0xff], [0x81, 0x61, 0x71], [0xa1, 0x61], [0xd9, 0x9f, 0x25, 0x01]]) {
    other.prepare("UPDATE t1 SET value = ? WHERE id = 'b'").run(new Uint8Array(bytes))
    const error = await failure(store.get('rows', ['b']))
    expect({ bytes, code: error.code }).toEqual({ bytes, code: 'storage/corrupt' })
    expect(error.message).toContain('record "b" of table "rows"')
  }
  expect(await store.get('rows', ['a'])).toEqual([{ score: 1 }])
  other.close()
  await store.close()
})

test('[ST10] places where no file can be say so', async () => {
  using directory = testDirectory()
  mkdirSync(directory.path('folder'))
  for (const path of [directory.path('missing/store.db'), directory.path('folder'), 'a\0b']) {
    const error = await failure(openSqliteStore({ path, tables }))
    expect({ path, code: error.code, kind: error.kind }).toEqual({
      path,
      code: 'storage/unavailable',
      kind: 'storage',
    })
  }
})

test('[T8] a file of a newer layout is refused with the way out', async () => {
  using directory = testDirectory()
  const path = directory.path('store.db')
  await (await openSqliteStore({ path, tables })).close()
  const file = new DatabaseSync(path)
  file.exec('PRAGMA user_version = 99')
  file.close()
  const error = await failure(openSqliteStore({ path, tables }))
  expect(error).toMatchObject({ code: 'storage/layout', kind: 'storage' })
  expect(error.message).toContain('Upgrade')
})

test('[T8] the keys of a file whose layout had others are made anew', async () => {
  using directory = testDirectory()
  const path = directory.path('store.db')
  const first = await openSqliteStore({ path, tables })
  const writes = [3, 1, 2].map((score) => ({ table: 'rows', id: `r${score}`, value: { score } }))
  await first.commit({ writes }, await first.takeTerm())
  await first.close()
  const file = new DatabaseSync(path)
  file.exec(`${withoutAppended} UPDATE t1 SET k0 = 'older'; PRAGMA user_version = 1`)
  file.close()
  const store = await openSqliteStore({ path, tables })
  const records = await store.range('rows', { index: 'byScore', lower: [2] })
  expect(records.map(({ id }) => id)).toEqual(['r2', 'r3'])
  await store.close()
})

test('[T8] what a file of an older layout had appended stays, and what is appended comes after it', async () => {
  using directory = testDirectory()
  const path = directory.path('store.db')
  await (await openSqliteStore({ path, tables })).close()
  const file = new DatabaseSync(path)
  // Then a record of `append` lay in its table and moved the number on.
  file.exec(`
    ${withoutAppended} UPDATE freshet_state SET seq = 7;
    INSERT INTO t2 (id, seq, value) VALUES ('0000000000000007', 7, x'a1626174f5'); PRAGMA user_version = 2
  `)
  file.close()
  const store = await openSqliteStore({ path, tables })
  const key = await store.append('operations', { at: 'later' })
  expect(await store.range('operations', {})).toEqual([
    { id: '0000000000000007', value: { at: true } },
    { id: key, value: { at: 'later' } },
  ])
  const gone = { table: 'operations', id: '0000000000000007', value: undefined }
  await store.commit({ writes: [gone] }, undefined)
  expect(await scanAll(store, 'operations')).toEqual([{ id: key, value: { at: 'later' } }])
  await store.close()
})

test('[T8] what was appended stays when its table gets an index, loses it, or becomes one of the replica', async () => {
  using directory = testDirectory()
  const path = directory.path('store.db')
  let store = await openSqliteStore({ path, tables })
  const appended = [3, 1, 2]
  for (const score of appended) await store.append('operations', { score })
  const { seq } = await store.info()
  const byScore = [{ name: 'byScore', fields: ['score'] }]
  for (const indexes of [byScore, []]) {
    await store.close()
    store = await openSqliteStore({ path, tables: [{ name: 'operations', space: 'intent', indexes }] })
    await store.append('operations', { score: appended.push(0) && 0 })
    const scores = (await store.range('operations', {})).map(({ value }) => value['score'])
    expect(scores).toEqual(appended)
  }
  await store.close()
  store = await openSqliteStore({ path, tables: [{ name: 'operations', space: 'replica' }] })
  expect(await store.count('operations')).toBe(5)
  expect(await store.changesSince(seq)).toMatchObject({ kind: 'changes' })
  await store.close()
})

test('[T10] a key that only reads as the same number is another key', async () => {
  using directory = testDirectory()
  const store = await openSqliteStore({ path: directory.path('store.db'), tables })
  const key = await store.append('operations', { at: 1 })
  const writes = ['1', '+0000000000000001', '0000000000000001 ', '1e0'].map((id) => ({
    table: 'operations',
    id,
    value: { at: 2 },
  }))
  await store.commit({ writes }, undefined)
  expect(await store.get('operations', [key])).toEqual([{ at: 1 }])
  expect(await store.count('operations')).toBe(5)
  await store.close()
})

test('[ST10] tables changed under an open store are a typed error, not a crash', async () => {
  using directory = testDirectory()
  const path = directory.path('store.db')
  const store = await openSqliteStore({ path, tables })
  const term = await store.takeTerm()
  await (await openSqliteStore({ path, tables: [{ name: 'rows', space: 'replica' }] })).close()
  const commit = store.commit({ writes: [{ table: 'rows', id: 'a', value: { score: 1 } }] }, term)
  await expect(commit).rejects.toMatchObject({ code: 'storage/unavailable', kind: 'storage' })
  await store.close()
})

test('[T7] commits that touch intent are synced to the disk, others are not', async () => {
  using directory = testDirectory()
  const path = directory.path('store.db')
  const database = new DatabaseSync(path)
  const store = storeOn(database, { path, tables })
  const synchronous = (): unknown => database.prepare('PRAGMA synchronous').get()?.['synchronous']
  const [normal, full] = [1, 2]
  const term = await store.takeTerm()
  expect(synchronous()).toBe(normal)
  await store.append('operations', {})
  expect(synchronous()).toBe(full)
  await store.commit({ writes: [{ table: 'rows', id: 'a', value: {} }] }, term)
  expect(synchronous()).toBe(normal)
  const both = ['rows', 'operations'].map((table) => ({ table, id: 'a', value: {} }))
  await store.commit({ writes: both }, term)
  expect(synchronous()).toBe(full)
  await store.commit({ clear: ['rows'], writes: [] }, term)
  expect(synchronous()).toBe(normal)
  await store.commit({ clear: ['operations'], writes: [] }, term)
  expect(synchronous()).toBe(full)
  expect(database.prepare('PRAGMA journal_mode').get()).toEqual({ journal_mode: 'wal' })
  await store.close()
})

test('[T9] the number is one row of the file, however appends and commits alternate', async () => {
  using directory = testDirectory()
  const path = directory.path('store.db')
  const store = await openSqliteStore({ path, tables })
  for (const commits of [0, 1, 2, 3]) {
    for (let at = 0; at < 3 - commits; at++) await store.append('operations', {})
    const [newest] = await store.range('operations', { reverse: true, limit: 1 })
    const gone = newest ? [{ table: 'operations', id: newest.id, value: undefined }] : []
    for (let at = 0; at < commits; at++) await store.commit({ writes: gone }, undefined)
  }
  const { seq } = await store.info()
  await store.close()
  const file = new DatabaseSync(path)
  const numbers = file.prepare('SELECT seq FROM freshet_appended WHERE number = 0').all()
  file.close()
  expect(numbers).toEqual([{ seq }])
  expect(seq).toBe(12)
})

/** The file as it was before appended records had a table. */
const withoutAppended = `DROP TABLE freshet_appended;
  ALTER TABLE freshet_state ADD COLUMN seq INTEGER NOT NULL DEFAULT 0;`

async function failure(promise: Promise<unknown>): Promise<FreshetError> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (error instanceof FreshetError) return error
  throw new Error(`Expected a FreshetError, got ${String(error)}`, { cause: error })
}
