import type { Clock } from '../clock.ts'

/** Time that passes only when told to. */
export type VirtualClock = Clock & {
  /** Lets time pass, running what falls due in order, each with all that follows from it. */
  advance(byMs: number): Promise<void>
  /** Lets everything that waits for no time run. */
  settle(): Promise<void>
}

/**
 * Enough turns for the longest chain of promises between two timers. A chain
 * that is longer goes on at the next timer: slower, not wrong.
 */
const turns = 60

export function createVirtualClock(startUnixMs = 1_700_000_000_000): VirtualClock {
  type Timer = { readonly at: number; readonly order: number; readonly task: () => void }
  let now = startUnixMs
  let order = 0
  const timers = new Set<Timer>()

  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < turns; turn++) await Promise.resolve()
  }
  const nextDue = (until: number): Timer | undefined => {
    let next: Timer | undefined
    for (const timer of timers) {
      if (timer.at > until) continue
      if (!next || timer.at < next.at || (timer.at === next.at && timer.order < next.order)) next = timer
    }
    return next
  }

  return {
    now: () => now,
    schedule(task, delayMs) {
      const timer: Timer = { at: now + Math.max(0, delayMs), order: order++, task }
      timers.add(timer)
      return () => {
        timers.delete(timer)
      }
    },
    async advance(byMs) {
      const until = now + byMs
      await settle()
      for (let timer = nextDue(until); timer; timer = nextDue(until)) {
        timers.delete(timer)
        now = Math.max(now, timer.at)
        timer.task()
        await settle()
      }
      now = until
    },
    settle,
  }
}
