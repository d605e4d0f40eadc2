import { silentLog, systemClock, type Clock, type Log } from '@freshet/core'
import type { SyncWorkerOptions } from '../client/client-options.ts'
import type { ErrorStream } from '../client/error-stream.ts'
import type { ReactiveError } from '../client/errors.ts'
import type { SyncTick } from '../client/sync-tick.ts'
import type { SyncInit } from './messages.ts'
import { initOf } from './remote-core.ts'
import { createSyncController } from './sync-controller.ts'

/** A world that is kept on the disk by a worker, with nobody reading it here. */
export type SyncWorker = {
  /** Resolves once the durable copy is a consistent state; rejects when synchronising stops before. Another after `reset`. */
  readonly ready: Promise<void>
  readonly errors: ErrorStream<ReactiveError>
  readonly syncStatus: { get(): SyncTick; subscribe(listener: (tick: SyncTick) => void): () => void }
  pause(): Promise<void>
  resume(): Promise<void>
  /** Drops what is stored and reads the world again. */
  reset(): Promise<void>
  /** Stops synchronising, closes the store and ends the worker. */
  shutdown(): Promise<void>
}

/**
 * Starts a worker that keeps a durable copy of a world and sends no rows: for a
 * server that warms it up, or a command line that only watches progress.
 */
export function createSyncWorker(
  options: Omit<SyncInit, 'database'> & {
    readonly worker: SyncWorkerOptions
    readonly clock?: Clock | undefined
    readonly log?: Log | undefined
  },
): SyncWorker {
  const { worker, clock = systemClock, log = silentLog } = options
  const controller = createSyncController({
    worker,
    init: initOf(options, worker),
    clock,
    log,
  })
  const { errors, ticks, begin, request, close } = controller
  begin()
  return {
    get ready() {
      return controller.ready
    },
    errors,
    syncStatus: ticks,
    pause: async () => void (await request({ ask: 'pause' })),
    resume: async () => void (await request({ ask: 'resume' })),
    reset: async () => void (await request({ ask: 'reset' })),
    shutdown: close,
  }
}
