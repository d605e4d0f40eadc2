import { createListeners, type Clock, type Replica } from '@freshet/core'
import type { Pulse } from '../sync/heartbeat.ts'
import { makeSyncTick, type ModelCounts, type SyncTick } from './sync-tick.ts'

/** The current `SYNC_TICK`, and word of each new one. */
export type SyncStatus = {
  get(): SyncTick
  /** Calls `listener` with each tick from now on. Returns how to stop. */
  subscribe(listener: (tick: SyncTick) => void): () => void
  pulsed(pulse: Pulse): void
  rowsRead(model: string, rows: number, latestUnixS: number): void
  close(): void
}

/** Throughput is counted over so long at most. */
const windowMs = 10_000

export function createSyncStatus(options: {
  readonly replica: Replica
  readonly clock: Clock
  readonly models: readonly string[]
  readonly reconcileMs: number
  overlaysOf(model: string): number
  onListenerError(error: unknown): void
}): SyncStatus {
  const { replica, clock, reconcileMs, overlaysOf } = options
  const listeners = createListeners<SyncTick>(options.onListenerError)
  const newCounts = (): ModelCounts => ({
    lastTimestamp: undefined,
    lastBatchSize: 0,
    rows: 0,
    sinceUnixMs: clock.now(),
  })
  const models = new Map(options.models.map((model) => [model, newCounts()]))
  let failures = 0
  let head: number | undefined
  let state = replica.status.get().state

  const get = (): SyncTick => {
    const status = replica.status.get()
    const reconcileAtUnixMs = (status.freshness.freshAtUnixMs ?? clock.now()) + reconcileMs
    return makeSyncTick({ status, clock, models, failures, head, reconcileAtUnixMs, overlaysOf })
  }
  const tell = (): void => {
    if (listeners.size > 0) listeners.emit(get())
  }
  const stop = replica.status.subscribe((status) => {
    if (status.state === 'retrying' && state !== 'retrying') failures += 1
    if (status.state === 'live') failures = 0
    state = status.state
    tell()
  })

  return {
    get,
    subscribe: listeners.add,
    pulsed(pulse) {
      head = pulse.head
      tell()
    },
    rowsRead(model, rows, latestUnixS) {
      const counts = models.get(model)
      if (!counts) return
      if (clock.now() - counts.sinceUnixMs > windowMs)
        Object.assign(counts, { rows: 0, sinceUnixMs: clock.now() })
      counts.rows += rows
      counts.lastBatchSize = rows
      if (latestUnixS > 0) counts.lastTimestamp = Math.max(counts.lastTimestamp ?? 0, latestUnixS)
    },
    close: stop,
  }
}
