import type { Clock, Commit, Store, StoreTable } from '@freshet/core'
import { deleteDB, openDB } from 'idb'
import { describe, expect, test } from 'vitest'
import { storeContract } from '../../testing/index.ts'
import { contractTables, scanAll } from '../../testing/store-disk.ts'
import { changes, indexes, openIndexedDbStore as openLean, type IndexedDbStoreOptions } from '../index.ts'
import { abortingRequests, freshName, patch } from './engine.ts'
import { packCases } from './pack-cases.ts'

/** What every engine of IndexedDB must pass: the contract, and what only IndexedDB has. */
export function indexedDbCases(engine: string): void {
  storeContract(`indexeddb, ${engine}`, {
    async createDisk() {
      const name = freshName()
      return { open: (options) => openIndexedDbStore({ ...options, name }), remove: () => deleteDB(name) }
    },
  })
  describe(`indexeddb, ${engine}`, () => {
    connectionCases()
    keepingCases()
    transactionCases()
    packCases()
  })
}

/** With what other tabs and queries need. */
function openIndexedDbStore(options: IndexedDbStoreOptions): Promise<Store> {
  return openLean({ indexes, changes, ...options })
}

const before: Commit = {
  writes: [
    { table: 'rows', id: 'a', value: { score: 1 } },
    { table: 'rows', id: 'b', value: { score: 1 } },
    { table: 'checkpoint', id: 'at', value: { round: 1 } },
    { table: 'operations', id: 'o1', value: { round: 1 } },
  ],
}
const during: Commit = {
  clear: ['checkpoint'],
  writes: [
    { table: 'rows', id: 'a', value: { score: 2 } },
    { table: 'rows', id: 'b', value: undefined },
    { table: 'rows', id: 'c', value: { score: 2 } },
    { table: 'checkpoint', id: 'at', value: { round: 2 } },
    { table: 'operations', id: 'o1', value: undefined },
  ],
}

async function stateOf(store: Store): Promise<unknown> {
  const tables = []
  for (const { name } of contractTables) tables.push(await scanAll(store, name))
  return { tables, info: await store.info(), byScore: await store.range('rows', { index: 'byScore' }) }
}

function connectionCases(): void {
  test('[ST11] a store lets go when another tab declares other tables, and says so', async () => {
    const name = freshName()
    const first = await openIndexedDbStore({ name, tables: contractTables })
    const term = await first.takeTerm()
    await first.commit(before, term)
    const tables: StoreTable[] = [
      { name: 'rows', space: 'replica', indexes: [{ name: 'other', fields: ['other'] }] },
    ]
    const second = await openIndexedDbStore({ name, tables })
    const refused = { code: 'storage/unavailable', kind: 'storage', retryable: true }
    await expect(first.get('rows', ['a'])).rejects.toMatchObject(refused)
    await expect(first.commit(during, term)).rejects.toMatchObject(refused)
    expect(await second.get('rows', ['a'])).toEqual([{ score: 1 }])
    await first.close()
    await second.close()
    await deleteDB(name)
  })

  test('[ST11] a database deleted under a store is a typed error that says what happened', async () => {
    const name = freshName()
    const store = await openIndexedDbStore({ name, tables: contractTables })
    await deleteDB(name)
    await expect(store.info()).rejects.toMatchObject({
      code: 'storage/unavailable',
      message: expect.stringContaining('deleted') as unknown,
    })
    await store.close()
    await expect(store.info()).rejects.toMatchObject({ code: 'storage/closed' })
    const again = await openIndexedDbStore({ name, tables: contractTables })
    expect(await again.info()).toEqual({ seq: 0, term: 0 })
    await again.close()
    await deleteDB(name)
  })

  test('[ST11] an upgrade that another tab keeps waiting is refused, and goes through once that tab is gone', async () => {
    const name = freshName()
    await (await openIndexedDbStore({ name, tables: [] })).close()
    const stubborn = await openDB(name)
    const waited: number[] = []
    const clock: Clock = {
      now: () => 0,
      schedule(task, delayMs) {
        waited.push(delayMs)
        task()
        return () => {}
      },
    }
    const opening = openIndexedDbStore({ name, tables: contractTables, clock, blockedTimeoutMs: 77 })
    await expect(opening).rejects.toMatchObject({
      code: 'storage/locked',
      kind: 'storage',
      retryable: true,
    })
    expect(waited).toEqual([77])
    stubborn.close()
    const store = await openIndexedDbStore({ name, tables: contractTables })
    expect(await store.count('rows')).toBe(0)
    await store.close()
    await deleteDB(name)
  })

  test('[ST11] two tabs that open at once with the same new tables both succeed', async () => {
    const name = freshName()
    const open = (): Promise<Store> => openIndexedDbStore({ name, tables: contractTables })
    const stores = await Promise.all([open(), open(), open()])
    for (const store of stores) expect(await store.count('rows')).toBe(0)
    for (const store of stores) await store.close()
    await deleteDB(name)
  })

  test('[ST10] the database of another program is refused and left as it is', async () => {
    const name = freshName()
    const theirs = await openDB(name, 3, { upgrade: (database) => void database.createObjectStore('theirs') })
    theirs.close()
    await expect(openIndexedDbStore({ name, tables: contractTables })).rejects.toMatchObject({
      code: 'storage/foreign',
    })
    const again = await openDB(name)
    expect([again.version, [...again.objectStoreNames]]).toEqual([3, ['theirs']])
    again.close()
    await deleteDB(name)
  })

  test('[T8] a database of a newer layout is refused with the way out', async () => {
    const name = freshName()
    await (await openIndexedDbStore({ name, tables: contractTables })).close()
    const raw = await openDB(name)
    await raw.put('freshet', { layout: 99, seq: 0, term: 0, resetSeq: 0 }, 'state')
    raw.close()
    await expect(openIndexedDbStore({ name, tables: contractTables })).rejects.toMatchObject({
      code: 'storage/layout',
    })
    await deleteDB(name)
  })
}

function keepingCases(): void {
  const rows: StoreTable = { name: 'rows', space: 'replica' }
  const plain = [rows]
  const indexed = [{ ...rows, indexes: [{ name: 'byScore', fields: ['score'] }] }]

  test('[ST21] what a store does not keep it refuses, and says what to pass', async () => {
    const name = freshName()
    const notKept = { code: 'storage/not-kept', kind: 'usage' }
    await expect(openLean({ name, tables: indexed, changes })).rejects.toMatchObject(notKept)
    const store = await openLean({ name, tables: plain })
    await expect(store.changesSince(0)).rejects.toMatchObject(notKept)
    for (const range of [{ index: 'byScore' }, { lower: ['a'] }, { upper: ['a'] }, { reverse: true }]) {
      await expect(store.range('rows', range)).rejects.toMatchObject(notKept)
    }
    await store.close()
    await deleteDB(name)
  })

  test('[ST21] a store that keeps more takes over what one wrote that keeps less', async () => {
    const name = freshName()
    const write = async (store: Store, id: string, score: number | undefined): Promise<number> => {
      const value = score === undefined ? undefined : { score }
      return store.commit({ writes: [{ table: 'rows', id, value }] }, await store.takeTerm())
    }
    const first = await openIndexedDbStore({ name, tables: indexed })
    await write(first, 'a', 1)
    await write(first, 'b', 2)
    await first.close()

    const lean = await openLean({ name, tables: plain })
    const before = await write(lean, 'c', 0)
    const removed = await write(lean, 'a', undefined)
    expect(await lean.range('rows', {})).toEqual([
      { id: 'b', value: { score: 2 } },
      { id: 'c', value: { score: 0 } },
    ])
    expect(await lean.range('rows', { limit: 1 })).toEqual([{ id: 'b', value: { score: 2 } }])
    await lean.close()

    const second = await openIndexedDbStore({ name, tables: indexed })
    expect((await second.range('rows', { index: 'byScore' })).map(({ id }) => id)).toEqual(['c', 'b'])
    expect(await second.changesSince(before)).toEqual({ kind: 'reset', seq: removed })
    const after = await write(second, 'b', undefined)
    expect(await second.changesSince(removed)).toEqual({
      kind: 'changes',
      seq: after,
      writes: [{ table: 'rows', id: 'b', value: undefined }],
    })
    await second.close()
    await deleteDB(name)
  })
}

function transactionCases(): void {
  test('[T1] a commit aborted at any request leaves the state before it', async () => {
    const name = freshName()
    const store = await openIndexedDbStore({ name, tables: contractTables })
    const term = await store.takeTerm()
    await store.commit(before, term)
    const expected = await stateOf(store)
    const abort = abortingRequests(['get', 'getKey', 'put', 'delete', 'clear'])
    for (let abortAt = 1; ; abortAt++) {
      abort.at(abortAt)
      const outcome = await store.commit(during, term).catch((error: unknown) => error)
      const finished = abort.over()
      if (finished) break
      expect(outcome).toMatchObject({ code: 'storage/unavailable', kind: 'storage' })
      expect({ abortAt, state: await stateOf(store) }).toEqual({ abortAt, state: expected })
      expect(abortAt).toBeLessThan(50)
    }
    expect(await scanAll(store, 'rows')).toEqual([
      { id: 'a', value: { score: 2 } },
      { id: 'c', value: { score: 2 } },
    ])
    await store.close()
    await deleteDB(name)
  })

  test('[ST10] a quota error, said at the request or at the end, is a full store that goes on later', async () => {
    const name = freshName()
    const store = await openIndexedDbStore({ name, tables: contractTables })
    const term = await store.takeTerm()
    await store.commit(before, term)
    const expected = await stateOf(store)
    let said: 'at the request' | 'at the end' | 'never' = 'never'
    patch(IDBObjectStore.prototype, 'put', (call, self) => {
      const quota = new DOMException('no room', 'QuotaExceededError')
      if (said === 'at the request') throw quota
      const request = call()
      if (said === 'at the end' && self instanceof IDBObjectStore) {
        Object.defineProperty(self.transaction, 'error', { value: quota, configurable: true })
        self.transaction.abort()
      }
      return request
    })
    for (said of ['at the request', 'at the end'] as const) {
      const full = { code: 'storage/full', kind: 'storage', retryable: true }
      await expect(store.commit(during, term)).rejects.toMatchObject(full)
      await expect(store.append('operations', {})).rejects.toMatchObject(full)
      const refused = said
      said = 'never'
      expect({ refused, state: await stateOf(store) }).toEqual({ refused, state: expected })
    }
    expect(await store.commit(during, term)).toBe(2)
    await store.close()
    await deleteDB(name)
  })

  test('[T8] an index rebuild aborted at any request leaves the records and the old index', async () => {
    const name = freshName()
    const store = await openIndexedDbStore({ name, tables: contractTables })
    await store.commit(before, await store.takeTerm())
    const expected = await stateOf(store)
    await store.close()
    const other = contractTables.map((table) => ({
      ...table,
      indexes: [{ name: 'byRound', fields: ['round'] }],
    }))
    let left = Infinity
    const abortWhenDue = (transaction: IDBTransaction): void => {
      left -= 1
      if (left === 0) transaction.abort()
    }
    patch(IDBObjectStore.prototype, 'put', (call, self) => {
      const request = call()
      if (self instanceof IDBObjectStore) abortWhenDue(self.transaction)
      return request
    })
    patch(IDBCursor.prototype, 'update', (call, self) => {
      const request = call()
      if (self instanceof IDBCursor && self.source instanceof IDBObjectStore)
        abortWhenDue(self.source.transaction)
      return request
    })
    for (let abortAt = 1; ; abortAt++) {
      left = abortAt
      const outcome = await openIndexedDbStore({ name, tables: other }).catch((error: unknown) => error)
      const finished = left > 0
      left = Infinity
      if (finished) {
        await (outcome as Store).close()
        break
      }
      expect(outcome).toMatchObject({ code: 'storage/unavailable' })
      const again = await openIndexedDbStore({ name, tables: contractTables })
      expect(await stateOf(again)).toEqual(expected)
      await again.close()
      expect(abortAt).toBeLessThan(50)
    }
    await deleteDB(name)
  })

  test('[T7] commits that touch intent ask for strict durability, others do not', async () => {
    const name = freshName()
    const store = await openIndexedDbStore({ name, tables: contractTables })
    const term = await store.takeTerm()
    const asked: unknown[] = []
    patch(IDBDatabase.prototype, 'transaction', (call, _self, [, mode, options]) => {
      if (mode === 'readwrite') asked.push(options)
      return call()
    })
    await store.commit({ writes: [{ table: 'rows', id: 'a', value: {} }] }, term)
    await store.append('operations', {})
    await store.commit({ writes: [{ table: 'operations', id: 'a', value: undefined }] }, undefined)
    await store.commit({ clear: ['operations'], writes: [] }, term)
    const [relaxed, strict] = [{ durability: 'relaxed' }, { durability: 'strict' }]
    expect(asked).toEqual([relaxed, strict, strict, strict])
    await store.close()
    await deleteDB(name)
  })

  test('[T7] a commit resolves when its transaction has completed, not before', async () => {
    const name = freshName()
    const store = await openIndexedDbStore({ name, tables: contractTables })
    const events: string[] = []
    patch(IDBDatabase.prototype, 'transaction', (call) => {
      const transaction = call()
      if (transaction instanceof IDBTransaction)
        transaction.addEventListener('complete', () => events.push('complete'))
      return transaction
    })
    await store.append('operations', {}).then(() => events.push('resolved'))
    expect(events).toEqual(['complete', 'resolved'])
    await store.close()
    await deleteDB(name)
  })
}
