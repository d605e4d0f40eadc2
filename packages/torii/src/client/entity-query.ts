import {
  compileOrder,
  compilePredicate,
  FreshetError,
  type Collection,
  type OrderTerm,
  type Row,
  type RowComparator,
} from '@freshet/core'
import type { ModelSchema } from '../schema/model-type.ts'
import { entityIdOf } from '../values/entity-id.ts'
import { canonicalFelt } from '../values/felt.ts'
import { toKernelFilter, type EntityFilter } from './entity-filter.ts'
import { equalities, type MemberIndex } from './member-index.ts'

export type QueryOptions = {
  readonly filter?: EntityFilter | undefined
  /** Default by entity id. With `cursor` there is no other order. */
  readonly order?: readonly OrderTerm[] | undefined
  /** Default all. */
  readonly limit?: number | undefined
  /** `next` of the page before. */
  readonly cursor?: string | undefined
  /** Whether pending changes are folded in. Default `overlay-first`. */
  readonly consistency?: 'overlay-first' | 'persisted-only' | undefined
}

export type QueryResult<R = Row> = {
  readonly rows: readonly R[]
  /** Entity ids of `rows`, in the same order. */
  readonly ids: readonly string[]
  /** Absent on the last page. */
  readonly next?: string | undefined
  /** Whether all entities of the model are known here. */
  readonly complete: boolean
}

/**
 * The entities that match now. A look at what is here: nothing is asked of the server.
 *
 * @throws {FreshetError} `torii/bad-filter`, `torii/bad-limit`, `query/bad-filter`, `query/bad-order`
 */
export function queryEntities(
  collection: Collection,
  schema: ModelSchema | undefined,
  options: QueryOptions = {},
  indexes: ReadonlyMap<string, MemberIndex> = new Map(),
): QueryResult {
  const { filter = {}, order, limit = Infinity, cursor, consistency = 'overlay-first' } = options
  checkLimit(limit)
  const matches = compilePredicate(toKernelFilter(filter))
  const read = consistency === 'overlay-first' ? collection.get : collection.confirmed
  const compare = compileOrder(cursor === undefined ? order : undefined)
  const first = createFirst(limit, compare)
  // An index follows what is visible.
  const usable = consistency === 'overlay-first' ? indexes : new Map<string, MemberIndex>()
  for (const id of candidates(collection, schema, filter, usable)) {
    const row = read(id)
    if (row !== undefined && (cursor === undefined || id > cursor) && matches(row)) first.add(id, row)
  }
  const page = first.take()
  const last = page.at(-1)
  return {
    rows: page.map(([, row]) => row),
    ids: page.map(([id]) => id),
    ...(first.found > page.length && last && order === undefined && { next: last[0] }),
    complete: collection.complete,
  }
}

function checkLimit(limit: number): void {
  if (limit === Infinity || (Number.isSafeInteger(limit) && limit >= 0)) return
  throw new FreshetError({
    code: 'torii/bad-limit',
    kind: 'usage',
    message: `The limit of a query is ${limit}; give a whole number from 0, or none for all entities.`,
  })
}

type Found = readonly [id: string, row: Row]

/** Up to this limit what is found is kept in order; sorting 100,000 entities for fifty would hold up a page. */
const keptInOrder = 1_000

/** The first rows in an order, of many. */
function createFirst(limit: number, compare: RowComparator) {
  const order = ([idA, rowA]: Found, [idB, rowB]: Found): number => compare(rowA, idA, rowB, idB)
  const kept: Found[] = []
  let found = 0
  return {
    get found() {
      return found
    },
    add(id: string, row: Row): void {
      found += 1
      const entry: Found = [id, row]
      if (limit > keptInOrder) return void kept.push(entry)
      const last = kept.at(-1)
      if (kept.length >= limit && (!last || order(entry, last) >= 0)) return
      let [from, to] = [0, kept.length]
      while (from < to) {
        const middle = (from + to) >> 1
        const other = kept[middle]
        if (other && order(entry, other) >= 0) from = middle + 1
        else to = middle
      }
      kept.splice(from, 0, entry)
      if (kept.length > limit) kept.pop()
    },
    take: (): readonly Found[] => (limit > keptInOrder ? kept.toSorted(order).slice(0, limit) : kept),
  }
}

/** All ids, or the few that can match: by id, by all keys, or by an index. */
function candidates(
  collection: Collection,
  schema: ModelSchema | undefined,
  filter: EntityFilter,
  indexes: ReadonlyMap<string, MemberIndex>,
): Iterable<string> {
  const { hashedKeys, keys } = filter
  if (hashedKeys) return new Set(hashedKeys.map((id) => idOf(id)))
  const keyMembers = schema?.members.filter(({ key }) => key) ?? []
  const isNamed =
    keys !== undefined && keyMembers.length > 0 && keyMembers.every(({ name }) => Object.hasOwn(keys, name))
  if (isNamed) {
    try {
      return [entityIdOf(keyMembers, keys)]
    } catch {
      // A key of another type than the model's matches nothing, which the filter finds.
    }
  }
  if (indexes.size > 0) {
    for (const [member, values] of equalities(filter)) {
      const ids = indexes.get(member)?.candidates(values)
      if (ids) return ids
    }
  }
  return collection.ids()
}

/** Ids of records are no felts. */
export function idOf(id: string): string {
  return /^0x[0-9a-f]{1,64}$/i.test(id) ? canonicalFelt(id) : id
}
