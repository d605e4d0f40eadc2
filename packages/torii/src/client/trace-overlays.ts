import { createListeners, FreshetError, valuesEqual, type Replica } from '@freshet/core'
import { canonicalFelt } from '../values/felt.ts'
import type { OverlayOutcome, OverlayRequest, Overlays } from './overlays.ts'

/** One step in the life of a pending change, for finding out why something was shown. */
export type OverlayTrace = {
  readonly transactionId: string
  readonly entityId: string
  readonly model: string
} & (
  | { readonly kind: 'submitted' }
  /** Another change of the same entity is pending, and the guard did not accept what it would become. */
  | { readonly kind: 'refused'; readonly message: string }
  /** The world changed members that the change sets, to something else. */
  | { readonly kind: 'overtaken'; readonly members: readonly string[] }
  | { readonly kind: 'settled'; readonly outcome: OverlayOutcome }
)

/** Overlays as they are, with word of what becomes of each. */
export function traceOverlays(
  overlays: Overlays,
  replica: Replica,
  onListenerError: (error: unknown) => void,
): { readonly overlays: Overlays; subscribe(listener: (trace: OverlayTrace) => void): () => void } {
  const listeners = createListeners<OverlayTrace>(onListenerError)
  return {
    // A getter would be copied as the number it is now.
    overlays: {
      ...overlays,
      submit,
      get size() {
        return overlays.size
      },
    },
    subscribe: listeners.add,
  }

  function submit(request: OverlayRequest): ReturnType<Overlays['submit']> {
    const { transactionId, model } = request
    const about = { transactionId, model, entityId: canonicalFelt(request.entityId) }
    const stop = watchOvertaken(replica, about, request, (members) =>
      listeners.emit({ ...about, kind: 'overtaken', members }),
    )
    try {
      const handle = overlays.submit(request)
      listeners.emit({ ...about, kind: 'submitted' })
      void handle.settled.then((outcome) => {
        stop()
        listeners.emit({ ...about, kind: 'settled', outcome })
      })
      return handle
    } catch (error) {
      stop()
      if (error instanceof FreshetError) listeners.emit({ ...about, kind: 'refused', message: error.message })
      throw error
    }
  }
}

function watchOvertaken(
  replica: Replica,
  { entityId, model }: { readonly entityId: string; readonly model: string },
  { payload }: OverlayRequest,
  tell: (members: readonly string[]) => void,
): () => void {
  const collection = replica.collection(model)
  let before = collection.confirmed(entityId)
  // A row that only now comes may be as it always was, and one that a reset drops comes again.
  let isKnown = before !== undefined || collection.complete
  return collection.subscribe(({ ids }) => {
    if (ids !== 'all' && !ids.includes(entityId)) return
    const now = collection.confirmed(entityId)
    const wasKnown = isKnown
    isKnown = now !== undefined || collection.complete
    const overtaken = Object.keys(payload).filter(
      (member) =>
        !valuesEqual(before?.[member], now?.[member]) && !valuesEqual(payload[member], now?.[member]),
    )
    before = now
    if (wasKnown && isKnown && overtaken.length > 0) tell(overtaken)
  })
}
