import { decimal, type Row } from '@freshet/core'
import { asTable, tableSchema } from '@freshet/table'
import { createMemoryDatabase } from '@freshet/table/memory'
import { expect, test } from 'vitest'
import { rowFromJson, rowToJson } from './json-value.ts'
import { printTable, visible } from './print-table.ts'

const schema = tableSchema({
  columns: { name: 'text', price: 'int', balance: 'decimal', tags: 'array', extra: 'any' },
})
const table = asTable(createMemoryDatabase({ tables: { product: schema } }).master('product'))

test('[CL2] rows are aligned; absent is None, long is cut, nested is JSON', () => {
  const rows: readonly Row[] = [
    { id: 'a', name: 'Tart', price: 5, balance: decimal('1.50'), tags: ['x', 'y'] },
    { id: 'bb', name: 'x'.repeat(60), price: null, balance: decimal('-20') },
  ]
  expect(printTable(table, rows, false)).toMatchInlineSnapshot(`
    [
      "id  name                                      price  balance  tags",
      "--  ----------------------------------------  -----  -------  ---------",
      "a   Tart                                      5      1.50     ["x","y"]",
      "bb  xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…  None   -20      None",
    ]
  `)
})

test('[CL2] cells of another type than their column stand out, where colours are wanted', () => {
  const rows: readonly Row[] = [{ id: 'a', name: 'Tart', price: 'five', balance: 2 }]
  expect(printTable(table, rows, true)[2]).toContain('\u001b[48;5;224mfive')
  expect(printTable(table, rows, false).join('')).not.toContain('\u001b')
})

test('[CL15] what rows say never commands the terminal', () => {
  expect(visible('a\u001b[31mb\nc\u202ed\u0007')).toBe('a\\u001b[31mb⏎c\\u202ed\\u0007')
  const rows: readonly Row[] = [{ id: '\u001b]0;title\u0007', name: '\u001b[2J' }]
  expect(printTable(table, rows, false).join('')).not.toContain('\u001b')
})

test('[CL15] JSON keeps every digit, both ways', () => {
  const row = rowFromJson(
    schema,
    '{"price":9007199254740993,"balance":0.10000000000000000001,"extra":{"n":1e3,"__proto__":1}}',
  )
  expect(row['price']).toBe(9007199254740993n)
  expect(row['balance']).toEqual(decimal('0.10000000000000000001'))
  expect(rowToJson(row)).toBe(
    '{"price":9007199254740993,"balance":"0.10000000000000000001","extra":{"n":1000,"__proto__":1}}',
  )
  expect(rowToJson({ extra: new Uint8Array([1, 2]), price: Number.NaN, name: new Date(0) })).toBe(
    '{"extra":"AQI=","price":"NaN","name":"1970-01-01T00:00:00.000Z"}',
  )
  expect(() => rowFromJson(schema, '[1]')).toThrow(expect.objectContaining({ code: 'cli/bad-json' }))
})
