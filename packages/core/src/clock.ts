/** Time as a parameter, so that a simulation can run hours in milliseconds. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number
  /** Calls `task` once after `delayMs`; the returned function cancels it. */
  schedule(task: () => void, delayMs: number): () => void
}

/** The longest delay a timer of JavaScript can take; a longer one would run at once. */
const longestDelayMs = 2 ** 31 - 1

/** The machine's own clock. A delay beyond 24 days runs after 24 days. */
export const systemClock: Clock = {
  now: () => Date.now(),
  schedule(task, delayMs) {
    const timer = setTimeout(task, Math.min(delayMs, longestDelayMs))
    return () => clearTimeout(timer)
  },
}

/** Resolves after `delayMs`, or at once when the signal is aborted. */
export function delay(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve()
    const finish = (): void => {
      cancel()
      signal?.removeEventListener('abort', finish)
      resolve()
    }
    const cancel = clock.schedule(finish, delayMs)
    signal?.addEventListener('abort', finish)
  })
}
