import { FreshetError, type Store } from '@freshet/core'
import { expect, test } from 'vitest'
import { createMemoryDisk, openMemoryStore, type MemoryDisk } from '../memory/index.ts'
import { put } from './commit-contract.ts'
import { crashingStore } from './crashing-store.ts'
import { failingStore } from './failing-store.ts'
import { contractTables, scanAll } from './store-disk.ts'

const tables = contractTables
const open = (disk: MemoryDisk): Promise<Store> => openMemoryStore({ tables, disk })
const dead = { code: 'storage/unavailable', kind: 'storage' }

test('[ST12] a store that crashes before its write leaves nothing of it, and is dead from then on', async () => {
  const disk = createMemoryDisk()
  const store = crashingStore(await open(disk), { failAt: 3 })
  const term = await store.takeTerm()
  await store.commit({ writes: [put('rows', 'a', 1)] }, term)
  await expect(store.commit({ writes: [put('rows', 'b', 1)] }, term)).rejects.toMatchObject(dead)
  await expect(store.get('rows', ['a'])).rejects.toMatchObject(dead)
  await expect(scanAll(store, 'rows')).rejects.toMatchObject(dead)
  await expect(store.append('operations', {})).rejects.toMatchObject(dead)
  await expect(store.info()).rejects.toMatchObject(dead)
  await store.close()
  expect(await scanAll(await open(disk), 'rows')).toEqual([{ id: 'a', value: { score: 1 } }])
})

test('[ST12] a store that crashes after its write has kept it, though the caller never hears so', async () => {
  const disk = createMemoryDisk()
  const store = crashingStore(await open(disk), { failAt: 1, when: 'after' })
  const reading = store.count('operations')
  await expect(store.append('operations', { at: 1 })).rejects.toMatchObject(dead)
  await expect(reading).resolves.toBe(0)
  const again = await open(disk)
  expect((await scanAll(again, 'operations')).map(({ value }) => value)).toEqual([{ at: 1 }])
})

test('[ST12] a failing store refuses writes while told to, reads on, and then goes on', async () => {
  const full = new FreshetError({ code: 'storage/full', kind: 'storage', message: 'no room' })
  let failure: FreshetError | undefined
  const store = failingStore(await open(createMemoryDisk()), () => failure)
  const term = await store.takeTerm()
  await store.commit({ writes: [put('rows', 'a', 1)] }, term)
  failure = full
  await expect(store.commit({ writes: [put('rows', 'a', 2)] }, term)).rejects.toBe(full)
  await expect(store.append('operations', {})).rejects.toBe(full)
  expect(await store.get('rows', ['a'])).toEqual([{ score: 1 }])
  failure = undefined
  await store.commit({ writes: [put('rows', 'a', 3)] }, term)
  expect(await store.get('rows', ['a'])).toEqual([{ score: 3 }])
})
