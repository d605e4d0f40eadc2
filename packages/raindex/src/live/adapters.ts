import type { Value } from '@freshet/core'
import type { Address, SnapshotBundle, StaticCodeCache } from '../engine/index.ts'
import type { LiveStatus, SyncProgress } from './live-status.ts'

/** Keeps one snapshot per order book. Its cursor and queue are inside, so that one write saves all or nothing. */
export interface SnapshotStore {
  /** @returns undefined when there is none. */
  loadSnapshot(orderbook: Address): Promise<SnapshotBundle | undefined>
  /**
   * Whether a snapshot of this block is wanted: asked before one is made, which takes the longer the larger the book
   * is. Default always.
   */
  isDue?(blockNumber: number): boolean
  /** Saving the same bundle twice changes nothing. @throws when it could not be saved. */
  persistSnapshot(bundle: SnapshotBundle): Promise<void>
}

/** Keeps a host's own idea of how far it is. Only a hint: the cursor inside the state wins. */
export interface CursorStore<C extends Value> {
  /** @returns undefined to start from the beginning. */
  loadCursor(orderbook: Address): Promise<C | undefined>
  persistCursor(orderbook: Address, cursor: C): Promise<void>
}

/** What a live book asks of a code cache: to take in the code that polls bring, and to say what is there. */
export type LiveCodeCache = Pick<StaticCodeCache, 'ingest' | 'isReady' | 'size'>

/** Is told of each poll. What it throws is ignored: telemetry never disturbs a sync. */
export interface MetricsSink {
  recordStatus(status: LiveStatus): void
  recordProgress(progress: SyncProgress): void
}

/** Tells nobody. */
export const noopMetrics: MetricsSink = { recordStatus: () => undefined, recordProgress: () => undefined }

/** Snapshots in memory, as JSON text, so that no one shares them. */
export function createInMemorySnapshotStore(): SnapshotStore {
  const texts = new Map<Address, string>()
  return {
    async loadSnapshot(orderbook) {
      const text = texts.get(orderbook)
      // Written below.
      return text === undefined ? undefined : (JSON.parse(text) as SnapshotBundle)
    },
    async persistSnapshot(bundle) {
      texts.set(bundle.orderbook, JSON.stringify(bundle))
    },
  }
}

export function createInMemoryCursorStore<C extends Value>(): CursorStore<C> {
  const cursors = new Map<Address, C>()
  return {
    loadCursor: async (orderbook) => cursors.get(orderbook),
    async persistCursor(orderbook, cursor) {
      cursors.set(orderbook, cursor)
    },
  }
}
