import { useSyncExternalStore } from 'react'

/** As in the style sheet. */
const query = '(max-width: 800px)'

/** Whether the window is narrow, as it changes. */
export function useNarrow(): boolean {
  return useSyncExternalStore(subscribe, () => matchMedia(query).matches)
}

function subscribe(listener: () => void): () => void {
  const list = matchMedia(query)
  list.addEventListener('change', listener)
  return () => list.removeEventListener('change', listener)
}
