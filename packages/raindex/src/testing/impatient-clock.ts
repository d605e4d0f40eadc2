import type { Clock } from '@freshet/core'

/** Time that passes as soon as nothing else happens, for code that waits for promises and answers. */
export type ImpatientClock = Clock & {
  /** Lets time pass, running what falls due in order, each with what follows from it. */
  advance(byMs: number): Promise<void>
}

/** Turns of the event loop in which an answer that is there arrives. */
const turns = 4

export function createImpatientClock(startUnixMs = 1_700_100_000_000): ImpatientClock {
  type Timer = { readonly at: number; readonly order: number; readonly task: () => void }
  const timers = new Set<Timer>()
  let now = startUnixMs
  let order = 0
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < turns; turn++) await new Promise<void>((resolve) => setImmediate(resolve))
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
      return () => void timers.delete(timer)
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
  }
}
