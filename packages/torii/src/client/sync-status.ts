import { createListeners, type Clock, type Replica } from '@freshet/core'
import type { Pulse } from '../sync/heartbeat.ts'
import { makeSyncTick, type ModelCounts, type SyncTick } from './sync-tick.ts'

/** The current `SYNC_TICK`, and word of each new one. */
export type SyncStatus = {
  get(): SyncTick
  /** Calls `listener` with each tick from now on. Returns how to stop. */
  subscribe(listener: (tick: SyncTick) => void): () => void
  pulsed(pulse: Pulse): void
  rowsRead(model: string, rows: number, latestUnixS: number, cursor?: string): void
  close(): void
}

/** Throughput is counted over so long at most. */
const windowMs = 10_000

export function createSyncStatus(options: {
  readonly replica: Replica
  readonly clock: Clock
  /** The tables that are synchronised now. */
  tables(): readonly string[]
  readonly reconcileMs: number
  onListenerError(error: unknown): void
}): SyncStatus {
  const { replica, clock, reconcileMs } = options
  const listeners = createListeners<SyncTick>(options.onListenerError)
  const newCounts = (): ModelCounts => ({
    lastCursor: undefined,
    lastTimestamp: undefined,
    lastBatchSize: 0,
    rows: 0,
    sinceUnixMs: clock.now(),
  })
  const counts = new Map<string, ModelCounts>()
  const countsOf = (table: string): ModelCounts => {
    let known = counts.get(table)
    if (!known) counts.set(table, (known = newCounts()))
    return known
  }
  let failures = 0
  let state = replica.status.get().state

  const get = (): SyncTick => {
    const status = replica.status.get()
    const reconcileAtUnixMs = (status.freshness.freshAtUnixMs ?? clock.now()) + reconcileMs
    const models = new Map(options.tables().map((table) => [table, countsOf(table)]))
    return makeSyncTick({ status, clock, models, failures, reconcileAtUnixMs })
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
    // Beside the rest of the status, which tabs that follow are told.
    pulsed: ({ head, blockUnixMs }) =>
      replica.status.update({ freshness: { head, headAtUnixMs: blockUnixMs } }),
    rowsRead(model, rows, latestUnixS, cursor) {
      const of = countsOf(model)
      if (clock.now() - of.sinceUnixMs > windowMs) Object.assign(of, { rows: 0, sinceUnixMs: clock.now() })
      of.rows += rows
      of.lastBatchSize = rows
      if (cursor !== undefined) of.lastCursor = cursor
      if (latestUnixS > 0) of.lastTimestamp = Math.max(of.lastTimestamp ?? 0, latestUnixS)
    },
    close: stop,
  }
}
