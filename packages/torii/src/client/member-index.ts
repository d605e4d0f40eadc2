import { compileField, type Collection, type Value } from '@freshet/core'
import { keyValues, spellings, type EntityFilter, type MemberCondition } from './entity-filter.ts'

/** Finds the entities whose member has a value, without looking at the others. */
export type MemberIndex = {
  /** Ids of all entities that may hold one of these values; undefined where it cannot tell. */
  candidates(values: readonly Value[]): Iterable<string> | undefined
}

/**
 * An index over one member of a collection, built when it is first asked and
 * kept up to date from then on.
 *
 * Values that are no plain text, number or truth value may equal others of
 * another form; entities with such a value are candidates always.
 */
export function createMemberIndex(collection: Collection, path: string): MemberIndex {
  const field = compileField(path)
  const idsByKey = new Map<string, Set<string>>()
  const keyById = new Map<string, string>()
  let built = false

  const put = (id: string): void => {
    const row = collection.get(id)
    const key = row && (keyOf(field(row)) ?? other)
    const before = keyById.get(id)
    if (key === before) return
    if (before !== undefined) {
      const ids = idsByKey.get(before)
      ids?.delete(id)
      if (ids?.size === 0) idsByKey.delete(before)
    }
    if (key === undefined) return void keyById.delete(id)
    keyById.set(id, key)
    let ids = idsByKey.get(key)
    if (!ids) idsByKey.set(key, (ids = new Set()))
    ids.add(id)
  }
  const build = (): void => {
    idsByKey.clear()
    keyById.clear()
    for (const id of collection.ids()) put(id)
  }
  return {
    candidates(values) {
      const keys = values.map(keyOf)
      if (keys.includes(undefined)) return undefined
      if (!built) {
        built = true
        build()
        collection.subscribe(({ ids }) => {
          if (ids === 'all') build()
          else for (const id of ids) put(id)
        })
      }
      const found = new Set([...keys, other])
      return [...found].flatMap((key) => [...(idsByKey.get(key ?? other) ?? [])])
    },
  }
}

/** What a filter asks of single members by equality, by path. */
export function equalities({ keys = {}, where = [] }: EntityFilter): ReadonlyMap<string, readonly Value[]> {
  const found = new Map<string, readonly Value[]>()
  const look = (condition: MemberCondition): void => {
    if (condition.op === 'and') condition.where.forEach(look)
    else if (condition.op === 'eq') found.set(condition.member, spellings(condition.value))
    else if (condition.op === 'in') found.set(condition.member, condition.value.flatMap(spellings))
  }
  for (const [member, value] of Object.entries(keys)) found.set(member, keyValues(value))
  where.forEach(look)
  return found
}

/** No key looks like it. */
const other = '*'

/** One text for all values that are equal, where that is plain. */
function keyOf(value: Value | undefined): string | undefined {
  if (typeof value === 'string') return `s${value}`
  if (typeof value === 'boolean') return `b${String(value)}`
  if (typeof value === 'bigint' || (typeof value === 'number' && Number.isInteger(value)))
    return `n${BigInt(value)}`
  return undefined
}
