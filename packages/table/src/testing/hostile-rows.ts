import { datetime, decimal, type Row, type Value } from '@freshet/core'

/** A row that is legal and unkind: kept exactly, or refused by a typed error. */
export type HostileRow = { readonly title: string; readonly row: Row }

/** Every driver keeps these exactly or refuses them; which it refuses, its own test says. */
export const hostileRows: readonly HostileRow[] = [
  // Parsed, because a literal would set the prototype.
  {
    title: 'fields named like prototype members',
    row: parsed('{"__proto__":"x","constructor":"y","toString":1}'),
  },
  { title: 'nested __proto__', row: { metadata: parsed('{"__proto__":{"polluted":true}}') } },
  { title: 'field name with quotes', row: { '"; DROP TABLE client; --`\'': 'x' } },
  { title: 'field name with a dot', row: { 'a.b': 1 } },
  { title: 'empty field name', row: { '': 1 } },
  { title: 'nested unkind field names', row: { metadata: { 'a.b': 1, '`': 2, $x: 3, 'line\nbreak': 4 } } },
  { title: '1 MB of text', row: { name: 'x'.repeat(1 << 20) } },
  { title: 'empty text', row: { name: '' } },
  {
    title: 'SurrealQL and SQL in text',
    row: { name: `'; DELETE client; DROP TABLE client; -- \${1} $name` },
  },
  { title: 'text that looks typed', row: { name: 'client:marty', email: '2026-01-01T00:00:00Z' } },
  { title: 'NUL in text', row: { name: 'a\0b' } },
  { title: 'invalid UTF-16 in text', row: { name: 'a\uD800b' } },
  { title: 'invalid UTF-16 in a field name', row: { metadata: { '\uDC00': 1 } } },
  { title: 'text that starts with a byte order mark', row: { name: '\uFEFFx' } },
  { title: 'a nested name that starts with a byte order mark', row: { metadata: { '\uFEFFx': 1 } } },
  { title: 'text beyond the basic plane', row: { name: '\u{1F9C1}\u{FFFF}\uFEFF' } },
  { title: 'NaN', row: { rating: NaN } },
  { title: 'infinities', row: { rating: -Infinity, extra: Infinity } },
  { title: 'negative zero', row: { rating: -0 } },
  { title: 'smallest number', row: { rating: 5e-324 } },
  { title: '2^53 + 1', row: { visits: 2n ** 53n + 1n } },
  { title: '-2^63', row: { visits: -(2n ** 63n) } },
  { title: '2^63', row: { visits: 2n ** 63n } },
  { title: '2^70', row: { visits: 2n ** 70n } },
  { title: 'a float of whole value', row: { rating: 3 } },
  { title: 'a large float of whole value', row: { rating: 1e300 } },
  { title: 'decimal of 28 digits', row: { balance: decimal('123456789012345678.1234567891') } },
  { title: 'decimal of 60 digits', row: { balance: decimal(`${'1234567890'.repeat(6)}.5`) } },
  { title: 'decimal with trailing zeros', row: { balance: decimal('150.00') } },
  { title: 'decimal with an exponent', row: { balance: decimal('1e400') } },
  { title: 'first and last Date', row: { born: new Date(-8.64e15), extra: new Date(8.64e15) } },
  { title: 'Date before Christ', row: { born: new Date('-000001-01-01T00:00:00.001Z') } },
  { title: 'datetime to the nanosecond', row: { born: datetime('2026-01-02T03:04:05.123456789Z') } },
  { title: 'empty bytes', row: { avatar: new Uint8Array(0) } },
  { title: 'all bytes', row: { avatar: Uint8Array.from({ length: 256 }, (_, index) => index) } },
  {
    title: 'types mixed and nested',
    row: { extra: [{ a: [new Date(0), [null, true], { b: decimal('0.10') }] }] },
  },
  { title: 'empty array and record', row: { tags: [], metadata: {} } },
  { title: 'nulls', row: { name: null, metadata: { a: null }, tags: [null] } },
  { title: 'nested 50 levels', row: { metadata: nested(50) } },
  { title: 'nested 10,000 levels', row: { metadata: nested(10_000) } },
  {
    title: '1,000 fields',
    row: { metadata: Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`f${i}`, i])) },
  },
]

/** What no driver may take: these are not values of a row. */
export const impossibleRows: readonly { readonly title: string; readonly row: unknown }[] = [
  { title: 'nothing', row: undefined },
  { title: 'null', row: null },
  { title: 'a text', row: 'text' },
  { title: 'undefined', row: { name: undefined } },
  { title: 'a function', row: { name: () => 1 } },
  { title: 'a symbol', row: { name: Symbol('x') } },
  { title: 'an invalid date', row: { born: new Date(NaN) } },
  { title: 'a Map', row: { metadata: new Map([['a', 1]]) } },
  { title: 'a record that contains itself', row: { metadata: cyclic() } },
  { title: 'an array', row: ['x'] },
]

/** Ids that a driver may mistake for something else. */
export const hostileIds: readonly string[] = [
  '__proto__',
  "' OR true --",
  '`; DELETE client; --`',
  'client:marty',
  '5',
  '5.0',
  'a/b|c%d',
  '⟨x⟩',
  '018f3c1e-0000-7000-8000-000000000000',
  '[1,2]',
  '{a:1}',
  'rand()',
  '..',
  ' ',
  'line\nbreak',
  '\u{1F9C1}',
  '~tilde',
]

function parsed(json: string): Row {
  // JSON.parse of a literal above: a record of strings and numbers.
  return JSON.parse(json) as Row
}

function nested(levels: number): Row {
  let row: Row = { leaf: 1 }
  for (let level = 1; level < levels; level++) row = { deeper: row }
  return row
}

function cyclic(): { readonly self: Value } {
  const record: { self: Value } = { self: null }
  record.self = record
  return record
}
