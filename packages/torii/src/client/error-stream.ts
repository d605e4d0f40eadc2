import { createListeners } from '@freshet/core'

/** What happened, told to each listener; what happened before the first is kept for it. */
export type ErrorStream<E> = {
  subscribe(listener: (error: E) => void): () => void
}

/** More unheard errors than this are not kept. */
const maxUnheard = 100

export function createErrorStream<E>(
  onListenerError: (error: unknown) => void,
): ErrorStream<E> & { emit(error: E): void } {
  const listeners = createListeners<E>(onListenerError)
  let unheard: E[] = []
  return {
    emit(error) {
      if (listeners.size > 0) return listeners.emit(error)
      if (unheard.length < maxUnheard) unheard.push(error)
    },
    subscribe(listener) {
      const stop = listeners.add(listener)
      const waiting = unheard
      unheard = []
      for (const error of waiting) listeners.emit(error)
      return stop
    },
  }
}
