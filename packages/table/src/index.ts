export { createLiveTable, openLiveTable, type LiveTable } from './live-table.ts'
export type { LiveTableOptions, OpenLiveTableOptions } from './live-table-options.ts'
export type { ListResult, ReadFreshness, ReadMode, ReadOptions, RowResult } from './live-reads.ts'
export type { TableWriteOptions, WriteResult } from './table-writer.ts'
export type { RecordEdit, SaveOptions } from './session/record-edit.ts'
export type { EditOptions, NewRecordOptions, RecordEdits } from './session/record-edits.ts'
export type { PartialField, SaveResult } from './session/save-result.ts'
export type { SaveGuard } from './session/save-guard.ts'
export type { SavedDraft } from './session/saved-drafts.ts'
export type { DraftData } from './session/draft-data.ts'
export type { TableEvent } from './table-events.ts'
export type { TableStats } from './table-stats.ts'
export type { AnyTable, ConditionHandle } from './any-table.ts'
export { asTable } from './as-table.ts'
export { defaultIpp, pagination, withIpp, type Pagination } from './pagination.ts'
export type { QueryPreview } from './query-preview.ts'
export { columnValue, equalsText } from './column-text.ts'
export {
  createManualLiveStream,
  type LiveEvent,
  type LiveStream,
  type ManualLiveStream,
} from './live-stream.ts'
export {
  idCacheKey,
  NoCache,
  pageCacheKey,
  type Cache,
  type CacheClaim,
  type CachedPages,
  type CachedRows,
} from './cache.ts'
export { MemCache } from './mem-cache.ts'
export { createStoreCache, type CacheOptions, type CacheStores } from './store-cache.ts'
export { masterSource, type MasterSourceOptions } from './master-source.ts'
export * from './master.ts'
export * from './master-errors.ts'
export { tableSchema } from './master-schema.ts'
