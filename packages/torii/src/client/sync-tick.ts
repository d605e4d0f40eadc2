import type { Clock, Status, SyncState } from '@freshet/core'

/** The synchroniser as a whole, in the words of the plan. */
export type OverallState = 'idle' | 'bootstrapping' | 'streaming' | 'pausing' | 'halted'

export type ModelStatus = 'idle' | 'bootstrapping' | 'streaming' | 'retrying'

/** What is known of the synchroniser at one moment: `SYNC_TICK`. */
export type SyncTick = {
  /** Milliseconds since the Unix epoch. */
  readonly clock: number
  readonly overall: {
    readonly state: OverallState
    readonly lastSyncedAt: number | undefined
    /** Age of what is shown: 0 while it is current; undefined before anything is. */
    readonly lagMs: number | undefined
    readonly pendingOverlayCount: number
    /** Between 0 and 1 where the server counts. */
    readonly progress: number | undefined
    /** Why the last connection ended, until the next is live; what it needs is in its message. */
    readonly lastError: { readonly code: string; readonly message: string } | undefined
    /** The latest block of the indexer, as whoever synchronises has heard. */
    readonly head: number | undefined
    /** When that block was made, where the server tells: an old one says that the indexer lags behind the chain. */
    readonly headAtUnixMs: number | undefined
  }
  readonly models: readonly ModelTick[]
}

export type ModelTick = {
  readonly model: string
  readonly status: ModelStatus
  /** Of the newest page that had another behind it. */
  readonly lastCursor: string | undefined
  /** Unix seconds of the newest change read. */
  readonly lastTimestamp: number | undefined
  readonly lastBatchSize: number
  readonly consecutiveFailures: number
  /** Until the next attempt or the next comparison; 0 when neither is planned. */
  readonly nextPollInMs: number
  readonly overlayPending: number
  readonly throughputPerSec: number
}

/** What is counted of one model. */
export type ModelCounts = {
  lastCursor: string | undefined
  lastTimestamp: number | undefined
  lastBatchSize: number
  rows: number
  sinceUnixMs: number
}

/** The one status machine is the kernel's; these are its states under the names of the plan. */
const overallStates: Readonly<Record<SyncState, OverallState>> = {
  idle: 'idle',
  bootstrapping: 'bootstrapping',
  'catching-up': 'bootstrapping',
  live: 'streaming',
  retrying: 'bootstrapping',
  paused: 'pausing',
  halted: 'halted',
}

const modelStates: Readonly<Record<SyncState, ModelStatus>> = {
  idle: 'idle',
  bootstrapping: 'bootstrapping',
  'catching-up': 'bootstrapping',
  live: 'streaming',
  retrying: 'retrying',
  paused: 'idle',
  halted: 'idle',
}

/** A tick of the synchroniser, which knows no pending changes: see `countOverlays`. */
export function makeSyncTick(options: {
  readonly status: Status
  readonly clock: Clock
  readonly models: ReadonlyMap<string, ModelCounts>
  readonly failures: number
  /** When everything is compared next. */
  readonly reconcileAtUnixMs: number
}): SyncTick {
  const { status, clock, models, failures } = options
  const { state, freshness, progress } = status
  const { freshAtUnixMs, staleSinceUnixMs, nextAttemptAtUnixMs } = freshness
  const now = clock.now()
  const next = nextAttemptAtUnixMs ?? (state === 'live' ? options.reconcileAtUnixMs : now)
  const ticks = [...models].map(([model, counts]): ModelTick => {
    const { lastCursor, lastTimestamp, lastBatchSize, rows, sinceUnixMs } = counts
    return {
      model,
      status: modelStates[state],
      lastCursor,
      lastTimestamp,
      lastBatchSize,
      consecutiveFailures: failures,
      nextPollInMs: Number.isFinite(next) ? Math.max(0, next - now) : 0,
      overlayPending: 0,
      throughputPerSec: rows / Math.max(1, (now - sinceUnixMs) / 1_000),
    }
  })
  return {
    clock: now,
    overall: {
      state: overallStates[state],
      lastSyncedAt: freshAtUnixMs,
      lagMs:
        freshAtUnixMs === undefined ? undefined : staleSinceUnixMs === undefined ? 0 : now - staleSinceUnixMs,
      pendingOverlayCount: 0,
      progress: progress?.fraction,
      lastError: freshness.lastError && {
        code: freshness.lastError.code,
        message: freshness.lastError.message,
      },
      head: freshness.head,
      headAtUnixMs: freshness.headAtUnixMs,
    },
    models: ticks,
  }
}
