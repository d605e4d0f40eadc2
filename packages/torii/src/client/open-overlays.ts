import type { Clock, Replica } from '@freshet/core'
import type { ReactiveClientOptions } from './client-options.ts'
import type { OverlayTimeoutError } from './errors.ts'
import { createOverlays } from './overlays.ts'
import { traceOverlays } from './trace-overlays.ts'

/** Pending changes over a replica, by the options of a client. */
export function openOverlays(
  { overlayOptions }: Pick<ReactiveClientOptions, 'overlayOptions'>,
  replica: Replica,
  clock: Clock,
  onTimeout: (error: OverlayTimeoutError) => void,
  onListenerError: (error: unknown) => void,
) {
  const guardPollMs = overlayOptions?.guardPollIntervalMs ?? 500
  const defaultTimeoutMs = overlayOptions?.timeoutMs ?? 30_000
  const plain = createOverlays({ replica, clock, defaultTimeoutMs, guardPollMs, onTimeout, onListenerError })
  const { overlays, subscribe: trace } = traceOverlays(plain, replica, onListenerError)
  return { guardPollMs, overlays, trace }
}
