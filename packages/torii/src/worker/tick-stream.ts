import { createListeners, type Clock } from '@freshet/core'
import type { SyncTick } from '../client/sync-tick.ts'

/** The newest `SYNC_TICK` of a synchroniser elsewhere, and word of each new one. */
export type TickStream = {
  get(): SyncTick
  subscribe(listener: (tick: SyncTick) => void): () => void
  tell(tick: SyncTick): void
}

export function createTickStream(clock: Clock, onListenerError: (error: unknown) => void): TickStream {
  const listeners = createListeners<SyncTick>(onListenerError)
  let newest = firstTick(clock.now())
  return {
    get: () => newest,
    subscribe: listeners.add,
    tell(tick) {
      newest = tick
      listeners.emit(tick)
    },
  }
}

/** What is told when the synchroniser is no more. */
export function haltedTick(tick: SyncTick): SyncTick {
  return {
    ...tick,
    overall: { ...tick.overall, state: 'halted' },
    models: tick.models.map((model) => ({ ...model, status: 'idle', nextPollInMs: 0 })),
  }
}

/** Before anything was told. */
export function firstTick(now: number): SyncTick {
  return {
    clock: now,
    overall: {
      state: 'idle',
      lastSyncedAt: undefined,
      lagMs: undefined,
      pendingOverlayCount: 0,
      progress: undefined,
      lastError: undefined,
      head: undefined,
      headAtUnixMs: undefined,
    },
    models: [],
  }
}
