import fc from 'fast-check'
import { patchRow, type Row } from '@freshet/core'
import { expect, test } from 'vitest'
import { guardHolds } from './guard.ts'
import { tableSchema } from './master-schema.ts'
import { mergeRequests } from './merge-writes.ts'
import type { RowRequest } from './write-request.ts'

const schema = tableSchema({ columns: { a: 'int', b: 'int' } })
const id = 'x'
const patch = (set: Row, expect?: Row, unset: readonly string[] = []): RowRequest => {
  return { op: 'patch', id, set, unset, expect }
}
const insert = (row: Row): RowRequest => ({ op: 'insert', id, row })
const remove = (expect?: Row): RowRequest => ({ op: 'delete', id, expect })

const merges: readonly [string, RowRequest, RowRequest, RowRequest | 'nothing'][] = [
  ['patch and patch', patch({ a: 1 }), patch({ b: 2 }), patch({ a: 1, b: 2 })],
  [
    'a field set and taken away',
    patch({ a: 1, b: 1 }),
    patch({}, undefined, ['a']),
    patch({ b: 1 }, undefined, ['a']),
  ],
  ['a field taken away and set', patch({}, undefined, ['a']), patch({ a: 2 }), patch({ a: 2 })],
  ['a guard moved through', patch({ a: 1 }, { a: 0 }), patch({ a: 2 }, { a: 1 }), patch({ a: 2 }, { a: 0 })],
  ['insert and patch', insert({ a: 1 }), patch({ b: 2 }, { a: 1 }), insert({ a: 1, b: 2 })],
  ['patch and delete', patch({ a: 1 }), remove(), remove()],
  ['replace and delete', { op: 'replace', id, row: { a: 1 }, expect: undefined }, remove(), remove()],
  ['guarded patch and delete', patch({ a: 1 }, { a: 0 }), remove({ a: 1 }), remove({ a: 0 })],
  ['delete and delete', remove(), remove(), remove()],
  ['insert and delete', insert({ a: 1 }), remove(), 'nothing'],
  ['insert and guarded delete', insert({ a: 1 }), remove({ a: 1 }), 'nothing'],
]

test.each(merges)('[LT39] unsent, %s become one', (_what, first, next, merged) => {
  expect(mergeRequests(first, next, schema)).toEqual(merged)
})

const apart: readonly [string, RowRequest, RowRequest][] = [
  ['one guarded, one not', patch({ a: 1 }, { a: 0 }), patch({ a: 2 })],
  ['one not guarded, one guarded', patch({ a: 1 }), patch({ a: 2 }, { a: 1 })],
  ['guards of different fields', patch({ a: 1 }, { a: 0 }), patch({ b: 1 }, { b: 0 })],
  ['a guard of what the first does not leave', patch({ a: 1 }, { a: 0 }), patch({ a: 2 }, { a: 5 })],
  ['a guarded patch and a forced delete', patch({ a: 1 }, { a: 0 }), remove()],
  ['a patch that the insert contradicts', insert({ a: 1 }), patch({ a: 3 }, { a: 2 })],
  ['patch and insert', patch({ a: 1 }), insert({ a: 1 })],
  ['delete and insert', remove(), insert({ a: 1 })],
  ['replace and patch', { op: 'replace', id, row: { a: 1 }, expect: undefined }, patch({ b: 1 })],
]

test.each(apart)('[LT39] %s stay apart', (_what, first, next) => {
  expect(mergeRequests(first, next, schema)).toBeUndefined()
})

test('[LT39] whatever the row is, what two merge to does what both do, or what neither does', () => {
  const value = fc.integer({ min: 0, max: 2 })
  const fields = fc.record({ a: value, b: value }, { requiredKeys: [] })
  const guard = fc.option(fields, { nil: undefined })
  const request: fc.Arbitrary<RowRequest> = fc.oneof(
    fc.record({ op: fc.constant('insert' as const), id: fc.constant(id), row: fields }),
    fc.record({ op: fc.constant('replace' as const), id: fc.constant(id), row: fields, expect: guard }),
    fc
      .record({ set: fields, gone: fc.subarray(['a', 'b']), expect: guard })
      .map(({ set, gone, expect: before }) =>
        patch(
          set,
          before,
          gone.filter((field) => !(field in set)),
        ),
      ),
    guard.map((before) => remove(before)),
  )
  const stored = fc.option(fc.record({ id: fc.constant(id), a: value, b: value }, { requiredKeys: ['id'] }), {
    nil: undefined,
  })
  fc.assert(
    fc.property(stored, request, request, (row: Row | undefined, first, next) => {
      const merged = mergeRequests(first, next, schema)
      if (!merged) return
      const afterFirst = applied(row, first)
      const apartEnd = afterFirst.held ? applied(afterFirst.row, next) : afterFirst
      // An insert that finds a row is the exception that C.4 makes: its row is not there, and neither is the rest.
      if (first.op === 'insert' && row) return
      // Nothing is left to patch or to delete: that the row is gone is what was wanted.
      if (!row && next.op === 'delete') return
      const together = merged === 'nothing' ? { held: true, row } : applied(row, merged)
      expect(together.held).toBe(apartEnd.held)
      if (together.held) expect(together.row).toEqual(apartEnd.row)
    }),
    { numRuns: 2_000 },
  )
})

/** What a write makes of a stored row, and whether its guard held. */
function applied(row: Row | undefined, request: RowRequest): { held: boolean; row: Row | undefined } {
  switch (request.op) {
    case 'insert':
      return { held: true, row: row ?? { id, ...request.row } }
    case 'replace':
      if (!guardHolds(request.expect, row, schema)) return { held: false, row }
      return { held: true, row: { id, ...request.row } }
    case 'patch':
      if (!row || !guardHolds(request.expect, row, schema)) return { held: false, row }
      return { held: true, row: patchRow(row, request.set, request.unset) }
    case 'delete':
      if (row && !guardHolds(request.expect, row, schema)) return { held: false, row }
      return { held: true, row: undefined }
  }
}
