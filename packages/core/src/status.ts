import type { Need } from './batch.ts'
import type { FreshetError } from './errors.ts'
import { createListeners } from './listeners.ts'

/**
 * - `idle`: not started, or stopped.
 * - `bootstrapping`: the first read of everything.
 * - `catching-up`: closing the gap after a restart or a lost connection.
 * - `live`: changes arrive as they happen.
 * - `retrying`: the source failed; the next attempt is at `nextAttemptAtUnixMs`.
 * - `paused`: the host asked for it.
 * - `halted`: needs the host; `lastError` says why.
 */
export type SyncState = 'idle' | 'bootstrapping' | 'catching-up' | 'live' | 'retrying' | 'paused' | 'halted'

/** How true to the remote a replica is, and what it is doing about it [P1–P4]. */
export type Status = {
  readonly state: SyncState
  readonly role: 'leader' | 'follower'
  /** What parked batches wait for. */
  readonly pending: readonly Need[]
  /** The store fails: memory serves on, durable writes are refused. */
  readonly degraded?: FreshetError | undefined
  readonly freshness: Freshness
  readonly progress?: Progress | undefined
}

export type Freshness = {
  /** When the replica was last known to be equal to the remote. */
  readonly freshAtUnixMs?: number | undefined
  /** Since when changes may have been missed; `undefined` while live. */
  readonly staleSinceUnixMs?: number | undefined
  readonly lastError?: FreshetError | undefined
  readonly nextAttemptAtUnixMs?: number | undefined
  /** How far the remote is, such as the latest block, where the source tells. */
  readonly head?: number | undefined
  /** When that block was made: whether the remote itself lags behind. */
  readonly headAtUnixMs?: number | undefined
}

export type Progress = {
  readonly done: number
  readonly total: number | undefined
  readonly fraction: number | undefined
}

/** The current status, and word of each change. */
export type StatusCell = {
  get(): Status
  update(change: Partial<Omit<Status, 'freshness'>> & { freshness?: Partial<Freshness> }): void
  subscribe(listener: (status: Status) => void): () => void
}

export function createStatusCell(onListenerError: (error: unknown) => void): StatusCell {
  const listeners = createListeners<Status>(onListenerError)
  let status: Status = {
    state: 'idle',
    role: 'leader',
    pending: [],
    freshness: {},
  }
  return {
    get: () => status,
    update(change) {
      status = { ...status, ...change, freshness: { ...status.freshness, ...change.freshness } }
      listeners.emit(status)
    },
    subscribe: listeners.add,
  }
}
