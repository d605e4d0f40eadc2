import {
  createEviction,
  createListeners,
  type Collection,
  type CollectionChange,
  type Coverage,
  type Eviction,
  type Replica,
  type StateBatch,
} from '@freshet/core'
import { rowsTable, type LiveSettings } from './live-settings.ts'
import type { Master } from './master.ts'
import { createReadFlights, type ReadFlights } from './read-flights.ts'
import { createResultUpkeep, type ResultUpkeep } from './result-upkeep.ts'
import type { TableStats } from './table-stats.ts'

/** The rows and results of a live table, kept consistent with each other whatever changes them. */
export type LiveRows = {
  readonly collection: Collection
  readonly upkeep: ResultUpkeep
  readonly flights: ReadFlights
  readonly eviction: Eviction
  /** Ids of rows over which writes are pending. */
  readonly pendingIds: ReadonlySet<string>
  /** Keys of the results that are on screen, and how often. */
  readonly openResults: Map<string, number>
  /**
   * Whether a result was read by this run, in the connection now. In a tab that
   * follows, the results in the store are of the leader's connections, which it
   * cannot tell apart.
   */
  isOwnResult(coverage: Coverage): boolean
  /** Applies what a read on demand brought. */
  applyRead(batch: StateBatch): void
  /** Calls `listener` after the results were brought up to date with a batch, or one was read. */
  onChange(listener: () => void): () => void
  changed(): void
}

/** What the master tells, besides the rows themselves. */
export type RowNews = {
  /** Rows have changed and are about to be put in. */
  changing(ids: readonly string[]): void
  /** They have been put in, or were like that already. */
  put(ids: readonly string[]): void
  /** A row has changed, and nothing is known but its id. */
  touched(id: string): void
  gone(id: string): void
  /** A new connection: what was read in the one before may be old. */
  connected(): void
}

export function createLiveRows(options: {
  readonly replica: Replica
  readonly settings: LiveSettings
  readonly stats: TableStats
  master(): Master
  /** Rows an edit session is open on stay in memory. */
  isPinned(id: string): boolean
  /** Told of each applied batch, when the results are up to date with it. */
  onRows(change: CollectionChange): void
  onListenerError(error: unknown): void
}): LiveRows & { readonly news: RowNews } {
  const { replica, settings } = options
  const { rules, clock } = settings
  const collection = replica.collection(rowsTable)
  const flights = createReadFlights(options.stats)
  const upkeep = createResultUpkeep({ replica, table: rowsTable, master: options.master })
  const listeners = createListeners<void>(options.onListenerError)
  const openResults = new Map<string, number>()
  const pendingIds = new Set<string>()
  // What a following tab has read since the leader was last connected, by when.
  const ownResults = new Map<string, number>()
  const eviction = createEviction({
    replica,
    table: rowsTable,
    maxBytes: settings.maxBytes,
    maxAgeMs: settings.maxAgeMs,
    isPinned: options.isPinned,
    isOpen: (key) => openResults.has(key),
  })
  // What is being done to the rows now, where it is not the master's or a writer's doing.
  let doing:
    | { readonly kind: 'reading'; readonly key: string | null }
    | { readonly kind: 'evicting' }
    | undefined

  const isLeader = (): boolean => replica.status.get().role === 'leader'
  const during = (what: typeof doing, work: () => void): void => {
    doing = what
    try {
      work()
    } finally {
      doing = undefined
    }
  }
  const notePending = (ids: Iterable<string>): void => {
    if (replica.overlay.size === 0 && pendingIds.size === 0) return
    for (const id of ids) {
      if (collection.meta(id)?.pending) pendingIds.add(id)
      else pendingIds.delete(id)
    }
  }
  const noteChanged = (ids: readonly string[] | 'all'): void => {
    if (rules.crossedReads) flights.noteChanged(ids)
  }
  const rowsChanged = (change: CollectionChange): void => {
    const { ids } = change
    // Rows that leave memory have not changed, and no result is wrong for it.
    if (doing?.kind === 'evicting') return ids === 'all' ? undefined : upkeep.rowsForgotten(ids)
    notePending(ids === 'all' ? [...pendingIds] : ids)
    // What a reading brings for the first time is new to us, and no news.
    noteChanged(doing && ids !== 'all' ? ids.filter(upkeep.hasMet) : ids)
    if (rules.upkeep) upkeep.rowsChanged(change, doing?.key)
    options.onRows(change)
    listeners.emit()
  }
  /** A row changed that may not be held: then no row change will tell the results. */
  const strangerChanged = (id: string, gone: boolean): void => {
    noteChanged([id])
    if (!rules.upkeep) return
    if (collection.confirmed(id) !== undefined) upkeep.rowsConfirmed([id])
    else if (gone) upkeep.rowGone(id)
    else upkeep.markAll()
    listeners.emit()
  }

  collection.subscribe(rowsChanged)
  eviction.expire(clock.now())
  return {
    collection,
    upkeep,
    flights,
    eviction,
    pendingIds,
    openResults,
    isOwnResult({ key, fetchedAtUnixMs }) {
      return isLeader() || ownResults.get(key) === fetchedAtUnixMs
    },
    applyRead(batch) {
      const covers = batch.covers ?? []
      during({ kind: 'reading', key: covers[0]?.key ?? null }, () => replica.apply(batch))
      for (const { table, key } of covers) {
        eviction.used(key)
        const coverage = replica.coverages.get(table, key)
        if (coverage && !isLeader()) ownResults.set(key, coverage.fetchedAtUnixMs)
      }
      if (!settings.preload) during({ kind: 'evicting' }, () => eviction.shrink())
    },
    onChange: (listener) => listeners.add(listener),
    changed: () => listeners.emit(),
    news: {
      changing: noteChanged,
      put(ids) {
        if (rules.upkeep && upkeep.rowsConfirmed(ids)) listeners.emit()
      },
      touched: (id) => strangerChanged(id, false),
      gone: (id) => strangerChanged(id, true),
      connected: () => ownResults.clear(),
    },
  }
}
