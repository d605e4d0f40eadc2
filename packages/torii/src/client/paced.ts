import type { Clock } from '@freshet/core'

/** How often a listener may be called. */
export type Pace = {
  /** At most once in so many milliseconds, the first at once and the last always. */
  readonly throttleMs?: number | undefined
  /** Only once nothing has changed for so many milliseconds. */
  readonly debounceMs?: number | undefined
}

/** Calls `tell` at the given pace with the newest value; the second function stops it. */
export function paced<T>(
  clock: Clock,
  { throttleMs = 0, debounceMs = 0 }: Pace,
  tell: (value: T) => void,
): { push(value: T): void; stop(): void } {
  let newest: { readonly value: T } | undefined
  let cancel: (() => void) | undefined
  let toldAt = -Infinity
  const flush = (): void => {
    cancel = undefined
    if (!newest) return
    const { value } = newest
    newest = undefined
    toldAt = clock.now()
    tell(value)
  }
  return {
    push(value) {
      newest = { value }
      const waitMs = Math.max(debounceMs, toldAt + throttleMs - clock.now())
      if (waitMs <= 0) return flush()
      if (debounceMs > 0) cancel?.()
      else if (cancel) return
      cancel = clock.schedule(flush, waitMs)
    },
    stop() {
      cancel?.()
      cancel = undefined
      newest = undefined
    },
  }
}
