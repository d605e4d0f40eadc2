import { expect, test } from 'vitest'
import type { RowFact, StateBatch } from './batch.ts'
import { wholeTable } from './coverage.ts'
import { coverages } from './coverage-books.ts'
import { createIntake } from './intake.ts'
import { isEager } from './refetch.ts'
import { createReplica, type ReplicaOptions } from './replica.ts'
import { gone, put, touched } from './testing/facts.ts'
import { toyTable } from './testing/toy-table.ts'
import { createVirtualClock } from './testing/virtual-clock.ts'
import { sourceSide } from './source-side.ts'

function setUp(options: Partial<ReplicaOptions<RowFact>> = {}) {
  const lines: string[] = []
  const clock = createVirtualClock()
  const replica = createReplica({
    name: 'r',
    tables: [{ name: toyTable }, { name: 'others' }],
    coverages,
    clock,
    log: {
      enabled: () => true,
      write: (level, target, message) => lines.push(`${level} ${target} ${message}`),
    },
    ...options,
  })
  const push = (...facts: RowFact[]) => replica.apply({ kind: 'state', startedAt: 'live', facts })
  return { replica, rows: replica.collection(toyTable), push, lines, clock }
}

test('[A1] all tables are swapped before any listener runs, and each listener runs once per batch', () => {
  const { replica, rows, push } = setUp()
  const others = replica.collection('others')
  const seen: unknown[] = []
  rows.subscribe(({ ids }) => seen.push(['things', ids, rows.size, others.size]))
  others.subscribe(({ ids }) => seen.push(['others', ids, rows.size, others.size]))
  push(
    put('a', { n: 1 }),
    { kind: 'put', table: 'others', id: 'x', row: {} },
    put('b', { n: 1 }),
    put('a', { n: 2 }),
  )
  expect(seen).toEqual([
    ['things', ['a', 'b'], 2, 1],
    ['others', ['x'], 2, 1],
  ])
})

test('[A1] a batch that is refused leaves everything as it was', () => {
  const { replica, rows, push } = setUp({ maxRows: 3, intake: createIntake({ needsOf: () => [] }) })
  push(put('a', { n: 1 }))
  const before = { seq: replica.seq, checkpoint: replica.checkpoint }
  const refused: [Partial<StateBatch>, string][] = [
    [
      { facts: [put('b', { n: 1 }), { kind: 'put', table: 'nowhere', id: 'x', row: {} }] },
      'replica/unknown-table',
    ],
    [
      { facts: [put('b', { n: 1 })], covers: [{ table: 'nowhere', key: wholeTable, complete: true }] },
      'replica/unknown-table',
    ],
    [{ facts: [put('b', {}), put('c', {}), put('d', {})], checkpoint: 'c1' }, 'replica/too-many-rows'],
  ]
  for (const [batch, code] of refused) {
    const apply = () => replica.apply({ kind: 'state', startedAt: 'live', facts: [], ...batch })
    expect(apply).toThrow(expect.objectContaining({ code }))
    expect({ seq: replica.seq, checkpoint: replica.checkpoint }).toEqual(before)
    expect([...rows.entries()]).toEqual([['a', { n: 1 }]])
  }
  expect(() =>
    replica.addLayer({ operationId: 'o', table: 'nowhere', id: 'x', edit: { kind: 'delete' } }),
  ).toThrow(expect.objectContaining({ code: 'replica/unknown-table' }))
  expect(replica.overlay.size).toBe(0)
})

test('[A1] a reading is refused by a replica that keeps no account of readings, and says what to pass', () => {
  const { replica, rows } = setUp({ coverages: undefined })
  const reading: StateBatch = {
    kind: 'state',
    startedAt: 'live',
    facts: [put('a', { n: 1 })],
    covers: [{ table: toyTable, key: wholeTable, complete: true }],
  }
  expect(() => replica.apply(reading)).toThrow(
    expect.objectContaining({
      code: 'replica/no-coverages',
      message: expect.stringContaining('Pass it coverages'),
    }),
  )
  expect([...rows.entries(), replica.seq]).toEqual([0])
  replica.apply({ ...reading, covers: undefined })
  expect(rows.get('a')).toEqual({ n: 1 })
  expect([
    rows.complete,
    replica.coverages.get(toyTable, wholeTable),
    replica.coverages.ofTable(toyTable),
  ]).toEqual([false, undefined, []])
})

test('[A7] the row bound counts each new row once and held rows not at all', () => {
  const { rows, push } = setUp({ maxRows: 2 })
  push(put('a', { n: 1 }), put('a', { n: 2 }), put('b', { n: 1 }), put('b', { n: 2 }))
  push(put('a', { n: 3 }), gone('b'))
  push(put('c', { n: 1 }))
  expect([...rows.ids()]).toEqual(['a', 'c'])
  expect(() => push(put('d', { n: 1 }))).toThrow(/more than 2 rows/)
})

test('[A6] a listener that throws stops neither the others nor the batch, and is reported', () => {
  const { replica, rows, push, lines } = setUp()
  const seen: string[] = []
  rows.subscribe(() => {
    throw new Error('of the application')
  })
  rows.subscribe(() => seen.push('second'))
  replica.collection('others').subscribe(() => seen.push('third'))
  push(put('a', { n: 1 }), { kind: 'put', table: 'others', id: 'x', row: {} })
  expect(seen).toEqual(['second', 'third'])
  expect(lines).toEqual(['error freshet::listener of the application'])
})

test('[A6] what a listener applies is told behind the batch it answers', () => {
  const { rows, push } = setUp()
  const seen: unknown[] = []
  rows.subscribe(() => {
    if (rows.get('echo') === undefined) push(put('echo', { n: 1 }))
  })
  rows.subscribe(({ ids }) => seen.push(ids))
  push(put('a', { n: 1 }))
  expect(seen).toEqual([['a'], ['echo']])
  push(put('a', { n: 2 }))
  expect(seen).toEqual([['a'], ['echo'], ['a']])
})

test('[S7] absolute facts wait for their needs, with all later facts about the same rows', () => {
  const ready = new Set<string>()
  const { replica, rows, push } = setUp({
    intake: createIntake({
      needsOf: (fact) => (fact.kind === 'put' && 'schema' in fact.row ? ['schema:1'] : []),
      isReady: (need) => ready.has(need),
    }),
  })
  expect(push(put('a', { schema: 1 }), put('b', { n: 1 }))).toEqual({ kind: 'parked', needs: ['schema:1'] })
  expect(push(gone('a')).kind).toBe('parked')
  expect(push(put('c', { n: 1 })).kind).toBe('applied')
  expect([...rows.ids()]).toEqual(['c'])
  // A whole walk does not take away what is held back.
  sourceSide(replica).beginEpoch()
  ready.add('schema:1')
  expect(sourceSide(replica).retryDeferred()).toBe(2)
  expect([...rows.ids()].toSorted()).toEqual(['b', 'c'])
  expect(replica.status.get().pending).toEqual([])
})

test('[S7] a late batch that finds no room waits on, and what is not there yet is not taken away', () => {
  const ready = new Set<string>()
  const { replica, rows, push } = setUp({
    maxRows: 1,
    intake: createIntake({
      needsOf: (fact) => (fact.id === 'late' ? ['it'] : []),
      isReady: (need) => ready.has(need),
    }),
  })
  push(put('late', { n: 1 }))
  push(put('a', { n: 1 }))
  ready.add('it')
  expect(() => sourceSide(replica).retryDeferred()).toThrow(
    expect.objectContaining({ code: 'replica/too-many-rows' }),
  )
  push(gone('a'))
  expect(sourceSide(replica).retryDeferred()).toBe(1)
  expect(rows.get('late')).toEqual({ n: 1 })
})

test('[S7] [S4] what waited through a whole walk does not bring back what the walk found gone', () => {
  const ready = new Set<string>()
  const { replica, rows, push } = setUp({
    intake: createIntake({
      needsOf: (fact) => (fact.kind === 'put' && fact.row['waits'] ? ['it'] : []),
      isReady: (need) => ready.has(need),
    }),
  })
  const covers = [{ table: toyTable, key: wholeTable, complete: true }]
  push(put('held', { n: 1 }))
  // A push and a page of the connection before, which tell rows that are gone by the time of the next walk.
  push(put('pushed', { waits: true }))
  push(put('held', { waits: true }))
  const page = [put('paged', { n: 1 }), put('pushed', { n: 1 })]
  replica.apply({ kind: 'state', startedAt: replica.seq, facts: page })
  sourceSide(replica).beginEpoch()
  replica.apply({ kind: 'state', startedAt: replica.seq, facts: [put('other', { n: 1 })], covers })
  ready.add('it')
  expect(sourceSide(replica).retryDeferred()).toBe(3)
  expect([...rows.ids()].toSorted()).toEqual(['held', 'other'])
  // Whether they came back since, or never went, is asked.
  const wanted = replica.refetches.take(isEager).map(({ id }) => id)
  expect(wanted.toSorted()).toEqual(['held', 'paged', 'pushed'])
  replica.apply({
    kind: 'state',
    startedAt: replica.seq,
    facts: [gone('held'), gone('paged'), gone('pushed')],
  })
  expect([[...rows.ids()], replica.refetches.idle]).toEqual([['other'], true])
})

test('[S13] [S7] a page that waited for longer than its walk does not take back that the table is whole', () => {
  const ready = new Set<string>()
  const { replica, rows } = setUp({
    intake: createIntake({ needsOf: () => ['it'], isReady: (need) => ready.has(need) }),
  })
  const since = replica.seq
  const page = { table: toyTable, key: wholeTable, complete: false, next: 'a', since }
  replica.apply({ kind: 'state', startedAt: since, facts: [put('a', { n: 1 })], covers: [page] })
  ready.add('it')
  const end = { table: toyTable, key: wholeTable, complete: true, since }
  replica.apply({ kind: 'state', startedAt: since, facts: [put('b', { n: 1 })], covers: [end] })
  expect([[...rows.ids()], rows.complete]).toEqual([['b'], true])
  sourceSide(replica).retryDeferred()
  expect([[...rows.ids()].toSorted(), rows.complete]).toEqual([['a', 'b'], true])
})

test('[S7] pushes that waited are applied in their order, and a push behind them is newer', () => {
  const ready = new Set<string>()
  const { replica, rows, push } = setUp({
    intake: createIntake({
      needsOf: (fact) => (fact.kind === 'put' && fact.row['waits'] ? ['it'] : []),
      isReady: (need) => ready.has(need),
    }),
  })
  push(put('a', { waits: true }))
  push(put('a', { n: 2 }))
  push(put('a', { n: 3 }))
  ready.add('it')
  sourceSide(replica).retryDeferred()
  expect([rows.get('a'), replica.refetches.idle]).toEqual([{ n: 3 }, true])
})

test('[A4] a parked batch moves the checkpoint when it is parked, not when it is applied', () => {
  const ready = new Set<string>()
  const { replica } = setUp({
    intake: createIntake({
      needsOf: (fact) => (fact.id === 'late' ? ['it'] : []),
      isReady: (need) => ready.has(need),
    }),
  })
  replica.apply({ kind: 'state', startedAt: 'live', facts: [put('late', {})], checkpoint: 1 })
  expect(replica.checkpoint).toBe(1)
  replica.apply({ kind: 'state', startedAt: 'live', facts: [put('a', {})], checkpoint: 2 })
  ready.add('it')
  sourceSide(replica).retryDeferred()
  expect(replica.checkpoint).toBe(2)
})

test('[T7] a reset forgets rows, coverage, position and freshness, and keeps what the user did', () => {
  const { replica, rows, push } = setUp()
  replica.addLayer({ operationId: 'o', table: toyTable, id: 'a', edit: { kind: 'patch', set: { n: 9 } } })
  replica.apply({
    kind: 'state',
    startedAt: 'live',
    facts: [put('a', { n: 1 }), put('b', { n: 1 })],
    covers: [{ table: toyTable, key: wholeTable, complete: true }],
    checkpoint: 'c',
  })
  sourceSide(replica).markFresh()
  const view = rows.view()
  sourceSide(replica).reset()
  expect([rows.size, rows.complete, replica.checkpoint, replica.continuous]).toEqual([
    0,
    false,
    undefined,
    false,
  ])
  expect(replica.status.get().freshness.freshAtUnixMs).toBeUndefined()
  expect(view.snapshot().rows).toEqual([])
  push(put('a', { n: 2, m: 1 }))
  expect(rows.get('a')).toEqual({ n: 9, m: 1 })
})

test('[S6] a batch delivered twice has its effect once', () => {
  const { rows, push } = setUp()
  const facts = [put('a', { n: 1 }), gone('b'), touched('c')]
  push(...facts)
  const held = rows.get('a')
  expect(push(...facts)).toEqual({ kind: 'applied', changedRows: 0 })
  expect(rows.get('a')).toBe(held)
})

test('[R8] [Q3] a walk that saw no row tells views that this is all', () => {
  const { replica, rows } = setUp()
  const seen: boolean[] = []
  rows.view().subscribe(({ complete }) => seen.push(complete))
  const covers = [{ table: toyTable, key: wholeTable, complete: true }]
  replica.apply({ kind: 'state', startedAt: replica.seq, facts: [], covers })
  expect(seen).toEqual([true])
})
