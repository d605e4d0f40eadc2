import 'fake-indexeddb/auto'
import { expect, test } from 'vitest'
import { indexedDbCases } from './testing/indexeddb-cases.ts'
import { packedContract } from './testing/pack-cases.ts'
import { openIndexedDbStore } from './open-indexeddb-store.ts'

indexedDbCases('fake-indexeddb')
packedContract('fake-indexeddb')

test('[ST10] where there is no IndexedDB, opening says so', async () => {
  const kept = globalThis.indexedDB
  Reflect.deleteProperty(globalThis, 'indexedDB')
  try {
    const opening = openIndexedDbStore({ name: 'nowhere', tables: [] })
    await expect(opening).rejects.toMatchObject({ code: 'storage/unavailable', kind: 'storage' })
  } finally {
    Object.defineProperty(globalThis, 'indexedDB', { value: kept, configurable: true, writable: true })
  }
})
