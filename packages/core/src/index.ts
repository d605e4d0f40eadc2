export * from './value.ts'
export * from './schema.ts'
export * from './query.ts'
export * from './errors.ts'
export * from './clock.ts'
export * from './random.ts'
export * from './log.ts'
export * from './telemetry.ts'
export * from './store.ts'
export { rowsEqual, valuesEqual } from './value-equality.ts'
export { compareComparable, compareValues } from './value-order.ts'
export { compilePredicate, type Predicate } from './predicate.ts'
export { compileOrder, type RowComparator } from './row-order.ts'
export {
  createCollection,
  type Collection,
  type CollectionChange,
  type CollectionOptions,
  type CollectionWriter,
  type LoadEntry,
  type Lookup,
  type RowFold,
  type RowMeta,
  type Stamp,
  type Version,
} from './collection.ts'
export type { View, ViewSnapshot } from './view.ts'
export type { Aggregate, AggregateSnapshot, AggregateSpec, AggregateTerm } from './aggregate.ts'
export type { WorkCounter } from './ordered-rows.ts'
export { filterKey, orderKey, queryKey, valueKey } from './query-key.ts'
