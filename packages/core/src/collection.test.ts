import { expect, test } from 'vitest'
import { aggregate } from './aggregate.ts'
import { idsVerifiedBefore } from './verified-before.ts'
import { createCollection, type CollectionChange, type LoadEntry, type Stamp } from './collection.ts'
import type { Filter, Query } from './query.ts'
import { decimal, type Row, type Value } from './value.ts'

const stamp = (seq: number, epoch = 1): Stamp => ({ seq, epoch, nowUnixMs: 1_000 + seq })

function open(columns = {}) {
  const errors: unknown[] = []
  const work = { rows: 0 }
  const made = createCollection({
    name: 'clients',
    columns,
    work,
    onListenerError: (error) => errors.push(error),
  })
  const apply = (change: () => void, rows = 0): void => {
    made.writer.begin(rows)
    change()
    made.writer.settle()
    made.writer.notify()
  }
  return { ...made, apply, errors, work }
}

test('[R7] get is the visible row, confirmed the one below pending writes', () => {
  const { collection, writer, apply } = open()
  const row = { name: 'Marty', city: 'Hill Valley' }
  apply(() => writer.put('1', row, stamp(1)))
  expect(collection.get('1')).toBe(row)
  apply(() => writer.layer('1', (confirmed) => confirmed && { ...confirmed, name: 'Calvin' }))
  expect(collection.get('1')).toEqual({ name: 'Calvin', city: 'Hill Valley' })
  expect(collection.confirmed('1')).toBe(row)
  apply(() => writer.put('1', { name: 'Marty', city: 'Paris' }, stamp(2)))
  expect(collection.get('1')).toEqual({ name: 'Calvin', city: 'Paris' })
  apply(() => writer.layer('1', undefined))
  expect(collection.get('1')).toEqual({ name: 'Marty', city: 'Paris' })
})

test('[R7] a row may exist by its layer alone, and a layer may hide a row', () => {
  const { collection, writer, apply } = open()
  apply(() => {
    writer.layer('new', () => ({ a: 1 }))
    writer.put('old', { a: 2 }, stamp(1))
    writer.layer('old', () => undefined)
  })
  expect([...collection.entries()]).toEqual([['new', { a: 1 }]])
  expect(collection.size).toBe(1)
  expect(collection.lookup('old')).toEqual({ kind: 'absent' })
  expect(collection.confirmed('new')).toBeUndefined()
  expect(idsVerifiedBefore(writer, 9)).toEqual(['old'])
  apply(() => {
    writer.layer('new', undefined)
    writer.layer('old', undefined)
  })
  expect([...collection.ids()]).toEqual(['old'])
  expect(collection.meta('new')).toBeUndefined()
})

test('[R7] lookup says absent only of what is known to be absent', () => {
  const { collection, writer, apply } = open()
  expect(collection.lookup('1')).toEqual({ kind: 'unknown' })
  apply(() => writer.remove('1', stamp(4)))
  expect(collection.lookup('1')).toEqual({ kind: 'absent' })
  expect(writer.changedSeq('1')).toBe(4)
  apply(() => writer.put('1', { a: 1 }, stamp(5)))
  expect(collection.lookup('1')).toEqual({ kind: 'present', row: { a: 1 } })
  expect(collection.lookup('2')).toEqual({ kind: 'unknown' })
  apply(() => writer.setComplete(true))
  expect(collection.lookup('2')).toEqual({ kind: 'absent' })
})

test('[R7] a removal under a layer counts as a change, and a layer over nothing tells nothing', () => {
  const { collection, writer, apply } = open()
  apply(() => {
    writer.put('1', { a: 1 }, stamp(1), 'v1')
    writer.layer('1', (row) => row && { ...row, a: 2 })
    writer.layer('2', (row) => row && { ...row, a: 2 })
  })
  expect(collection.lookup('2')).toEqual({ kind: 'unknown' })
  apply(() => expect(writer.remove('1', stamp(7))).toBe(true))
  expect(writer.changedSeq('1')).toBe(7)
  expect(collection.lookup('1')).toEqual({ kind: 'absent' })
  expect(collection.meta('1')).toEqual({
    fetchedAtUnixMs: 0,
    verifiedEpoch: 0,
    version: undefined,
    pending: true,
  })
  apply(() => writer.layer('1', undefined))
  expect(writer.changedSeq('1')).toBe(7)
  expect(collection.lookup('1')).toEqual({ kind: 'absent' })
  // The slot of a removed row is used again, its freshness is not.
  apply(() => {
    writer.put('3', { a: 3 }, stamp(8), 'v3')
    writer.remove('3', stamp(9))
    writer.layer('4', () => ({ a: 4 }))
  })
  expect(collection.meta('4')).toEqual({
    fetchedAtUnixMs: 0,
    verifiedEpoch: 0,
    version: undefined,
    pending: true,
  })
})

test('[R7] meta tells when a row was fetched and verified, and whether a write is pending', () => {
  const { collection, writer, apply } = open()
  apply(() => writer.put('1', { a: 1 }, stamp(1), 'v1'))
  expect(collection.meta('1')).toEqual({
    fetchedAtUnixMs: 1001,
    verifiedEpoch: 1,
    version: 'v1',
    pending: false,
  })
  apply(() => {
    writer.verify('1', stamp(2, 2))
    writer.layer('1', (row) => row)
  })
  expect(collection.meta('1')).toEqual({
    fetchedAtUnixMs: 1002,
    verifiedEpoch: 2,
    version: 'v1',
    pending: true,
  })
  expect(writer.changedSeq('1')).toBe(1)
  expect(writer.verifiedEpoch('1')).toBe(2)
  expect(idsVerifiedBefore(writer, 2)).toEqual([])
  expect(idsVerifiedBefore(writer, 3)).toEqual(['1'])
})

test('[V4] a row equal to the held one keeps its identity and counts as verified', () => {
  const { collection, writer, apply } = open({ price: 'decimal' })
  const row = { id: '1', price: '150.00' }
  const changes: CollectionChange[] = []
  apply(() => writer.put('1', row, stamp(1)))
  collection.subscribe((change) => changes.push(change))
  apply(() => expect(writer.put('1', { id: '1', price: decimal('150') }, stamp(2, 2), 'v2')).toBe(false))
  expect(collection.get('1')).toBe(row)
  expect(collection.meta('1')).toMatchObject({ verifiedEpoch: 2, version: 'v2' })
  expect(changes).toEqual([])
})

test('[R9] removals beyond the ten thousand remembered still count as changes', () => {
  const { writer, apply } = open()
  apply(() => {
    for (let at = 1; at <= 10_001; at++) writer.remove(`${at}`, stamp(at))
  })
  expect(writer.changedSeq('10001')).toBe(10_001)
  expect(writer.changedSeq('1')).toBe(1)
  expect(writer.changedSeq('never seen')).toBe(1)
})

test('[Q3] an id that changed in several ways is told once', () => {
  const { collection, writer, apply } = open()
  const told: CollectionChange['ids'][] = []
  apply(() =>
    writer.load(
      [
        ['a', { n: 1 }],
        ['b', { n: 1 }],
        ['c', { n: 1 }],
      ],
      stamp(1),
    ),
  )
  collection.subscribe(({ ids }) => told.push(ids))
  apply(() => {
    writer.put('a', { n: 2 }, stamp(2))
    writer.put('a', { n: 3 }, stamp(2))
    writer.remove('b', stamp(2))
    writer.put('c', { n: 2 }, stamp(2))
    writer.put('b', { n: 2 }, stamp(2))
    writer.layer('c', () => ({ n: 3 }))
  })
  for (const seq of [3, 4]) {
    writer.begin()
    writer.put('a', { n: seq + 1 }, stamp(seq))
    writer.settle()
  }
  writer.notify()
  expect(told).toEqual([['a', 'b', 'c'], ['a']])
})

test('[Q3] listeners run once per batch, after every view is settled; one that throws stops nobody', () => {
  const { collection, writer, apply, errors } = open()
  const view = collection.view({ limit: 2 })
  const seen: unknown[] = []
  collection.subscribe(() => {
    throw new Error('first')
  })
  collection.subscribe(({ ids }) => seen.push(ids, view.snapshot().ids))
  view.subscribe(() => {
    throw new Error('second')
  })
  view.subscribe(({ ids }) => seen.push(ids))
  apply(() => {
    writer.put('a', { n: 1 }, stamp(1))
    writer.put('b', { n: 1 }, stamp(1))
    writer.put('a', { n: 2 }, stamp(1))
  })
  expect(seen).toEqual([
    ['a', 'b'],
    ['a', 'b'],
    ['a', 'b'],
  ])
  expect(errors).toEqual([new Error('first'), new Error('second')])
})

test('[Q3] a listener that stops listening is not called again', () => {
  const { collection, writer, apply } = open()
  const view = collection.view()
  let calls = 0
  const stops = [collection.subscribe(() => calls++), view.subscribe(() => calls++)]
  apply(() => writer.put('a', { n: 1 }, stamp(1)))
  for (const stop of stops) stop()
  apply(() => writer.put('a', { n: 2 }, stamp(2)))
  expect(calls).toBe(2)
})

test('[Q4] a snapshot stays the same object until something in it changed, and rows keep their identity', () => {
  const { collection, writer, apply } = open()
  const view = collection.view({ order: [{ field: 'n', direction: 'asc' }], limit: 2 })
  apply(() => {
    for (const n of [1, 2, 3, 4]) writer.put(`${n}`, { n }, stamp(1))
  })
  const first = view.snapshot()
  apply(() => writer.put('4', { n: 5 }, stamp(2)))
  apply(() => writer.put('1', { n: 1 }, stamp(2)))
  expect(view.snapshot()).toBe(first)
  apply(() => writer.put('4', { n: 1.5 }, stamp(3)))
  const second = view.snapshot()
  expect(second.ids).toEqual(['1', '4'])
  expect(second.rows[0]).toBe(first.rows[0])
  expect(first.ids).toEqual(['1', '2'])
  expect(second.version).toBe(first.version + 1)
  apply(() => writer.put('9', { n: 9 }, stamp(4)))
  expect(view.snapshot()).toMatchObject({ total: 5, version: second.version + 1 })
  expect(view.snapshot().rows).toBe(second.rows)
})

test('[Q4] a batch that undoes itself leaves the snapshot as it was', () => {
  const { collection, writer, apply } = open()
  const view = collection.view({ limit: 3 })
  const row = { n: 1 }
  apply(() => writer.put('a', row, stamp(1)))
  const before = view.snapshot()
  let calls = 0
  view.subscribe(() => calls++)
  apply(() => {
    writer.layer('a', () => ({ n: 2 }))
    writer.layer('a', undefined)
  })
  expect(view.snapshot()).toBe(before)
  expect(calls).toBe(0)
})

test('[R8] a view says whether it knows all that the source has', () => {
  const { collection, writer, apply } = open()
  const view = collection.view()
  const seen: boolean[] = []
  view.subscribe(({ complete }) => seen.push(complete))
  apply(() => writer.setComplete(true))
  apply(() => writer.setComplete(true))
  apply(() => writer.clear())
  expect(seen).toEqual([true, false])
})

test('[Q7] a window that is none is refused', () => {
  const { collection } = open()
  for (const query of [
    { limit: -1 },
    { limit: 1.5 },
    { offset: -1 },
    { offset: NaN },
    { offset: Infinity },
  ]) {
    expect(() => collection.view(query)).toThrow(/no window/)
  }
  expect(collection.view({ limit: 0 }).snapshot().rows).toEqual([])
})

test('[Q3] a closed view keeps its last snapshot and is told nothing', () => {
  const { collection, writer, apply } = open()
  const view = collection.view()
  const twin = collection.view()
  apply(() => writer.put('a', { n: 1 }, stamp(1)))
  view.close()
  view.close()
  const last = view.snapshot()
  apply(() => writer.put('b', { n: 1 }, stamp(2)))
  expect(view.snapshot()).toBe(last)
  expect(last.ids).toEqual(['a'])
  expect(twin.snapshot().ids).toEqual(['a', 'b'])
})

test('[Q3] a view that a listener closes is not told of the batch any more', () => {
  const { collection, writer, apply } = open()
  const [first, second] = [collection.view(), collection.view({ limit: 1 })]
  const totals = aggregate(collection, {}, { count: { op: 'count' } })
  const told: string[] = []
  first.subscribe(() => {
    told.push('first')
    second.close()
    totals.close()
  })
  second.subscribe(() => told.push('second'))
  totals.subscribe(() => told.push('totals'))
  apply(() => writer.put('a', { n: 1 }, stamp(1)))
  expect(told).toEqual(['first'])
})

test('[Q3] a batch applied by a listener is told after the one it heard of', () => {
  const { collection, writer, apply } = open()
  const view = collection.view()
  const totals: number[] = []
  view.subscribe(({ total }) => {
    totals.push(total)
    if (total < 3) apply(() => writer.put(`${total}`, { n: 1 }, stamp(total + 1)))
  })
  apply(() => writer.put('0', { n: 1 }, stamp(1)))
  expect(totals).toEqual([1, 2, 3])
})

test('[Q5] totals follow changes, layers, loads and removals', () => {
  const { collection, writer, apply } = open()
  const totals = aggregate(
    collection,
    { filter: { op: 'eq', field: 'open', value: true } },
    {
      count: { op: 'count' },
      sum: { op: 'sum', field: 'n' },
      min: { op: 'min', field: 'n' },
      max: { op: 'max', field: 'n' },
    },
  )
  expect(totals.snapshot().values).toEqual({ count: 0, sum: 0, min: null, max: null })
  apply(() =>
    writer.load(
      [
        ['a', { open: true, n: 0.1 }],
        ['b', { open: true, n: 0.2 }],
        ['c', { open: false, n: 9 }],
      ],
      stamp(1),
    ),
  )
  expect(totals.snapshot().values).toEqual({ count: 2, sum: 0.1 + 0.2, min: 0.1, max: 0.2 })
  const before = totals.snapshot()
  apply(() => writer.put('c', { open: false, n: 10 }, stamp(2)))
  expect(totals.snapshot()).toBe(before)
  apply(() => {
    writer.layer('c', (row) => ({ ...row, open: true }))
    writer.remove('a', stamp(3))
    writer.put('d', { open: true, n: null }, stamp(3))
  })
  expect(totals.snapshot().values).toEqual({ count: 3, sum: 10.2, min: 0.2, max: 10 })
  totals.close()
  apply(() => writer.clear())
  expect(totals.snapshot().values).toMatchObject({ count: 3 })
  expect(() => aggregate(collection, {}, fromJson('{"a":{"op":"avg"}}') as never)).toThrow(/avg/)
})

test('[R9] a bulk load equals the same puts one by one', () => {
  const entries = Array.from({ length: 700 }, (_, n): LoadEntry => [`r${(n * 7) % 500}`, { n: n % 13 }])
  const loaded = open()
  const put = open()
  const query = { order: [{ field: 'n', direction: 'desc' }], offset: 90, limit: 300 } as const
  const views = [loaded.collection.view(query), put.collection.view(query)]
  loaded.apply(() => loaded.writer.load(entries, stamp(1)), entries.length)
  for (const [id, row] of entries) put.apply(() => put.writer.put(id, row, stamp(1)))
  expect(views[0]?.snapshot().ids).toEqual(views[1]?.snapshot().ids)
  expect(loaded.collection.size).toBe(500)
})

test('[Q9] the work of a change does not grow with the collection', () => {
  const workAt = (size: number): number[] => {
    const { collection, writer, apply, work } = open()
    const view = collection.view({
      filter: { op: 'gt', field: 'n', value: size / 2 },
      order: [{ field: 'n', direction: 'desc' }],
      limit: 50,
    })
    const all = collection.view({ order: [{ field: 'n', direction: 'asc' }], offset: size / 3, limit: 20 })
    const total = aggregate(
      collection,
      {},
      { sum: { op: 'sum', field: 'n' }, max: { op: 'max', field: 'n' } },
    )
    apply(() =>
      writer.load(
        Array.from({ length: size }, (_, n): LoadEntry => [`r${n}`, { n }]),
        stamp(1),
      ),
    )
    const measure = (change: () => void): number => {
      view.snapshot()
      all.snapshot()
      work.rows = 0
      apply(change)
      view.snapshot()
      all.snapshot()
      total.snapshot()
      return work.rows
    }
    return [
      measure(() => writer.put('r1', { n: 2.5 }, stamp(2))),
      measure(() => writer.put(`r${size - 1}`, { n: 0 }, stamp(3))),
      measure(() => writer.layer('r5', () => ({ n: size + 1 }))),
      measure(() => writer.layer('r5', undefined)),
      measure(() => writer.remove(`r${size - 2}`, stamp(4))),
      measure(() => writer.put('new', { n: size }, stamp(5))),
      measure(() => void collection.get('r7')),
    ]
  }
  const [small, large] = [workAt(600), workAt(60_000)]
  for (const [at, rows] of large.entries()) expect(rows).toBeLessThanOrEqual((small[at] ?? 0) + 12)
  expect(Math.max(...large)).toBeLessThan(200)
})

test('[Q9] a result without a limit costs its changes, and is read again only where it changed', () => {
  const { collection, writer, apply, work } = open()
  const view = collection.view({ order: [{ field: 'n', direction: 'asc' }] })
  const entries = Array.from({ length: 20_000 }, (_, n): LoadEntry => [`r${n}`, { n }])
  apply(() => writer.load(entries, stamp(1)), entries.length)
  expect(view.snapshot().ids).toHaveLength(20_000)
  work.rows = 0
  for (let change = 1; change <= 50; change++)
    apply(() => writer.remove(`r${change * 300}`, stamp(1 + change)))
  expect(work.rows).toBeLessThan(50 * 40)
  expect(view.snapshot().ids).toHaveLength(19_950)
  work.rows = 0
  apply(() => writer.put('new', { n: 7.5 }, stamp(99)))
  expect(view.snapshot().ids.slice(7, 10)).toEqual(['r7', 'new', 'r8'])
  expect(work.rows).toBeLessThan(40)
})

test('[Q9] views of the same filter and order share one index', () => {
  const { collection, writer, apply, work } = open()
  const filter = { op: 'gt', field: 'n', value: 0 } as const
  const views = Array.from({ length: 20 }, (_, at) => collection.view({ filter, offset: at, limit: 5 }))
  apply(() => writer.put('a', { n: 1 }, stamp(1)))
  work.rows = 0
  apply(() => writer.put('b', { n: 0 }, stamp(2)))
  expect(work.rows).toBeLessThan(5)
  for (const view of views) view.close()
  apply(() => writer.put('c', { n: 1 }, stamp(3)))
  work.rows = 0
  apply(() => writer.put('d', { n: 1 }, stamp(4)))
  expect(work.rows).toBe(1)
})

test('[Q1] views that hold an index together are those whose filters and orders answer alike', () => {
  const { collection, writer, apply } = open({ price: 'decimal' })
  const values: Value[] = ['1', 1, true, null, '', [], {}, ['1'], decimal('1.50'), new Date(1), 'price']
  const filters = values.flatMap((value): Filter[] => [
    { op: 'eq', field: 'a', value },
    { op: 'neq', field: 'a', value },
    { op: 'gte', field: 'price', value },
    { op: 'not', filter: { op: 'in', field: 'a', values: [value, 1n] } },
  ])
  const queries = filters.flatMap((filter): Query[] => [
    { filter },
    { filter, order: [{ field: 'price', direction: 'desc' }] },
  ])
  const views = queries.map((query) => collection.view(query))
  apply(() => values.forEach((value, at) => writer.put(`r${at}`, { a: value, price: value }, stamp(1))))
  queries.forEach((query, at) => {
    const alone = open({ price: 'decimal' })
    alone.apply(() => alone.writer.load([...collection.entries()], stamp(1)))
    expect(views[at]?.snapshot().ids).toEqual(alone.collection.view(query).snapshot().ids)
  })
})

test('[V7] a value in a filter that is nested too deep equals nothing', () => {
  const { collection, writer, apply } = open()
  let value: Value = 1
  for (let level = 0; level < 100_000; level++) value = [value]
  const view = collection.view({ filter: { op: 'eq', field: 'a', value } })
  apply(() => writer.put('r', { a: [[1]] }, stamp(1)))
  expect(view.snapshot().ids).toEqual([])
})

function fromJson(text: string): Row {
  // Written in the tests above.
  return JSON.parse(text) as Row
}
