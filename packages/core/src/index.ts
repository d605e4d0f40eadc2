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
export { orderText } from './order-text.ts'
export { parseInstant, type Instant } from './instant.ts'
export { compileField, compilePredicate, type Predicate } from './predicate.ts'
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
export {
  aggregate,
  type Aggregate,
  type AggregateSnapshot,
  type AggregateSpec,
  type AggregateTerm,
} from './aggregate.ts'
export type { WorkCounter } from './ordered-rows.ts'
export { filterKey, orderKey, queryKey, valueKey } from './query-key.ts'
export type {
  Ack,
  ApplyOutcome,
  Batch,
  CoverageUpdate,
  LogBatch,
  Need,
  Position,
  RowFact,
  Seq,
  StateBatch,
} from './batch.ts'
export type { Draft, Projection, RowKey } from './projection.ts'
export type { Page, PageRequest, Resume, Source, SourceCapabilities, StreamItem } from './source.ts'
export { createReplica, type Replica, type ReplicaOptions } from './replica.ts'
export { sourceSide, type SourceSide } from './source-side.ts'
export { createIntake, type Intake, type IntakeOptions } from './intake.ts'
export { releaseRows } from './release-rows.ts'
export { followStore, type Follower } from './follower.ts'
export { readFirstWindow } from './first-window.ts'
export { kernelTables } from './replica-records.ts'
export { beginReplica, openReplica, storeTables, type OpenReplicaOptions } from './open-replica.ts'
export type { TableSpec } from './replica-tables.ts'
export { isFresh, wholeTable, type Coverage } from './coverage.ts'
export { coverages, type OpenCoverages } from './coverage-books.ts'
export type { OpenRead } from './open-reads.ts'
export { applyEdit, patchRow, type Fold, type Layer, type RowEdit } from './overlay.ts'
export { submitLayer, type HostLayer, type HostLayerOptions, type LayerOutcome } from './host-layers.ts'
export type { Operation, OperationFailure, OperationOutcome, SendOutcome, WriteTarget } from './operation.ts'
export { createOutbox } from './create-outbox.ts'
export type {
  Outbox,
  OutboxAsk,
  OutboxOptions,
  QueuedOperation,
  SettledOperation,
  Submitted,
} from './outbox.ts'
export { mergeUnsent } from './merge-unsent.ts'
export { retryOperation } from './retry-operation.ts'
export { whenDrained } from './when-drained.ts'
export type { Merging } from './outbox-work.ts'
export { shareOutbox, type OutboxTabs } from './outbox-tabs.ts'
export { watchedStore } from './watched-store.ts'
export { createSync, type Sync, type SyncOptions } from './sync.ts'
export { backoffMs, defaultBackoff, type Backoff } from './backoff.ts'
export type { Freshness, Progress, Status, StatusCell, SyncState } from './status.ts'
export { createListeners, type Listeners } from './listeners.ts'
export {
  createTabGroup,
  type TabChannel,
  type TabEnvironment,
  type TabGroup,
  type TabGroupOptions,
  type TabLocks,
} from './tab-group.ts'
export { shareReplica, type ShareReplicaOptions, type TabMessage } from './share-replica.ts'
export {
  createDraftRecord,
  type DraftRecord,
  type DraftRecordOptions,
  type RecordChange,
  type RecordConflict,
  type Resolution,
} from './session/draft-record.ts'
export type { ColumnPolicy } from './session/merge-policies.ts'
export type { Maybe, MergePolicy } from './session/merge-field.ts'
export { approximateBytes, createEviction, type Eviction, type EvictionOptions } from './eviction.ts'
