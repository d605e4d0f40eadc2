import { expect, test } from 'vitest'
import { coverages } from './coverage-books.ts'
import { createEviction } from './eviction.ts'
import { createReplica } from './replica.ts'

function createPages(pinned: ReadonlySet<string> = new Set(), maxBytes = 10_000) {
  const replica = createReplica({ name: 'pages', tables: [{ name: 't' }], coverages })
  const eviction = createEviction({
    replica,
    table: 't',
    maxBytes,
    maxAgeMs: 1_000,
    isPinned: (id) => pinned.has(id),
    isOpen: (key) => key === 'open',
  })
  const read = (key: string, ids: readonly string[]): void => {
    const facts = ids.map((id) => ({
      kind: 'put' as const,
      table: 't',
      id,
      row: { text: 'x'.repeat(1_000) },
    }))
    replica.apply({
      kind: 'state',
      startedAt: replica.seq,
      facts,
      covers: [{ table: 't', key, ids, complete: true }],
    })
    eviction.used(key)
  }
  return { replica, eviction, collection: replica.collection('t'), read }
}

const page = (name: string): string[] => Array.from({ length: 4 }, (_, n) => `${name}${n}`)

test('[R9] the least recently used result leaves first, with the rows that only it held', () => {
  const { replica, eviction, collection, read } = createPages()
  read('a', page('a'))
  read('b', [...page('b'), 'a0'])
  read('c', page('c'))
  eviction.used('a')
  expect(eviction.shrink()).toBe(4)
  expect(replica.coverages.ofTable('t').map(({ key }) => key)).toEqual(['a', 'c'])
  expect(collection.get('a0')).toBeDefined()
  expect(collection.lookup('b0')).toEqual({ kind: 'unknown' })
  expect(eviction.shrink()).toBe(0)
})

test('[R9] what is on screen, being edited or written stays', () => {
  const { replica, eviction, collection, read } = createPages(new Set(['a1']), 100)
  replica.addLayer({ operationId: 'o', table: 't', id: 'a2', edit: { kind: 'patch', set: { n: 1 } } })
  read('a', page('a'))
  read('open', page('o'))
  eviction.shrink()
  expect([...collection.ids()].sort()).toEqual(['a1', 'a2', 'o0', 'o1', 'o2', 'o3'])
})

test('[R9] a result read too long ago leaves', () => {
  const { replica, eviction, collection, read } = createPages()
  read('a', page('a'))
  const [coverage] = replica.coverages.ofTable('t')
  const readAt = coverage?.fetchedAtUnixMs ?? 0
  expect(eviction.expire(readAt + 1_000)).toBe(0)
  expect(eviction.expire(readAt + 1_001)).toBe(4)
  expect(collection.size).toBe(0)
})

test('[R9] a table that is held whole is not evicted', () => {
  const { replica, eviction, collection, read } = createPages(new Set(), 1)
  read('a', page('a'))
  replica.apply({
    kind: 'state',
    startedAt: 'live',
    facts: [],
    covers: [{ table: 't', key: 'all', complete: true }],
  })
  expect(eviction.shrink()).toBe(0)
  expect(collection.size).toBe(4)
})
