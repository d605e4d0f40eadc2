import {
  createListeners,
  valuesEqual,
  type Collection,
  type FreshetError,
  type Row,
  type Status,
} from '@freshet/core'

/**
 * What happened to a live table, for an activity list or a log.
 *
 * The union grows: a consumer must pass over kinds it does not know. To follow
 * rows, subscribe to a view; it never misses anything.
 */
export type TableEvent =
  | { readonly kind: 'inserted' | 'removed'; readonly id: string }
  | { readonly kind: 'changed'; readonly id: string; readonly fields: readonly string[] }
  /** Anything may have changed: what was read before must be read again. */
  | { readonly kind: 'datasetChanged' }
  /** The whole table is held here for the first time. */
  | { readonly kind: 'seeded' }
  /** A result that is shown is being read again. */
  | { readonly kind: 'refreshing'; readonly key: string }
  /** A result that is not known is being read. */
  | { readonly kind: 'loading'; readonly key: string }
  | { readonly kind: 'rangeLoaded'; readonly key: string; readonly from: number; readonly to: number }
  | { readonly kind: 'loadFailed'; readonly key: string; readonly error: FreshetError }
  | { readonly kind: 'writePending' | 'writeConfirmed'; readonly op: string; readonly id: string | undefined }
  /** The write is undone: refused, in conflict, or taken back. */
  | {
      readonly kind: 'writeReverted'
      readonly reason: 'rejected' | 'conflict' | 'discarded'
      readonly op: string
      readonly id: string | undefined
      readonly error: FreshetError | undefined
    }
  /** Whether the write was taken is not known. */
  | {
      readonly kind: 'writeFailed'
      readonly op: string
      readonly id: string | undefined
      readonly error: FreshetError
    }
  | { readonly kind: 'stale'; readonly sinceUnixMs: number }
  | { readonly kind: 'live' }
  | { readonly kind: 'cacheDegraded'; readonly error: FreshetError }

export type TableEvents = {
  emit(event: TableEvent): void
  subscribe(listener: (event: TableEvent) => void): () => void
}

/**
 * The change bus of one table.
 *
 * Rows are compared only while somebody listens, and only those that changed.
 */
export function createTableEvents(
  collection: Collection,
  onListenerError: (error: unknown) => void,
): TableEvents & { statusChanged(status: Status): void; rowsChanged(ids: readonly string[] | 'all'): void } {
  const listeners = createListeners<TableEvent>(onListenerError)
  let seen = new Map<string, Row>()
  let stale: number | undefined
  let live = false
  let degraded: FreshetError | undefined
  let seeded = collection.complete

  const rowChanged = (id: string): void => {
    const before = seen.get(id)
    const after = collection.get(id)
    if (after === undefined) seen.delete(id)
    else seen.set(id, after)
    if (before === undefined && after !== undefined) listeners.emit({ kind: 'inserted', id })
    else if (before !== undefined && after === undefined) listeners.emit({ kind: 'removed', id })
    else if (before !== undefined && after !== undefined && before !== after) {
      listeners.emit({ kind: 'changed', id, fields: changedFields(before, after) })
    }
  }
  return {
    emit: listeners.emit,
    subscribe(listener) {
      if (listeners.size === 0) seen = new Map(collection.entries())
      return listeners.add(listener)
    },
    rowsChanged(ids) {
      if (listeners.size === 0) return
      if (ids === 'all') {
        seen = new Map(collection.entries())
        listeners.emit({ kind: 'datasetChanged' })
      } else for (const id of ids) rowChanged(id)
      if (!seeded && collection.complete) listeners.emit({ kind: 'seeded' })
      seeded = collection.complete
    },
    statusChanged({ state, freshness, degraded: fault }) {
      const since = freshness.staleSinceUnixMs
      if (since !== undefined && stale === undefined) listeners.emit({ kind: 'stale', sinceUnixMs: since })
      stale = since
      if (state === 'live' && !live) listeners.emit({ kind: 'live' })
      live = state === 'live'
      if (fault !== undefined && degraded === undefined)
        listeners.emit({ kind: 'cacheDegraded', error: fault })
      degraded = fault
    },
  }
}

function changedFields(before: Row, after: Row): readonly string[] {
  const fields = new Set([...Object.keys(before), ...Object.keys(after)])
  return [...fields].filter((field) => {
    const [a, b] = [before[field], after[field]]
    return a === undefined || b === undefined ? a !== b : !valuesEqual(a, b)
  })
}
