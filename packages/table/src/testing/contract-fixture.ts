import { decimal, isRecord, recordId, Tagged, valuesEqual, type Row, type Value } from '@freshet/core'
import { expect } from 'vitest'
import { tableSchema } from '../master-schema.ts'
import type {
  Guard,
  GuardedWriteOptions,
  Master,
  MasterDatabase,
  MasterEntry,
  TableSchema,
} from '../master.ts'

/** The tables a driver's `open` must provide, empty. */
export const contractTables = {
  client: tableSchema({
    columns: {
      name: 'text',
      email: 'text',
      balance: 'decimal',
      paying: 'bool',
      visits: 'int',
      rating: 'float',
      born: 'datetime',
      avatar: 'bytes',
      token: 'uuid',
      bakery: 'recordId',
      waits: 'duration',
      metadata: 'object',
      tags: 'array',
      extra: 'any',
    },
    references: { orders: { kind: 'many', table: 'client_order', field: 'client' } },
  }),
  client_order: tableSchema({
    columns: { client: 'recordId', note: 'text' },
    references: { client: { kind: 'one', table: 'client', field: 'client' } },
  }),
} satisfies { [table: string]: TableSchema }

/** A fresh database with the contract's tables, empty. */
export type MasterUnderTest = {
  readonly database: MasterDatabase
  /** Releases all that `open` acquired, beyond the database itself. */
  close?(): Promise<void>
}

/** What each contract test works with. */
export type Fixture = {
  readonly database: MasterDatabase
  readonly client: Master
  readonly order: Master
}

export type RunWithFixture = (body: (fixture: Fixture) => Promise<void>) => () => Promise<void>

let operations = 0

/** Options of a write under an operation id of its own. */
export function op(expectValues?: Guard): GuardedWriteOptions & { readonly opId: string } {
  operations++
  return expectValues === undefined
    ? { opId: `op-${operations}` }
    : { opId: `op-${operations}`, expect: expectValues }
}

export const marty: Row = {
  name: 'Marty McFly',
  email: 'marty@gmail.com',
  balance: decimal('150.00'),
  paying: true,
  visits: 3,
}
export const doc: Row = {
  name: 'Doc Brown',
  email: 'doc@brown.com',
  balance: decimal('500.50'),
  paying: true,
  visits: 12,
}
export const biff: Row = {
  name: 'Biff Tannen',
  email: 'biff-3293@hotmail.com',
  balance: decimal('-50.25'),
  paying: false,
  visits: 1,
  metadata: { notes: 'Often late with payments', credit_limit: 500 },
}

/** Marty, Doc and Biff, and one order of Marty's and one of Doc's. */
export async function seed({ client, order }: Fixture): Promise<void> {
  await client.insert('marty', marty, op())
  await client.insert('doc', doc, op())
  await client.insert('biff', biff, op())
  await order.insert('order1', { client: recordId('client', 'marty'), note: 'cupcakes' }, op())
  await order.insert('order2', { client: recordId('client', 'doc'), note: 'a tart' }, op())
}

export async function rowOf(master: Master, id: string): Promise<Row | undefined> {
  const [entry] = await master.get([id])
  return entry?.[1]
}

export function idsOf(entries: readonly MasterEntry[]): string[] {
  return entries.map(([id]) => id)
}

/** Asserts that a row read under this id is exactly the row written under it. */
export function expectRow(master: Master, id: string, actual: Row | null | undefined, written: Row): void {
  const { absent } = master.capabilities
  const expected = { [master.schema.idField]: id, ...written }
  if (actual !== null && actual !== undefined && sameFields(actual, expected, absent)) return
  expect(actual).toStrictEqual(expected)
}

/**
 * Whether two values are the same: of one kind, and canonically equal.
 *
 * Stricter than `valuesEqual` in that a text never passes for a decimal; no
 * stricter in that `150.00` is the decimal `150`, and `5n` the number `5`.
 */
function same(a: Value, b: Value): boolean {
  if (a instanceof Tagged && b instanceof Tagged) return a.tag === b.tag && valuesEqual(a, b)
  if (isList(a) && isList(b)) {
    return a.length === b.length && a.every((item, index) => same(item, b[index] ?? null))
  }
  if (isRecord(a) && isRecord(b)) return sameFields(a, b, true)
  if (typeof a === 'object' && typeof b === 'object')
    return a?.constructor === b?.constructor && valuesEqual(a, b)
  if (typeof a === 'object' || typeof b === 'object') return false
  return isNumber(a) === isNumber(b) && valuesEqual(a, b)
}

function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value)
}

function isNumber(value: Value): boolean {
  return typeof value === 'number' || typeof value === 'bigint'
}

/** The fields of two rows; where the master cannot tell, `null` is the same as absent. */
function sameFields(a: Row, b: Row, absent: boolean): boolean {
  const [left, right] = [a, b].map(
    (row) => new Map(Object.entries(row).filter(([, value]) => absent || value !== null)),
  )
  if (left === undefined || right === undefined || left.size !== right.size) return false
  return [...left].every(([field, value]) => {
    const other = right.get(field)
    return other !== undefined && same(value, other)
  })
}

/** The code of a typed error; any other error as it is. */
export function codeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : error
}
