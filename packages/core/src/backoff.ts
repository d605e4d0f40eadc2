import type { Random } from './random.ts'

/** How long to wait before trying again, growing from `baseMs` to `capMs`. */
export type Backoff = {
  readonly baseMs: number
  readonly capMs: number
  /** Share of the wait that chance may add or take away, so that clients do not return in step. */
  readonly jitter: number
}

export const defaultBackoff: Backoff = { baseMs: 200, capMs: 30_000, jitter: 0.1 }

/** The wait before attempt number `attempt`, from 0. */
export function backoffMs(backoff: Backoff, attempt: number, random: Random): number {
  const base = Math.min(backoff.capMs, backoff.baseMs * 2 ** Math.min(attempt, 30))
  return Math.round(base * (1 + backoff.jitter * (random.next() * 2 - 1)))
}
