import { expect, test } from 'vitest'
import type { LogBatch, Position } from './batch.ts'
import { createIntake, type IntakeOptions } from './intake.ts'
import { createReplica } from './replica.ts'
import { toyProjection, type ToyLog } from './testing/toy-chain.ts'
import { toyTable } from './testing/toy-table.ts'
import { sourceSide } from './source-side.ts'

function setUp(options: Partial<IntakeOptions<ToyLog>> & { readonly maxRows?: number } = {}) {
  const { maxRows, ...rest } = options
  const ready = new Set<string>()
  const replica = createReplica<ToyLog>({
    name: 'r',
    tables: [{ name: toyTable }],
    maxRows,
    intake: createIntake({
      projection: toyProjection,
      isReady: (need) => ready.has(need),
      keepPositions: 10,
      ...rest,
    }),
  })
  return {
    replica,
    rows: replica.collection(toyTable),
    apply: (batch: Partial<LogBatch<ToyLog>> & { after: Position; upTo: Position }) =>
      replica.apply({ kind: 'log', facts: [], ...batch }),
    makeReady(need: string) {
      ready.add(need)
      return sourceSide(replica).retryDeferred()
    },
  }
}

const add = (account: string, amount: number, need?: string): ToyLog => ({ account, op: 'add', amount, need })
const double = (account: string, need?: string): ToyLog => ({ account, op: 'double', amount: 0, need })

test('[A5] a stretch that was applied is not applied again, one that does not follow is a gap', () => {
  const { replica, rows, apply } = setUp()
  expect(apply({ after: -1, upTo: 4, facts: [add('a', 5)] })).toEqual({ kind: 'applied', changedRows: 1 })
  expect(apply({ after: -1, upTo: 4, facts: [add('a', 5)] })).toEqual({ kind: 'covered' })
  expect(apply({ after: 1, upTo: 3, facts: [add('a', 5)] })).toEqual({ kind: 'covered' })
  expect(apply({ after: 5, upTo: 6, facts: [add('a', 5)] })).toEqual({ kind: 'gap', position: 4 })
  expect(apply({ after: 3, upTo: 6, facts: [add('a', 5)] })).toEqual({ kind: 'gap', position: 4 })
  expect(rows.get('a')).toEqual({ value: 5, touches: 1 })
  expect(replica.position).toBe(4)
})

test('[A3] a rewind undoes what lies after it and applies what replaces it, as one change', () => {
  const { replica, rows, apply } = setUp()
  apply({ after: -1, upTo: 0, facts: [add('a', 1)] })
  apply({ after: 0, upTo: 1, facts: [add('a', 10), add('b', 10)] })
  apply({ after: 1, upTo: 2, facts: [double('a')] })
  const seen: unknown[] = []
  rows.subscribe(() => seen.push([...rows.entries()]))
  const outcome = apply({ after: 0, upTo: 1, rewindTo: 0, facts: [add('a', 100), add('c', 1)] })
  expect(outcome.kind).toBe('applied')
  expect(seen).toEqual([
    [
      ['a', { value: 101, touches: 2 }],
      ['c', { value: 1, touches: 1 }],
    ],
  ])
  expect(replica.position).toBe(1)
  expect(apply({ after: 1, upTo: 2, facts: [] }).kind).toBe('applied')
})

test('[A3] a rewind into the middle of a stretch names the kept position before it', () => {
  const { rows, apply } = setUp()
  apply({ after: -1, upTo: 2, facts: [add('a', 1)] })
  apply({ after: 2, upTo: 5, facts: [add('a', 10)] })
  expect(apply({ after: 4, upTo: 5, rewindTo: 4, facts: [] })).toEqual({ kind: 'gap', position: 2 })
  expect(rows.get('a')).toEqual({ value: 11, touches: 2 })
  expect(apply({ after: 2, upTo: 6, rewindTo: 2, facts: [add('a', 3)] }).kind).toBe('applied')
  expect(rows.get('a')).toEqual({ value: 4, touches: 2 })
})

test('[A3] a rewind behind what is kept, or behind what is final, asks for a reset', () => {
  const { replica, rows, apply } = setUp({ keepPositions: 2 })
  for (let position = 0; position < 6; position++) {
    apply({ after: position - 1, upTo: position, facts: [add('a', 1)] })
  }
  expect(apply({ after: 1, upTo: 2, rewindTo: 1 })).toEqual({ kind: 'beyond-history', oldest: 3 })
  expect(rows.get('a')).toEqual({ value: 6, touches: 6 })
  apply({ after: 5, upTo: 6, finalizedTo: 5 })
  expect(apply({ after: 4, upTo: 5, rewindTo: 4 })).toEqual({ kind: 'beyond-history', oldest: 5 })
  sourceSide(replica).reset()
  expect([replica.position, rows.size, sourceSide(replica).resume().marks]).toEqual([-1, 0, []])
  expect(apply({ after: -1, upTo: 7, facts: [add('a', 2)] }).kind).toBe('applied')
})

test('[S8] the marks of the kept positions are given back, newest first', () => {
  const { replica, apply } = setUp({ keepPositions: 2 })
  for (let position = 0; position < 5; position++)
    apply({ after: position - 1, upTo: position, mark: `#${position}` })
  expect(sourceSide(replica).resume()).toMatchObject({
    position: 4,
    marks: [
      { position: 4, mark: '#4' },
      { position: 3, mark: '#3' },
    ],
  })
})

test('[S7] [A4] [P3] a batch that waits counts as received, holds back its keys and shows as pending', () => {
  const { replica, rows, apply, makeReady } = setUp()
  expect(apply({ after: -1, upTo: 0, facts: [add('a', 1, 'code:a')] })).toEqual({
    kind: 'parked',
    needs: ['code:a'],
  })
  expect(replica.position).toBe(0)
  expect(replica.status.get().pending).toEqual(['code:a'])
  expect(apply({ after: 0, upTo: 1, facts: [double('a'), add('b', 1)] }).kind).toBe('parked')
  expect(apply({ after: 1, upTo: 2, facts: [double('b')] }).kind).toBe('parked')
  expect(apply({ after: 2, upTo: 3, facts: [add('c', 1)] }).kind).toBe('applied')
  expect([...rows.ids()]).toEqual(['c'])
  expect(makeReady('code:a')).toBe(3)
  expect(rows.get('a')).toEqual({ value: 2, touches: 2 })
  expect(rows.get('b')).toEqual({ value: 2, touches: 2 })
  expect(replica.status.get().pending).toEqual([])
  expect(replica.position).toBe(3)
})

test('[A3] a rewind drops what waits after it and applies again what was late before it', () => {
  const { replica, rows, apply, makeReady } = setUp()
  apply({ after: -1, upTo: 0, facts: [add('a', 1, 'code:a')] })
  apply({ after: 0, upTo: 1, facts: [add('b', 1)] })
  apply({ after: 1, upTo: 2, facts: [add('c', 1, 'code:c')] })
  makeReady('code:a')
  expect(rows.get('a')).toEqual({ value: 1, touches: 1 })
  // The late application of position 0 came after position 1, which is undone.
  apply({ after: 0, upTo: 1, rewindTo: 0, facts: [double('a')] })
  expect(rows.get('a')).toEqual({ value: 2, touches: 2 })
  expect(rows.get('b')).toBeUndefined()
  expect(replica.status.get().pending).toEqual([])
  expect(makeReady('code:c')).toBe(0)
  expect(rows.get('c')).toBeUndefined()
})

test('[A4] a late batch moves neither position nor checkpoint', () => {
  const { replica, apply, makeReady } = setUp()
  apply({ after: -1, upTo: 0, facts: [add('a', 1, 'code:a')], checkpoint: 'c0' })
  expect(replica.checkpoint).toBe('c0')
  apply({ after: 0, upTo: 1, facts: [add('b', 1)], checkpoint: 'c1' })
  makeReady('code:a')
  expect([replica.position, replica.checkpoint]).toEqual([1, 'c1'])
})

test('[S6] [A1] a projection that throws leaves everything as it was', () => {
  const { replica, rows, apply, makeReady } = setUp({
    projection: {
      ...toyProjection,
      apply(draft, facts) {
        toyProjection.apply(draft, facts)
        if (facts.some(({ amount }) => amount === 666)) throw new RangeError('impossible log')
      },
    },
  })
  apply({ after: -1, upTo: 0, facts: [add('a', 1)] })
  apply({ after: 0, upTo: 1, facts: [add('a', 2)] })
  const before = { seq: replica.seq, position: replica.position, row: rows.get('a') }
  for (const rewindTo of [undefined, 0]) {
    const after = rewindTo ?? 1
    expect(() => apply({ after, upTo: after + 1, rewindTo, facts: [add('a', 5), add('z', 666)] })).toThrow(
      /impossible log/,
    )
    expect({ seq: replica.seq, position: replica.position, row: rows.get('a') }).toEqual(before)
  }
  expect(rows.size).toBe(1)
  // Undo is as it was: a rewind over both goes back to the first.
  apply({ after: 0, upTo: 1, rewindTo: 0 })
  expect(rows.get('a')).toEqual({ value: 1, touches: 1 })

  apply({ after: 1, upTo: 2, facts: [add('a', 666, 'code:a')] })
  expect(() => makeReady('code:a')).toThrow(expect.objectContaining({ code: 'replica/refused-facts' }))
  expect(replica.status.get().pending).toEqual(['code:a'])
})

test('[R9] [A7] a log batch that would pass the row bound is refused whole', () => {
  const { replica, rows, apply } = setUp({ maxRows: 2 })
  apply({ after: -1, upTo: 0, facts: [add('a', 1), add('b', 1)] })
  expect(() => apply({ after: 0, upTo: 1, facts: [add('a', 1), add('c', 1)] })).toThrow(
    expect.objectContaining({ code: 'replica/too-many-rows' }),
  )
  expect(replica.position).toBe(0)
  expect(rows.get('a')).toEqual({ value: 1, touches: 1 })
  expect(apply({ after: 0, upTo: 1, facts: [add('a', 1)] }).kind).toBe('applied')
})

test('[A1] a log batch without a projection is a usage error', () => {
  const { apply } = setUp({ projection: undefined })
  expect(() => apply({ after: -1, upTo: 0 })).toThrow(
    expect.objectContaining({ code: 'replica/no-projection', kind: 'usage' }),
  )
})

test('[S12] at the head of its log a replica knows its tables whole, but for what waits', () => {
  const { replica, rows, apply, makeReady } = setUp()
  const view = rows.view()
  const seen: boolean[] = []
  view.subscribe(({ complete }) => seen.push(complete))
  apply({ after: -1, upTo: 0, facts: [add('a', 1)] })
  expect([rows.complete, rows.lookup('b').kind]).toEqual([false, 'unknown'])
  sourceSide(replica).reachedHead()
  expect([rows.complete, rows.lookup('b').kind]).toEqual([true, 'absent'])
  apply({ after: 0, upTo: 1, facts: [add('b', 1, 'code:b')] })
  expect(rows.complete).toBe(false)
  apply({ after: 1, upTo: 2, facts: [add('a', 1)] })
  expect(rows.complete).toBe(false)
  makeReady('code:b')
  expect([rows.complete, rows.get('b')]).toEqual([true, { value: 1, touches: 1 }])
  apply({ after: 2, upTo: 3, rewindTo: 2, facts: [add('c', 1)] })
  expect(rows.complete).toBe(true)
  // Each batch told a view once, its completeness with its rows.
  expect(seen).toEqual([false, true, false, false, true, true])
  sourceSide(replica).reset()
  expect([rows.complete, replica.coverages.get(toyTable, 'all')]).toEqual([false, undefined])
  apply({ after: -1, upTo: 0, facts: [add('a', 1)] })
  expect(rows.complete).toBe(false)
})

test('[S12] what waits when the head is reached keeps its tables open', () => {
  const { replica, rows, apply, makeReady } = setUp()
  apply({ after: -1, upTo: 0, facts: [add('a', 1, 'code:a')] })
  sourceSide(replica).reachedHead()
  expect(rows.complete).toBe(false)
  makeReady('code:a')
  expect(rows.complete).toBe(true)
})
