import { systemClock } from '@freshet/core'
import { createSeededRandom } from '@freshet/core/testing'
import { changes, indexes, openIndexedDbStore } from '@freshet/storage/indexeddb'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { openLiveTable, type LiveTable } from './live-table.ts'
import { tableSchema } from './master-schema.ts'
import type { Master } from './master.ts'
import { createMemoryDatabase } from './memory/memory-database.ts'
import { createFaultyMaster } from './testing/faulty-master.ts'

// A storage bucket of its own has a quota that Chromium keeps, as it keeps that of a full disk.
// All rows of a test fit beside nothing else, also in one transaction, which counts twice; beside the ballast they do not.
const quota = 4_000_000
const ballast = 3_000_000
let used = 0

/** The part of the Storage Buckets API that is used; TypeScript does not know it yet. */
type Buckets = {
  open(bucket: string, options: { readonly quota: number }): Promise<{ readonly indexedDB: IDBFactory }>
  delete(bucket: string): Promise<void>
}

function buckets(): Buckets {
  // Chromium has it since 122.
  return (navigator as unknown as { readonly storageBuckets: Buckets }).storageBuckets
}

beforeEach(async () => {
  // Another for each test: what a deleted one held counts for a while.
  used += 1
  const bucket = await buckets().open(`freshet-${used}`, { quota })
  vi.stubGlobal('indexedDB', bucket.indexedDB)
  const database = await asked(indexedDB.open('ballast'), (opening) =>
    opening.addEventListener('upgradeneeded', () => opening.result.createObjectStore('ballast')),
  )
  const bytes = new Uint8Array(ballast / 60)
  // In small pieces: Chromium counts what a transaction holds twice over.
  for (let piece = 0; piece < 60; piece++) await put(database, piece, crypto.getRandomValues(bytes))
  database.close()
})

afterEach(async () => {
  vi.unstubAllGlobals()
  await buckets().delete(`freshet-${used}`)
})

function put(database: IDBDatabase, key: number, bytes: Uint8Array): Promise<void> {
  const writing = database.transaction('ballast', 'readwrite')
  writing.objectStore('ballast').put(bytes, key)
  return new Promise((resolve, reject) => {
    writing.addEventListener('complete', () => resolve())
    writing.addEventListener('abort', () =>
      reject(new Error('No room for the ballast.', { cause: writing.error })),
    )
  })
}

/** Most of the quota is free again. */
async function makeRoom(): Promise<void> {
  await asked(indexedDB.deleteDatabase('ballast'))
}

function asked<R extends IDBRequest>(
  request: R,
  prepare: (request: R) => void = () => {},
): Promise<R['result']> {
  prepare(request)
  return new Promise((resolve, reject) => {
    request.addEventListener('success', () => resolve(request.result))
    request.addEventListener('error', () => reject(new Error('IndexedDB failed.', { cause: request.error })))
  })
}

function open(master: Master): Promise<LiveTable> {
  return openLiveTable(master, {
    preload: true,
    cacheKey: 'notes',
    drainMs: 0,
    store: (tables) => openIndexedDbStore({ name: 'notes', tables, indexes, changes }),
  })
}

/** A text of 100 kB that does not compress: what is on the disk is what counts. */
function noise(seed: number): string {
  const random = createSeededRandom(seed)
  const letters = Array.from({ length: 50_000 }, () => 0x4e00 + Math.floor(random.next() * 0x5000))
  return String.fromCharCode(...letters)
}

const tables = { note: tableSchema({ columns: { text: 'text' } }) }

test('[LT20] a write that Chromium has no room for is refused before it is accepted, and nothing accepted is lost', async () => {
  const remote = createMemoryDatabase({ tables }).master('note')
  const faulty = createFaultyMaster(remote, { clock: systemClock, random: createSeededRandom(1) })
  const table = await open(faulty.master)
  await table.insert('first', { text: 'kept' })
  // What is accepted from now on is on this disk alone.
  faulty.setOutage(true)

  const accepted: string[] = []
  let refused: string | undefined
  for (let at = 0; refused === undefined; at++) {
    const written = table.insert(`n${at}`, { text: noise(at) }, { wait: 'local' })
    await written.then(
      () => accepted.push(`n${at}`),
      (error: unknown) => {
        expect(error).toMatchObject({ code: 'storage/full', kind: 'storage' })
        refused = `n${at}`
      },
    )
  }
  expect(accepted.length).toBeGreaterThan(2)
  expect(table.get(refused)).toBeUndefined()
  expect([...(await table.list()).rows.keys()].toSorted()).toEqual(['first', ...accepted].toSorted())

  await table.close()
  await makeRoom()
  const again = await open(faulty.master)
  expect(again.outbox.queued().map(({ operation }) => operation.edits[0]?.id)).toEqual(accepted)
  expect(again.get(refused)).toBeUndefined()
  faulty.setOutage(false)
  await again.outbox.drained()
  const stored = (await remote.list({})).rows.map(([id]) => id)
  expect(stored.toSorted()).toEqual(['first', ...accepted].toSorted())
  await again.close()
})

test('[LT20] rows that Chromium has no room for are shown and said to be on no disk, until there is room', async () => {
  const remote = createMemoryDatabase({ tables }).master('note')
  const table = await open(remote)
  const degraded = (is: boolean): Promise<void> =>
    vi.waitFor(() => expect(table.status.get().degraded !== undefined).toBe(is), { timeout: 20_000 })
  await table.listValues()
  for (let at = 0; at < 15; at++) await remote.insert(`n${at}`, { text: noise(at) }, { opId: `t${at}` })
  await degraded(true)
  expect(table.status.get().degraded).toMatchObject({ code: 'storage/full', kind: 'storage' })
  expect((await table.list()).rows.size).toBe(15)
  const write = table.insert('mine', { text: noise(99) }, { wait: 'local' })
  await expect(write).rejects.toMatchObject({ kind: 'storage' })
  expect(table.get('mine')).toBeUndefined()

  await makeRoom()
  await degraded(false)
  await table.close()
  const out = createFaultyMaster(remote)
  out.setOutage(true)
  const again = await open(out.master)
  expect(again.collection.size).toBe(15)
  expect(again.get('n14')?.['text']).toBe(noise(14))
  await again.close()
})
