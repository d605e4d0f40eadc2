/** A set of listeners; one that throws neither stops the others nor the caller. */
export type Listeners<E> = {
  readonly size: number
  add(listener: (event: E) => void): () => void
  emit(event: E): void
}

export function createListeners<E>(onError: (error: unknown) => void): Listeners<E> {
  const listeners = new Set<(event: E) => void>()
  return {
    get size() {
      return listeners.size
    },
    add(listener) {
      // Wrapped, so that the same function can be added twice and removed once.
      const entry = (event: E): void => listener(event)
      listeners.add(entry)
      return () => {
        listeners.delete(entry)
      }
    },
    emit(event) {
      for (const listener of listeners) {
        try {
          listener(event)
        } catch (error) {
          onError(error)
        }
      }
    },
  }
}
