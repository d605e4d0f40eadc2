import { rowsOf, type Collection } from './collection.ts'
import type { CollectionRows } from './collection-writer.ts'
import type { Derived, Output } from './derived.ts'
import { FreshetError } from './errors.ts'
import { ExactSum } from './exact-sum.ts'
import type { LiveOrder } from './live-order.ts'
import { createListeners } from './listeners.ts'
import { compileField, compilePredicate } from './predicate.ts'
import type { Filter, Query } from './query.ts'
import { valueKey } from './query-key.ts'
import { columnType } from './value-equality.ts'
import { meaning } from './value-order.ts'
import type { Row, Value } from './value.ts'

/** One total over the rows that match. Null and absent fields are left out of all but `count`. */
export type AggregateTerm =
  | { readonly op: 'count' }
  /** Exact, whatever the order of changes; 0 over nothing. What is no number is left out. */
  | { readonly op: 'sum'; readonly field: string }
  /** By the order of `compareValues`; null over nothing. */
  | { readonly op: 'min' | 'max'; readonly field: string }

/** Totals by the name they are asked under. */
export type AggregateSpec = { readonly [name: string]: AggregateTerm }

export type AggregateSnapshot<S extends AggregateSpec = AggregateSpec> = {
  readonly values: { readonly [Name in keyof S]: Value }
  /** Whether every row of the source is known here. */
  readonly complete: boolean
  /** Grows with every new snapshot. */
  readonly version: number
}

/** Live totals [Q5]. */
export type Aggregate<S extends AggregateSpec = AggregateSpec> = {
  /** The current totals; the same object until one of them changed. */
  snapshot(): AggregateSnapshot<S>
  /** Calls `listener` once per applied batch that changed a total. Returns how to stop. */
  subscribe(listener: (snapshot: AggregateSnapshot<S>) => void): () => void
  /** Frees what the totals keep. Calling twice is harmless. */
  close(): void
}

/**
 * Keeps totals over the rows of a collection that match a query's filter; its
 * order and window say nothing here.
 *
 * @throws {FreshetError} `query/bad-filter`, `query/bad-aggregate`, or
 *   `query/foreign-collection` for one that was not made by `createCollection`.
 */
export function aggregate<S extends AggregateSpec>(
  collection: Pick<Collection, 'name'>,
  { filter }: Query,
  spec: S,
): Aggregate<S> {
  const host = rowsOf.get(collection)
  if (!host) throw foreignCollection(collection.name)
  const listeners = createListeners<AggregateSnapshot<S>>(host.onListenerError)
  const totals = Object.entries(spec).map(([name, term]) => ({ name, ...openTotal(host, filter, term) }))
  const derived = followTotals(host, filter, totals)
  let held: AggregateSnapshot<S> | undefined
  let told: AggregateSnapshot<S> | undefined
  let closed = false

  const snapshot = (): AggregateSnapshot<S> => {
    if (closed && held !== undefined) return held
    const complete = host.isComplete()
    const values = totals.map((total) => total.value())
    const before = held
    const same =
      before?.complete === complete &&
      totals.every(({ name }, at) => valueKey(before.values[name] ?? null) === valueKey(values[at] ?? null))
    if (before !== undefined && same) return before
    // One entry for each name of S; defined as own properties whatever the name.
    const named = Object.fromEntries(
      totals.map(({ name }, at) => [name, values[at] ?? null]),
    ) as AggregateSnapshot<S>['values']
    held = { values: named, complete, version: (before?.version ?? 0) + 1 }
    return held
  }
  const output: Output = {
    settle() {},
    notify() {
      if (closed || listeners.size === 0) return
      const now = snapshot()
      if (now === told) return
      told = now
      listeners.emit(now)
    },
  }
  const stopOutput = host.show(output)

  return {
    snapshot,
    subscribe(listener) {
      if (listeners.size === 0) told = snapshot()
      return listeners.add(listener)
    },
    close() {
      if (closed) return
      snapshot()
      closed = true
      stopOutput()
      host.unfollow(derived)
      for (const total of totals) total.close()
    },
  }
}

type Total = {
  /** A matching row came (1) or went (-1). */
  follow(row: Row, sign: 1 | -1): void
  reset(): void
  value(): Value
  close(): void
}

function openTotal(host: CollectionRows, filter: Filter | undefined, term: AggregateTerm): Total {
  switch (term.op) {
    case 'count':
      return countTotal()
    case 'sum':
      return sumTotal(host, term.field)
    case 'min':
    case 'max':
      return extremeTotal(host, filter, term)
    default: {
      const unknown: { readonly op?: unknown } = term
      throw new FreshetError({
        code: 'query/bad-aggregate',
        kind: 'usage',
        message: `${JSON.stringify(unknown.op)} is no aggregate; use count, sum, min or max.`,
      })
    }
  }
}

function countTotal(): Total {
  let count = 0
  return {
    follow: (_, sign) => (count += sign),
    reset: () => (count = 0),
    value: () => count,
    close() {},
  }
}

function sumTotal(host: CollectionRows, field: string): Total {
  const read = compileField(field)
  const type = columnType(host.columns, field)
  let sum = new ExactSum()
  return {
    follow(row, sign) {
      const value = meaning(read(row), type)
      if (sign > 0) sum.add(value)
      else sum.remove(value)
    },
    reset: () => (sum = new ExactSum()),
    value: () => sum.value(),
    close() {},
  }
}

/** Reads the ends of an ordered index over the rows that have the field. */
function extremeTotal(
  host: CollectionRows,
  filter: Filter | undefined,
  { op, field }: { readonly op: 'min' | 'max'; readonly field: string },
): Total {
  const read = compileField(field)
  const present: Filter = { op: 'neq', field, value: null }
  const filters = filter === undefined ? [present] : [filter, present]
  const live: LiveOrder = host.orders.acquire({ op: 'and', filters }, [{ field, direction: 'asc' }])
  return {
    follow() {},
    reset() {},
    value() {
      const size = live.order.size()
      const rank = op === 'min' ? 0 : size - 1
      const ends: Row[] = []
      if (size > 0) live.order.copy(rank, rank + 1, ends, [], 0)
      return (ends[0] && read(ends[0])) ?? null
    },
    close: () => host.orders.release(live),
  }
}

/** Keeps the totals at what the visible rows add up to. */
function followTotals(host: CollectionRows, filter: Filter | undefined, totals: readonly Total[]): Derived {
  const matches = compilePredicate(filter, host.columns)
  const follow = (row: Row | undefined, sign: 1 | -1): void => {
    if (row === undefined || !matches(row)) return
    for (const total of totals) total.follow(row, sign)
  }
  const derived: Derived = {
    change(_, before, after) {
      follow(before, -1)
      follow(after, 1)
    },
    rebuild() {
      for (const total of totals) total.reset()
      for (const row of host.slots.rows) follow(row, 1)
    },
  }
  host.follow(derived)
  return derived
}

function foreignCollection(name: string): FreshetError {
  return new FreshetError({
    code: 'query/foreign-collection',
    kind: 'usage',
    message: `Collection ${name} is a copy or was not made by createCollection; give the one that the replica returns.`,
  })
}
