import { createEviction, openReplica, storeTables, coverages } from '@freshet/core'
import { createMemoryDisk, openMemoryStore } from '@freshet/storage/memory'
import { expect, test } from 'vitest'

test('[R9] what is evicted leaves the disk in the same commit', async () => {
  const specs = [{ name: 't' }]
  const disk = createMemoryDisk()
  const open = async () =>
    openReplica({
      name: 'r',
      tables: specs,
      coverages,
      store: await openMemoryStore({ tables: storeTables(specs), disk }),
    })
  const replica = await open()
  const facts = ['a', 'b'].map((id) => ({ kind: 'put' as const, table: 't', id, row: { id } }))
  replica.apply({
    kind: 'state',
    startedAt: 0,
    facts,
    covers: [{ table: 't', key: 'q', ids: ['a', 'b'], complete: true }],
  })
  const eviction = createEviction({
    replica,
    table: 't',
    maxBytes: 1,
    isPinned: (id) => id === 'b',
    isOpen: () => false,
  })
  expect(eviction.shrink()).toBe(1)
  await replica.flushed()

  const again = await open()
  expect([...again.collection('t').ids()]).toEqual(['b'])
  expect(again.coverages.ofTable('t')).toEqual([])
})
