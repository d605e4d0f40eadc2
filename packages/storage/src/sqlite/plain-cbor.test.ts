import { datetime, decimal, type Row } from '@freshet/core'
import { Encoder } from 'cbor-x'
import { expect, test } from 'vitest'
import { hostileRows } from '../testing/hostile-rows.ts'
import { sameValue } from '../testing/same-value.ts'
import { encodePlainRow } from './plain-cbor.ts'
import { decodeRow, encodeRow, taggedTag } from './row-codec.ts'

const general = new Encoder({ useRecords: false, variableMapSize: true, tagUint8Array: false })

const lengths = [0, 1, 23, 24, 31, 32, 39, 40, 255, 256, 1_000, 5_000]
const numbers = [0, 23, 24, 255, 256, 65_535, 65_536, 2 ** 32 - 1, 2 ** 32, 0.1, 1e300, Infinity]
const plainRows: readonly Row[] = [
  { numbers: [...numbers, ...numbers.map((number) => (number === 0 ? -1 : -number))] },
  ...lengths.flatMap((length) =>
    ['a', 'ä', '€', '\0'].map((unit) => ({ text: unit.repeat(length), [unit.repeat(length)]: [true, null] })),
  ),
  ...[23, 24, 300].map((length) => ({ list: Array.from({ length }, (_, at) => at) })),
  ...[23, 24, 300].map((size) =>
    Object.fromEntries(Array.from({ length: size }, (_, at) => [`f${at}`, false])),
  ),
  { decimal: decimal('1.50'), inner: [{ at: datetime('2026-01-01T00:00:00.123456Z') }] },
]

test('[ST8] plain rows are written as a general encoder writes them', () => {
  for (const row of plainRows) {
    const encoded = encodePlainRow(row, taggedTag)
    if (encoded !== undefined) expect(Buffer.compare(encoded, general.encode(row))).toBe(0)
    // Of the longest only those of wide units are too large.
    else expect(JSON.stringify(row).length).toBeGreaterThan(5_000)
    expect(sameValue(decodeRow(encodeRow(row)), row)).toBe(true)
  }
})

test('[ST8] what would not come back exactly is left to others', () => {
  let plain = 0
  for (const { row } of hostileRows) {
    const encoded = encodePlainRow(row, taggedTag)
    if (encoded === undefined) continue
    plain += 1
    expect(sameValue(decodeRow(encoded), row)).toBe(true)
  }
  expect(plain).toBeGreaterThan(5)
  expect(plain).toBeLessThan(hostileRows.length)
})

test('[ST8] a row that has no room is written not at all', () => {
  const written = Array.from({ length: 100 }, (_, at) => {
    const row = { list: Array.from({ length: 16_300 + at }, () => null), last: 'x' }
    const encoded = encodePlainRow(row, taggedTag)
    return encoded !== undefined && sameValue(decodeRow(encoded), row)
  })
  expect(new Set(written.slice(0, 50))).toEqual(new Set([true]))
  expect(new Set(written.slice(-20))).toEqual(new Set([false]))
})
