import { createListeners, type Value } from '@freshet/core'
import { RaindexError, type ArtifactId, type Orderbook, type SnapshotBundle } from '../engine/index.ts'
import {
  noopMetrics,
  type CursorStore,
  type LiveCodeCache,
  type MetricsSink,
  type SnapshotStore,
} from './adapters.ts'
import type { Applied, LiveBook } from './live-book.ts'
import type { LiveStatus } from './live-status.ts'
import { distinctArtifacts } from './missing-code.ts'
import type { PollResult, SyncEngine } from './sync-engine.ts'

export type LiveSyncOptions<C extends Value> = {
  readonly orderbook: Orderbook
  readonly syncEngine: SyncEngine<C>
  readonly codeCache: LiveCodeCache
  readonly snapshots?: SnapshotStore | undefined
  readonly cursors?: CursorStore<C> | undefined
  readonly metrics?: MetricsSink | undefined
  snapshot(): SnapshotBundle
  /** Puts the book back to a block at or before this one, or to the start. Default: what cannot be undone stops it. */
  readonly beginAgain?: ((atOrBefore: number) => Promise<void>) | undefined
  /** Of the state. */
  blockNumber(): number
}

/** The polls of a live order book, one at a time, and the status they lead to. */
export type LiveSync = {
  readonly status: LiveStatus
  subscribe(listener: (status: LiveStatus) => void): () => void
  syncOnce(): Promise<LiveStatus>
  reset(): void
}

const idle: LiveStatus = { phase: 'Idle', pending: { artifacts: [] }, advisories: ['Ready'], stale: false }

export function createLiveSync<C extends Value>(book: LiveBook<C>, options: LiveSyncOptions<C>): LiveSync {
  const { orderbook, syncEngine, codeCache, metrics = noopMetrics } = options
  const listeners = createListeners<LiveStatus>(() => undefined)
  let status = withPending(idle, book.missing())
  let running: Promise<LiveStatus> | undefined
  let unsaved = false

  const show = (next: LiveStatus): LiveStatus => {
    status = next
    listeners.emit(next)
    return next
  }
  const orStale = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work()
    } catch (error) {
      show({ ...status, stale: true })
      throw error
    }
  }
  /** Undefined: the fork that it tells of cannot be undone, and nothing was applied. */
  const apply = (result: PollResult<C>): Applied | undefined => {
    try {
      codeCache.ingest(result.bytecode)
      return book.applyPoll(result)
    } catch (error) {
      if (options.beginAgain !== undefined && isBeyondHistory(error)) return undefined
      show(errored(status, error))
      throw error
    }
  }
  const isDue = (): boolean => options.snapshots?.isDue?.(options.blockNumber()) ?? true
  const save = async (): Promise<void> => {
    await book.replica.flushed()
    if (unsaved && isDue()) {
      await options.snapshots?.persistSnapshot(options.snapshot())
      unsaved = false
    }
    if (book.cursor !== undefined) await options.cursors?.persistCursor(orderbook.address, book.cursor)
  }
  /** Nothing of the poll was taken in: the next one goes on from where the book is then. */
  const beginAgain = async ({ rewindTo }: PollResult<C>): Promise<LiveStatus> => {
    await orStale(async () => options.beginAgain?.(rewindTo?.blockNumber ?? -1))
    unsaved = true
    await orStale(save)
    return show(withPending({ ...idle, phase: 'Syncing' }, book.missing()))
  }
  const poll = async (): Promise<LiveStatus> => {
    const result = await orStale(() => syncEngine.poll(orderbook.address, book.cursor))
    const applied = apply(result)
    if (applied === undefined) return beginAgain(result)
    unsaved ||= applied.changed
    await orStale(save)
    const next = statusAfter(result, applied, book.missing(), codeCache)
    tell(metrics, result, applied, book.queue.size, next)
    return show(next)
  }

  return {
    get status() {
      return status
    },
    subscribe: (listener) => listeners.add(listener),
    syncOnce() {
      if (status.phase === 'Errored') return Promise.reject(stopped(status))
      running ??= poll().finally(() => {
        running = undefined
      })
      return running
    },
    reset() {
      book.rebuildIfBroken()
      show(withPending(idle, book.missing()))
    },
  }
}

function isBeyondHistory(error: unknown): boolean {
  return error instanceof RaindexError && error.errorName === 'ForkBeyondHistory'
}

function statusAfter<C extends Value>(
  { bytecode, pendingArtifacts }: PollResult<C>,
  applied: Applied,
  missing: readonly ArtifactId[],
  codeCache: LiveCodeCache,
): LiveStatus {
  const fetching = pendingArtifacts.filter((artifact) => !codeCache.isReady(artifact))
  const busy = applied.batches > 0 || bytecode.length > 0
  const settled: LiveStatus = { ...idle, phase: busy ? 'Syncing' : 'Idle' }
  return withPending(settled, [...missing, ...fetching])
}

function withPending(settled: LiveStatus, artifacts: readonly ArtifactId[]): LiveStatus {
  if (artifacts.length === 0) return settled
  const distinct = distinctArtifacts(artifacts)
  return {
    ...settled,
    phase: 'PendingArtifacts',
    pending: { artifacts: distinct },
    advisories: ['WarmingUp'],
  }
}

function errored({ pending }: LiveStatus, error: unknown): LiveStatus {
  const reason = error instanceof Error ? error.message : String(error)
  return { phase: 'Errored', pending, advisories: [{ Degraded: { reason } }], stale: true }
}

/** Telemetry never disturbs a sync: a sink that throws has itself to tell. */
function tell<C extends Value>(
  metrics: MetricsSink,
  { bytecode }: PollResult<C>,
  { batches, mutations }: Applied,
  deferredMutations: number,
  status: LiveStatus,
): void {
  const cachedArtifacts = bytecode.length
  const progress = { appliedBatches: batches, mutationCount: mutations, cachedArtifacts, deferredMutations }
  quietly(() => metrics.recordProgress(progress))
  quietly(() => metrics.recordStatus(status))
}

function quietly(work: () => void): void {
  try {
    work()
  } catch {
    // Nothing to be done about it here.
  }
}

function stopped({ advisories }: LiveStatus): RaindexError {
  const [advisory] = advisories
  const reason = typeof advisory === 'object' ? advisory.Degraded.reason : 'unknown'
  return new RaindexError('LiveErrored', `Syncing has stopped: ${reason} Mend it and call reset.`, { reason })
}
