import { delay, type Clock } from './clock.ts'

/** A wait that can be cut short, also by a call that came before it. */
export type Wake = {
  now(): void
  wait(clock: Clock, forMs: number, signal: AbortSignal): Promise<void>
}

export function createWake(): Wake {
  let controller = new AbortController()
  return {
    now: () => controller.abort(),
    async wait(clock, forMs, signal) {
      await delay(clock, forMs, AbortSignal.any([controller.signal, signal]))
      controller = new AbortController()
    },
  }
}
