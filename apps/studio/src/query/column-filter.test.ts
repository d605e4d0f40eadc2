import { compilePredicate, decimal, type Row } from '@freshet/core'
import { expect, test } from 'vitest'
import { readColumnFilter, rowContains } from './column-filter.ts'

const rows: readonly Row[] = [
  { name: 'Marty McFly', balance: decimal('150.00'), price: 120 },
  { name: 'Doc Brown', balance: decimal('500.5'), price: 199 },
  { name: 'Biff', balance: decimal('-50.25') },
]

function pricesAnd(typed: string): readonly unknown[] {
  const read = readColumnFilter(typed, 'price', 'int')
  if (read.kind !== 'condition') return [read.kind]
  const matches = compilePredicate(read.filter, { price: 'int' })
  return rows.filter((row) => matches(row)).map(({ name }) => name)
}

test('[SU2] signs compare by the type of the column', () => {
  expect(pricesAnd('>120')).toEqual(['Doc Brown'])
  expect(pricesAnd('>= 120')).toEqual(['Marty McFly', 'Doc Brown'])
  expect(pricesAnd('100..130')).toEqual(['Marty McFly'])
  expect(pricesAnd('!=120')).toEqual(['Doc Brown', 'Biff'])
  expect(pricesAnd('=')).toEqual(['Biff'])
})

test('[SU2] an operand that is none of the column is a mistake with words, not an empty result', () => {
  const read = readColumnFilter('>many', 'price', 'int')
  expect(read).toEqual({ kind: 'mistake', message: '"many" is not a whole number.' })
})

test('[SU2] anything else is looked for in the shown text', () => {
  expect(readColumnFilter('McF', 'name', 'text')).toEqual({ kind: 'contains', text: 'mcf' })
  expect(rows.filter((row) => rowContains(row, 'name', 'mcf'))).toHaveLength(1)
  expect(rows.filter((row) => rowContains(row, 'balance', '50.'))).toHaveLength(2)
  expect(rows.filter((row) => rowContains(row, 'price', '1'))).toHaveLength(2)
})
