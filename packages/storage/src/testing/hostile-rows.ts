import { Tagged, datetime, decimal, duration, recordId, uuid, type Row, type Value } from '@freshet/core'
import { maxDepth } from '../storable.ts'

/** A row under a field name that assigning could not make. */
function rowWith(field: string, value: Value): Row {
  const row: Record<string, Value> = { id: 'r' }
  Object.defineProperty(row, field, { value, enumerable: true, configurable: true, writable: true })
  return row
}

function nested(levels: number): Value {
  let value: Value = 'bottom'
  for (let level = 0; level < levels; level++) value = level % 2 === 0 ? [value] : { down: value }
  return value
}

const loneSurrogates = ['\ud800', 'a\udc00b', '\udfff\ud800']

/** Rows that break naive encodings; every store gives each back exactly [ST8]. */
export const hostileRows: readonly { readonly title: string; readonly row: Row }[] = [
  { title: 'no fields', row: {} },
  { title: 'own __proto__ with a record', row: rowWith('__proto__', { polluted: true }) },
  { title: 'own __proto__ with a text', row: rowWith('__proto__', 'text') },
  { title: 'nested own __proto__', row: { id: 'r', inner: rowWith('__proto__', [1]) } },
  {
    title: 'names of Object.prototype',
    row: {
      constructor: 'a',
      hasOwnProperty: 'b',
      toString: null,
      valueOf: 1,
      toJSON: 'c',
      then: 'd',
      length: 3,
    },
  },
  { title: 'names like integers', row: { 10: 'a', 2: 'b', z: 'c', '-1': 'd', '01': 'e' } },
  { title: 'empty names and texts', row: { '': '', ' ': ' ', '\0': '\0', 'a\0b': 'a\0b' } },
  { title: '1 MB of ASCII', row: { text: 'x'.repeat(1_000_000) } },
  { title: '1 MB beyond ASCII', row: { text: 'ü€𝄞'.repeat(250_000) } },
  { title: '1 MB name', row: { ['n'.repeat(1_000_000)]: 1 } },
  { title: 'lone surrogates in values', row: { texts: loneSurrogates, one: '\ud83d' } },
  { title: 'lone surrogates in names', row: Object.fromEntries(loneSurrogates.map((name) => [name, name])) },
  { title: 'private and astral characters', row: { a: '\ue000\uffff\u{10ffff}', '\uffff': '\u{1f600}' } },
  {
    title: 'texts that look like escapes',
    row: { a: ['-0'], b: ['s', 'x'], c: { $tag: 'decimal' }, d: '\u{10000}' },
  },
  { title: 'NaN and infinities', row: { a: NaN, b: Infinity, c: -Infinity } },
  { title: 'minus zero', row: { a: -0, list: [-0, 0], inner: { b: -0 } } },
  {
    title: 'numbers at the edges',
    row: {
      a: 2 ** 53,
      b: -(2 ** 53) + 1,
      c: 5e-324,
      d: 1.7976931348623157e308,
      e: 0.1,
      f: 2 ** 31,
      g: -(2 ** 31) - 1,
    },
  },
  {
    title: 'bigints',
    row: { a: 2n ** 70n, b: -(2n ** 70n), c: 0n, d: 2n ** 64n - 1n, e: -(2n ** 64n), f: 2n ** 4000n, g: -1n },
  },
  {
    title: 'bytes',
    row: { a: new Uint8Array(0), b: new Uint8Array([0, 255, 128]), c: new Uint8Array(100_000).fill(7) },
  },
  { title: 'part of a buffer', row: { a: new Uint8Array([1, 2, 3, 4]).subarray(1, 3) } },
  {
    title: 'dates',
    row: {
      epoch: new Date(0),
      before: new Date(-1),
      first: new Date(-8.64e15),
      last: new Date(8.64e15),
      odd: new Date(8.64e15 - 1),
      now: new Date(1_700_000_000_123),
    },
  },
  {
    title: 'tagged values of every tag',
    row: {
      a: decimal('150.00'),
      b: uuid('0189d2b4-0000-7000-8000-000000000001'),
      c: recordId('client', 'a:b⟩"'),
      d: duration('1h30m'),
      e: datetime('2026-01-01T00:00:00.123456789Z'),
      f: new Tagged('decimal', 'not a number \ud800'),
      list: [decimal('-0.0'), { deep: uuid('A') }],
    },
  },
  { title: 'booleans and nulls', row: { a: true, b: false, c: null, d: [null, [null]], e: { f: null } } },
  { title: 'empty lists and records', row: { a: [], b: {}, c: [[], {}] } },
  { title: 'deep nesting', row: { deep: nested(maxDepth - 1) } },
  {
    title: '300 fields',
    row: Object.fromEntries(Array.from({ length: 300 }, (_, at) => [`field${at}`, at])),
  },
  { title: 'a list of 70,000', row: { list: Array.from({ length: 70_000 }, (_, at) => at) } },
]

/** Ids that break naive keys. */
export const hostileIds: readonly string[] = [
  '',
  ' ',
  '\0',
  'a\0b',
  'a',
  'a\u0001',
  '__proto__',
  'constructor',
  "'; DROP TABLE rows; --",
  '"quoted"',
  ...loneSurrogates,
  '\u{10000}',
  '\u{10ffff}',
  '\ue000',
  '\uffff',
  'ü',
  'x'.repeat(10_000),
]

/** Things TypeScript would refuse, but a careless driver hands over; each is a typed error [ST9]. */
export const unstorableRows: readonly { readonly title: string; readonly row: Row }[] = [
  { title: 'an invalid date', row: { at: new Date(NaN) } },
  { title: 'a nested invalid date', row: { list: [{ at: new Date(NaN) }] } },
  { title: 'undefined', row: { a: outsideTypes(undefined) } },
  { title: 'a hole in a list', row: { a: outsideTypes(new Array(2)) } },
  { title: 'a function', row: { a: outsideTypes(() => 1) } },
  { title: 'a symbol', row: { a: outsideTypes(Symbol('s')) } },
  { title: 'a Map', row: { a: outsideTypes(new Map()) } },
  { title: 'an instance of a class', row: { a: outsideTypes(new URL('http://127.0.0.1')) } },
  { title: 'a list in place of a record', row: notARecord([1]) },
  { title: 'a date in place of a record', row: notARecord(new Date(0)) },
  { title: 'null in place of a record', row: notARecord(null) },
  { title: 'too deep a nesting', row: { deep: nested(maxDepth * 2) } },
  { title: 'so deep that recursion would overflow', row: { deep: nested(100_000) } },
]

function outsideTypes(value: unknown): Value {
  // The point of these rows is what the types forbid.
  return value as Value
}

function notARecord(value: Value): Row {
  // As above.
  return value as Row
}
