import {
  coverages,
  asFreshetError,
  createReplica,
  FreshetError,
  openReplica,
  queryKey,
  storeTables,
  type Collection,
  type Filter,
  type Lookup,
  type Query,
  type Row,
  type RowMeta,
  type StatusCell,
  type TableSpec,
  type View,
} from '@freshet/core'
import type { AnyTable } from './any-table.ts'
import { definedFields, notReturned } from './as-table.ts'
import { asTable } from './as-table.ts'
import { idCacheKey, NoCache, pageCacheKey, type CacheClaim } from './cache.ts'
import { createCachedPages } from './cached-pages.ts'
import { equalsText } from './column-text.ts'
import { createConditions } from './conditions.ts'
import { createLiveCore, type LiveCore } from './live-core.ts'
import { rowsTable, type LiveSettings } from './live-settings.ts'
import type { ListResult, ReadMode, ReadOptions, RowResult } from './live-reads.ts'
import { liveSettings, type LiveTableOptions, type OpenLiveTableOptions } from './live-table-options.ts'
import { createLiveView } from './live-view.ts'
import { both, rowTypes } from './master-schema.ts'
import type { Master, Patch } from './master.ts'
import { pagination, windowOf, type Pagination } from './pagination.ts'
import { answerSource, readQuery, readRow } from './query-reader.ts'
import { pageKeyOf, previewQuery } from './query-preview.ts'
import { evaluable, queryRules } from './query-rules.ts'
import { searchFilter } from './search-filter.ts'
import type { TableEvents } from './table-events.ts'
import { tableMetadata } from './table-metadata.ts'
import type { TableStats } from './table-stats.ts'
import { createRecordEdits, type RecordEdits } from './session/record-edits.ts'
import { createTableWriter, type TableWriteOptions, type WriteResult } from './table-writer.ts'
import { tableOutbox, type TableOutbox } from './table-outbox.ts'

/**
 * A table of a remote database, kept near: reads are local where they can be,
 * writes show at once and settle against the remote, and every answer says how
 * fresh it is.
 *
 * Usable wherever an `AnyTable` is. Handles narrowed by `withFilter` share rows,
 * connection and outbox with the table they come from; closing that one closes all.
 */
export interface LiveTable<R extends Row = Row> extends AnyTable<R>, RecordEdits<R> {
  readonly cacheKey: string
  /** What narrows this handle. */
  readonly filter: Filter | undefined
  /** As it was given. */
  readonly masterIpp: number | undefined
  /** The rows held, of all queries together. */
  readonly collection: Collection<R>
  readonly status: Pick<StatusCell, 'get' | 'subscribe'>
  readonly outbox: TableOutbox
  readonly events: Pick<TableEvents, 'subscribe'>
  readonly stats: Readonly<TableStats>

  /** The row as it is known now, pending writes included. Synchronous. */
  get(id: string): R | undefined
  lookup(id: string): Lookup<R>
  meta(id: string): RowMeta | undefined
  /** A live query; to be closed. */
  view(query?: Query): View<R>

  /**
   * The rows of a query. Without one: those of the page, or all.
   *
   * @throws {FreshetError} `table/unreachable` when nothing is known and the remote is out of reach;
   *   `table/not-cached` in the mode `cache-only`.
   */
  list(query?: Query, options?: ReadOptions): Promise<ListResult<R>>
  /** One row, with its freshness. */
  read(id: string, options?: ReadOptions): Promise<RowResult<R>>

  /** Inserts unless the row exists; an existing row is kept as it is, and returned. */
  insert(id: string, row: R, options?: Pick<TableWriteOptions, 'wait' | 'replaces'>): Promise<WriteResult<R>>
  replace(id: string, row: R, options?: TableWriteOptions): Promise<WriteResult<R>>
  /** @throws {FreshetError} `table/not-found`: there is no such row. */
  patch(id: string, patch: Patch, options?: TableWriteOptions): Promise<WriteResult<R>>
  delete(id: string, options?: TableWriteOptions): Promise<WriteResult<R>>
  deleteAll(filter?: Filter, options?: Pick<TableWriteOptions, 'wait'>): Promise<WriteResult<R>>
  insertReturnId(row: R): Promise<WriteResult<R>>

  /** This table narrowed further, over the same rows. */
  withFilter(filter: Filter): LiveTable<R>
  /** Everything is read again when it is next asked for; until then it is shown as stale. */
  invalidate(): void
  /** The key under which a `Cache` shows a page. */
  pageCacheKey(page: number): string
  idCacheKey(id: string): string
  /** Reads and writes another master from now on. What was read of the old one is forgotten. */
  swapMaster(master: Master): Promise<void>
  /** Sends what was accepted, as far as it goes, and releases everything. Later calls reject. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** A live table in memory. It starts at once. */
export function createLiveTable<R extends Row = Row>(
  master: Master,
  options: LiveTableOptions = {},
): LiveTable<R> {
  return createInMemory(master, options, undefined)
}

/** @param fault - Why there is no store though one was asked for. */
function createInMemory<R extends Row>(
  master: Master,
  options: LiveTableOptions,
  fault: FreshetError | undefined,
): LiveTable<R> {
  const settings = liveSettings(master, options, false)
  const { clock, log, cacheKey, rules } = settings
  const tables = [tableSpec(master)]
  const replica = createReplica({ name: cacheKey, tables, coverages, clock, log, rules: rules.kernel })
  if (fault !== undefined) replica.status.update({ degraded: fault })
  const core = createLiveCore({ master, replica, store: undefined, settings, release: async () => {} })
  return createHandle<R>(core, undefined, options)
}

/**
 * A live table on a store or a cache: rows are there before the first byte from
 * the network, and writes survive a restart.
 *
 * @throws {FreshetError} `table/cache-key-busy`; `storage/*` when `onStoreFault` is `fail`.
 */
export async function openLiveTable<R extends Row = Row>(
  master: Master,
  options: OpenLiveTableOptions = {},
): Promise<LiveTable<R>> {
  const durable = options.store !== undefined || (options.cache !== undefined && options.cache !== NoCache)
  const settings = liveSettings(master, options, durable)
  const { log, cacheKey } = settings
  if (options.tabs !== undefined && !settings.preload) throw tabsNeedPreload()
  try {
    const claim = await claimStore(options, cacheKey, tableSpec(master))
    if (claim === undefined) return openWithoutStore<R>(master, options)
    return await openOnStore<R>(master, options, settings, claim)
  } catch (error) {
    const fault = asFreshetError(error, { code: 'storage/unavailable', kind: 'storage' })
    if (fault.kind !== 'storage' || options.onStoreFault === 'fail') throw fault
    log.write('warn', 'freshet::table::cache', fault.message, { code: fault.code, cache_key: cacheKey })
    return createInMemory<R>(master, options, fault)
  }
}

async function openOnStore<R extends Row>(
  master: Master,
  options: OpenLiveTableOptions,
  settings: LiveSettings,
  claim: CacheClaim,
): Promise<LiveTable<R>> {
  const { tabs } = options
  const { store, release } = claim
  const { clock, log, cacheKey } = settings
  try {
    const replica = await openReplica({
      name: cacheKey,
      tables: [tableSpec(master)],
      coverages,
      store,
      role: tabs === undefined ? 'leader' : 'follower',
      onCommitted: () => core.committed(),
      clock,
      log,
      rules: settings.rules.kernel,
    })
    const core = createLiveCore({ master, replica, store, settings, tabs, release })
    const table = createHandle<R>(core, undefined, options)
    claim.attach(pagesOf(core, table))
    await core.outbox.restore()
    return table
  } catch (error) {
    await release().catch(() => {})
    throw error
  }
}

function tabsNeedPreload(): FreshetError {
  return new FreshetError({
    code: 'table/tabs-need-preload',
    kind: 'usage',
    message: 'Tabs share a table that is held whole: open it with preload: true, or without tabs.',
  })
}

/** The table a store must have been opened for, and its columns. */
function tableSpec({ schema }: Master): TableSpec {
  return { name: rowsTable, columns: rowTypes(schema) }
}

/** Without a cache every read asks the remote; what comes back is the same. */
function openWithoutStore<R extends Row>(master: Master, options: OpenLiveTableOptions): LiveTable<R> {
  const mode = options.mode ?? (options.cache === NoCache ? 'network' : undefined)
  return createLiveTable<R>(master, { ...options, mode })
}

async function claimStore(
  { store, cache }: OpenLiveTableOptions,
  cacheKey: string,
  spec: TableSpec,
): Promise<CacheClaim | undefined> {
  const tables = storeTables([spec])
  if (store === undefined) return cache?.claim(cacheKey, tables)
  const opened = await store(tables)
  return { store: opened, attach: () => {}, release: () => opened.close() }
}

function pagesOf(core: LiveCore, table: AnyTable): ReturnType<typeof createCachedPages> {
  return createCachedPages({
    replica: core.replica,
    invalidateAll: core.invalidateAll,
    queryOfPage(page) {
      const shown = table.getPagination()
      if (shown === undefined && page !== 1) return undefined
      const query = windowOf(shown && pagination(page, shown.ipp))
      return { query, key: queryKey(query) }
    },
  })
}

/** One handle on a live table: its conditions and its page, over the shared core. */
function createHandle<R extends Row>(
  core: LiveCore,
  base: Filter | undefined,
  options: LiveTableOptions,
): LiveTable<R> {
  const { collection, settings } = core
  const { mode = 'cache-first', masterIpp } = options
  const conditions = createConditions(base)
  const writer = createTableWriter(core)
  const edits = createRecordEdits<Row>(core, writer)
  let page: Pagination | undefined

  const narrowed = (query: Query): Query => {
    const filter = both(conditions.filter, query.filter)
    return filter === undefined ? query : { ...query, filter }
  }
  /** Whether a held row is one of this handle's; `undefined` when only the master can tell. */
  const belongs = (row: Row): boolean | undefined => {
    const { filter } = conditions
    return filter === undefined ? true : queryRules(core.master(), { filter }).matches?.(row)
  }
  const seen = (row: Row | undefined): Row | undefined =>
    row !== undefined && belongs(row) !== false ? row : undefined
  const list = async (
    query: Query,
    { mode: asked = mode, signal }: ReadOptions = {},
  ): Promise<ListResult> => {
    const full = narrowed(query)
    return readQuery(core, full, queryKey(full), asked, signal)
  }
  const read = async (id: string, { mode: asked = mode, signal }: ReadOptions = {}): Promise<RowResult> => {
    const { filter } = conditions
    if (filter === undefined || evaluable(core.master(), filter)) {
      const result = await readRow(core, id, asked, signal)
      return { ...result, row: seen(result.row) }
    }
    const result = await readRow(core, id, asked, signal)
    const entries = await core.master().withFilter(filter).get([id], signal)
    return { ...result, row: entries.length > 0 ? result.row : undefined }
  }
  const writtenRow = async (id: string, work: Promise<WriteResult>): Promise<Row> => {
    const result = await work
    if (result.kind === 'stored' && result.row !== undefined) return result.row
    return (await readRow(core, id, 'network', undefined)).row ?? notReturned(id)
  }
  const metadata = () => tableMetadata(core.master())

  const table: LiveTable = {
    get tableName() {
      return metadata().tableName
    },
    get tableAlias() {
      return metadata().tableAlias
    },
    get columnNames() {
      return metadata().columnNames
    },
    get columnTypes() {
      return metadata().columnTypes
    },
    get idFieldName() {
      return metadata().idFieldName
    },
    get titleFieldNames() {
      return metadata().titleFieldNames
    },
    get refNames() {
      return metadata().refNames
    },
    getRef: (name, row) => asTable(core.master().getReference(name, row), settings),
    cacheKey: settings.cacheKey,
    get filter() {
      return conditions.filter
    },
    masterIpp,
    collection,
    status: core.replica.status,
    outbox: tableOutbox(core.outbox),
    events: core.events,
    stats: core.stats,

    get: (id) => seen(collection.get(id)),
    lookup(id) {
      const found = collection.lookup(id)
      return found.kind === 'present' && seen(found.row) === undefined ? { kind: 'absent' } : found
    },
    meta: (id) => collection.meta(id),
    view(query = windowOf(page)) {
      const full = narrowed(query)
      return createLiveView(core, full, queryKey(full))
    },
    list: (query = windowOf(page), readOptions) => list(query, readOptions),
    read,

    async listValues() {
      return (await list(windowOf(page))).rows
    },
    async getValue(id) {
      return (await read(id)).row
    },
    async getSomeValue() {
      const [first] = (await list({ limit: 1 })).rows
      return first
    },
    getCount: () => countRows(core, conditions.filter, mode),

    insertValue: (id, row) => writtenRow(id, writer.insert(id, row)),
    replaceValue: (id, row) => writtenRow(id, writer.replace(id, row)),
    patchValue: (id, partial) => writtenRow(id, writer.patch(id, { set: definedFields(partial) })),
    async insertReturnIdValue(row) {
      const result = await writer.insertReturnId(row)
      return result.kind === 'stored' ? result.id : notReturned('')
    },
    insert: writer.insert,
    replace: writer.replace,
    patch: writer.patch,
    delete: writer.delete,
    deleteAll: (filter, writeOptions) => writer.deleteAll(both(conditions.filter, filter), writeOptions),
    insertReturnId: writer.insertReturnId,

    setPagination(next) {
      page = next && pagination(next.page, next.ipp)
    },
    getPagination: () => page,
    addCondition: (filter) => void conditions.add(filter),
    addConditionEq: (field, text) => void conditions.add(equalsText(core.master().schema, field, text)),
    searchExpression: (text) => searchFilter(core.master().schema, text),
    preview: (query = windowOf(page)) =>
      previewQuery(core.master(), conditions.filter, query, (full, key) => ({
        source: answerSource(core, full, key, mode),
        cacheKey: pageKeyOf(settings.cacheKey, full),
      })),
    tempAddCondition: conditions.add,
    tempRemoveCondition: conditions.remove,

    ...edits,
    withFilter: (filter) => createHandle(core, both(conditions.filter, filter), options),
    invalidate: core.invalidateAll,
    pageCacheKey: (number) => pageCacheKey(settings.cacheKey, number),
    idCacheKey: (id) => idCacheKey(settings.cacheKey, id),
    swapMaster: core.swapMaster,
    close: core.close,
    [Symbol.asyncDispose]: core.close,
  }
  // Rows are what the master holds; the caller vouches for their type.
  return table as unknown as LiveTable<R>
}

async function countRows(core: LiveCore, filter: Filter | undefined, mode: ReadMode): Promise<number> {
  const { collection, replica } = core
  const known = collection.complete && evaluable(core.master(), filter)
  if (known && mode !== 'network') {
    const view = collection.view(filter === undefined ? {} : { filter })
    const { total } = view.snapshot()
    view.close()
    return total
  }
  try {
    return await core.master().count(filter)
  } catch (error) {
    const query: Query = filter === undefined ? {} : { filter }
    const coverage = replica.coverages.get(rowsTable, queryKey(query))
    const total = coverage?.total ?? coverage?.ids?.length
    if (total === undefined || !(error instanceof FreshetError) || !error.retryable) throw error
    return total
  }
}
