import {
  compileField,
  type Commit,
  type Row,
  type StoreIndex,
  type StoreRange,
  type StoreRecord,
  type StoreTable,
  type Value,
} from '@freshet/core'
import { compareText } from '../order-key.ts'
import { storageOrder } from './storage-order.ts'

/** What a store must hold, kept in the plainest way: the oracle of the property test. */
export type ModelStore = {
  commit(commit: Commit): void
  append(table: string, id: string, value: Row): void
  records(table: string): StoreRecord[]
  range(table: string, range: StoreRange): StoreRecord[]
}

export function createModelStore(tables: readonly StoreTable[]): ModelStore {
  const rows = new Map(tables.map((table) => [table.name, new Map<string, Row>()]))
  const tableOf = (name: string): Map<string, Row> => rows.get(name) ?? new Map<string, Row>()
  const recordsOf = (name: string): StoreRecord[] =>
    [...tableOf(name)].map(([id, value]) => ({ id, value })).toSorted((a, b) => compareText(a.id, b.id))

  return {
    commit({ writes, clear = [] }) {
      for (const name of clear) tableOf(name).clear()
      for (const { table, id, value } of writes) {
        if (value === undefined) tableOf(table).delete(id)
        else tableOf(table).set(id, value)
      }
    },
    append(table, id, value) {
      tableOf(table).set(id, value)
    },
    records: recordsOf,
    range(name, range) {
      const index = tables
        .find((table) => table.name === name)
        ?.indexes?.find((each) => each.name === range.index)
      const keyOf = (record: StoreRecord): Value[] => keyIn(index, record)
      // Ids sort by unit, what is in a field as the kernel orders values.
      const compare = index === undefined ? compareIds : storageOrder
      const order = (a: StoreRecord, b: StoreRecord): number => compareKeys(keyOf(a), keyOf(b), compare)
      const found = recordsOf(name).filter((record) => isWithin(keyOf(record), range, compare))
      // Sorting is stable, so records of one key stay in id order in both directions.
      const sorted = found.toSorted((a, b) => (range.reverse === true ? order(b, a) : order(a, b)))
      return sorted.slice(0, range.limit)
    },
  }
}

function keyIn(index: StoreIndex | undefined, { id, value }: StoreRecord): Value[] {
  return index === undefined ? [id] : index.fields.map((field) => compileField(field)(value) ?? null)
}

/** Bounds shorter than the key say something of its first fields only. */
function isWithin(key: readonly Value[], range: StoreRange, compare: Compare): boolean {
  const { lower, upper, lowerInclusive = true, upperInclusive = true } = range
  const fromLower =
    lower === undefined || lower.length === 0
      ? Infinity
      : compareKeys(key.slice(0, lower.length), lower, compare)
  const fromUpper =
    upper === undefined || upper.length === 0
      ? -Infinity
      : compareKeys(key.slice(0, upper.length), upper, compare)
  return (
    (lowerInclusive ? fromLower >= 0 : fromLower > 0) && (upperInclusive ? fromUpper <= 0 : fromUpper < 0)
  )
}

function compareKeys(a: readonly Value[], b: readonly Value[], compare: Compare): number {
  for (const [at, value] of a.entries()) {
    const order = compare(value, b[at] ?? null)
    if (order !== 0) return order
  }
  return 0
}

type Compare = (a: Value, b: Value) => number

function compareIds(a: Value, b: Value): number {
  return typeof a === 'string' && typeof b === 'string' ? compareText(a, b) : 0
}
