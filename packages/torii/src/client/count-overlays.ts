import { createListeners, type Clock } from '@freshet/core'
import type { Overlays } from './overlays.ts'
import { paced } from './paced.ts'
import type { SyncStatus } from './sync-status.ts'
import type { SyncTick } from './sync-tick.ts'

type Ticks = Pick<SyncStatus, 'get' | 'subscribe'>

/** Where pending changes alone change, a tick is told so often at most. */
const overlayTickMs = 100

/**
 * Ticks with the pending changes of this thread counted in. They are also told
 * when only those counts change: the first change at once, those that follow
 * within the window as one.
 */
export function countOverlays(
  ticks: Ticks,
  overlays: Pick<Overlays, 'size' | 'countOf' | 'subscribe'>,
  clock: Clock,
  onListenerError: (error: unknown) => void,
): Ticks & { close(): void } {
  const listeners = createListeners<SyncTick>(onListenerError)
  const get = (): SyncTick => withCounts(ticks.get(), overlays)
  let told = ''
  const tell = (tick: SyncTick): void => {
    told = countsOf(tick)
    listeners.emit(tick)
  }
  const pace = paced<undefined>(clock, { throttleMs: overlayTickMs }, () => {
    const tick = get()
    // What came and went within the window, or was told with a tick of the synchroniser.
    if (countsOf(tick) !== told) tell(tick)
  })
  let stops: readonly (() => void)[] = []
  const close = (): void => {
    pace.stop()
    for (const stop of stops) stop()
    stops = []
  }
  return {
    get,
    // While nobody listens, no tick is made.
    subscribe(listener) {
      const stop = listeners.add(listener)
      if (stops.length === 0) {
        told = countsOf(get())
        stops = [
          ticks.subscribe((tick) => tell(withCounts(tick, overlays))),
          overlays.subscribe(() => pace.push(undefined)),
        ]
      }
      return () => {
        stop()
        if (listeners.size === 0) close()
      }
    },
    close,
  }
}

function withCounts(tick: SyncTick, overlays: Pick<Overlays, 'size' | 'countOf'>): SyncTick {
  return {
    ...tick,
    overall: { ...tick.overall, pendingOverlayCount: overlays.size },
    models: tick.models.map((model) => ({ ...model, overlayPending: overlays.countOf(model.model) })),
  }
}

function countsOf({ overall, models }: SyncTick): string {
  return [overall.pendingOverlayCount, ...models.map(({ overlayPending }) => overlayPending)].join()
}
