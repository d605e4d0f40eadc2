import { ExactSum } from '../exact-sum.ts'
import { valuesEqual } from '../value-equality.ts'
import { isRecord, Tagged, type Row, type Value } from '../value.ts'
import type { Maybe, MergePolicy } from './merge-field.ts'
import { mergeText } from './merge-text.ts'

/**
 * How a column's contradicting changes may be merged without asking [E5].
 *
 * - `atomic` (default): never; the person chooses.
 * - `merge`: a record, by its fields, nested ones too; a field both changed is a conflict of the whole.
 * - `counter`: a number; both changes add up.
 * - `set`: a list without order or repetition; both sides' additions and removals happen.
 * - `text3`: a text, by lines; lines both changed differently are a conflict of the whole.
 * - `remoteWins`, `localWins`: without asking.
 *
 * A function merges in its own way.
 */
export type ColumnPolicy =
  | 'atomic'
  | 'merge'
  | 'counter'
  | 'set'
  | 'text3'
  | 'remoteWins'
  | 'localWins'
  | MergePolicy

export function mergePolicy(policy: ColumnPolicy): MergePolicy | undefined {
  if (typeof policy === 'function') return policy
  switch (policy) {
    case 'atomic':
      return undefined
    case 'merge':
      return mergeRecords
    case 'counter':
      return mergeCounters
    case 'set':
      return mergeSets
    case 'text3':
      return mergeTexts
    case 'remoteWins':
      return (_base, _local, remote) => ({ value: remote })
    case 'localWins':
      return (_base, local) => ({ value: local })
  }
}

/** Both changes added to the base: `remote + (local - base)`, exactly. */
function mergeCounters(base: Maybe, local: Maybe, remote: Maybe): { value: Value } | undefined {
  if (![base, local, remote].every(isCount)) return undefined
  const sum = new ExactSum()
  sum.add(remote)
  sum.add(local)
  sum.remove(base)
  return { value: sum.value() }
}

function isCount(value: Maybe): boolean {
  return (
    typeof value === 'number' ||
    typeof value === 'bigint' ||
    (value instanceof Tagged && value.tag === 'decimal')
  )
}

function mergeSets(base: Maybe, local: Maybe, remote: Maybe): { value: Value } | undefined {
  const [was, mine, theirs] = [base ?? [], local, remote]
  if (!isList(was) || !isList(mine) || !isList(theirs)) return undefined
  const has = (list: readonly Value[], item: Value): boolean => list.some((other) => valuesEqual(other, item))
  const kept = theirs.filter((item) => !has(was, item) || has(mine, item))
  return { value: [...kept, ...mine.filter((item) => !has(was, item) && !has(kept, item))] }
}

function mergeTexts(base: Maybe, local: Maybe, remote: Maybe): { value: string } | undefined {
  const was = base ?? ''
  if (typeof was !== 'string' || typeof local !== 'string' || typeof remote !== 'string') return undefined
  const value = mergeText(was, local, remote)
  return value === undefined ? undefined : { value }
}

function mergeRecords(base: Maybe, local: Maybe, remote: Maybe): { value: Row } | undefined {
  if (base === undefined) base = {}
  if (!isRecord(base) || !isRecord(local) || !isRecord(remote)) return undefined
  const entries: [string, Value][] = []
  for (const field of new Set([...Object.keys(base), ...Object.keys(local), ...Object.keys(remote)])) {
    const merged = mergeMember(own(base, field), own(local, field), own(remote, field))
    if (!merged) return undefined
    if (merged.value !== undefined) entries.push([field, merged.value])
  }
  return { value: Object.fromEntries(entries) }
}

function mergeMember(base: Maybe, local: Maybe, remote: Maybe): { value: Maybe } | undefined {
  if (valuesEqual(local, base)) return { value: remote }
  if (valuesEqual(remote, base) || valuesEqual(local, remote)) return { value: local }
  return mergeRecords(base, local, remote)
}

function own(row: Row, field: string): Maybe {
  return Object.hasOwn(row, field) ? row[field] : undefined
}

function isList(value: Maybe): value is readonly Value[] {
  return Array.isArray(value)
}
