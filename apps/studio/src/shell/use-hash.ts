import { useSyncExternalStore } from 'react'

/** The part of the address behind `#`: kept over a reload, shared by a second window. */
export function useHash(): readonly [string, (hash: string) => void] {
  const hash = useSyncExternalStore(subscribe, () => decodeURIComponent(location.hash.slice(1)))
  return [hash, setHash]
}

function setHash(hash: string): void {
  // Slashes may stand here as they are.
  location.hash = encodeURIComponent(hash).replaceAll('%2F', '/')
}

function subscribe(listener: () => void): () => void {
  window.addEventListener('hashchange', listener)
  return () => window.removeEventListener('hashchange', listener)
}
