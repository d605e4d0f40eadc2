import { decimal, recordId, valuesEqual, type ColumnType, type Value } from '@freshet/core'
import { expect, test } from 'vitest'
import { editText, readEdit } from './edit-text.ts'

const values: readonly (readonly [ColumnType, Value])[] = [
  ['text', ' kept as typed '],
  ['int', 42],
  ['int', 2n ** 60n],
  ['float', -0.5],
  ['decimal', decimal('150.00')],
  ['bool', false],
  ['datetime', new Date('2026-11-20T06:12:33.125Z')],
  ['recordId', recordId('client', 'marty')],
  ['object', { notes: 'late', limit: decimal('5.0'), since: new Date(0) }],
  ['array', [{ product: recordId('product', 'flux'), quantity: 3, big: 2n ** 60n }, null]],
]

test.each(values)('[SU5] an unedited %s is the same value again', (type, value) => {
  const edited = readEdit(editText(value, type), type)
  expect(edited.kind).toBe('set')
  if (edited.kind === 'set') expect(valuesEqual(edited.value, value, type)).toBe(true)
})

test('[SU5] what does not fit its column goes to the database as it was typed', () => {
  expect(readEdit('a dozen', 'int')).toEqual({ kind: 'set', value: 'a dozen' })
  expect(readEdit('{ broken', 'object')).toEqual({ kind: 'set', value: '{ broken' })
  expect(readEdit('maybe', 'bool')).toEqual({ kind: 'set', value: 'maybe' })
})

test('[SU5] an emptied field has no value, but for a text', () => {
  expect(readEdit(' ', 'decimal')).toEqual({ kind: 'unset' })
  expect(readEdit('', 'text')).toEqual({ kind: 'set', value: '' })
})
