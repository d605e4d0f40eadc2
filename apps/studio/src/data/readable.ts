import { useSyncExternalStore } from 'react'

/** A value that changes: what it is now, and word of each change. `get` gives the same object until then. */
export type Readable<T> = {
  get(): T
  subscribe(listener: () => void): () => void
}

/** The current value; the component renders again when it changes. */
export function useReadable<T>({ get, subscribe }: Readable<T>): T {
  return useSyncExternalStore(subscribe, get)
}
