import type { Status } from '@freshet/core'

/** What of a status is shown. */
export type ShownStatus = {
  readonly state: Status['state']
  readonly progress?: { readonly fraction: number | undefined } | undefined
  readonly degraded?: { readonly message: string } | undefined
  readonly freshness: Pick<
    Status['freshness'],
    'freshAtUnixMs' | 'staleSinceUnixMs' | 'nextAttemptAtUnixMs'
  > & { readonly lastError?: { readonly message: string } | undefined }
}

/** What the strip says. `tone` picks its colour. */
export type FreshnessWords = {
  readonly tone: 'live' | 'working' | 'waiting' | 'failed'
  readonly state: string
  readonly source: 'cache' | 'remote'
  /** How old what is shown may be, or since when it may miss something. */
  readonly age: string
  readonly next: string | undefined
  readonly trouble: string | undefined
}

export function describeFreshness(status: ShownStatus, nowUnixMs: number): FreshnessWords {
  const { freshAtUnixMs, staleSinceUnixMs, nextAttemptAtUnixMs, lastError } = status.freshness
  const isLive = status.state === 'live'
  return {
    // An attempt under way after a failed one is still waiting: the strip must not flicker with each.
    tone: tones[status.state] === 'working' && lastError !== undefined ? 'waiting' : tones[status.state],
    state: stateWords(status),
    source: isLive ? 'remote' : 'cache',
    age: isLive
      ? ageWords('checked', freshAtUnixMs, nowUnixMs)
      : staleWords(staleSinceUnixMs, freshAtUnixMs, nowUnixMs),
    next:
      nextAttemptAtUnixMs === undefined
        ? undefined
        : `next attempt in ${Math.max(0, Math.ceil((nextAttemptAtUnixMs - nowUnixMs) / 1_000))} s`,
    trouble: status.degraded?.message ?? (isLive ? undefined : lastError?.message),
  }
}

const tones: { readonly [state in Status['state']]: FreshnessWords['tone'] } = {
  idle: 'waiting',
  bootstrapping: 'working',
  'catching-up': 'working',
  live: 'live',
  retrying: 'waiting',
  paused: 'waiting',
  halted: 'failed',
}

function stateWords({ state, progress }: ShownStatus): string {
  const words = state.replace('-', ' ')
  return progress?.fraction === undefined ? words : `${words} ${Math.round(progress.fraction * 100)} %`
}

function staleWords(since: number | undefined, freshAt: number | undefined, now: number): string {
  const from = since ?? freshAt
  if (from === undefined) return 'nothing read yet'
  return `stale since ${timeOfDay(from)} (${spanWords(now - from)})`
}

function ageWords(word: string, at: number | undefined, now: number): string {
  return at === undefined ? `${word} just now` : `${word} ${spanWords(now - at)} ago`
}

/** A span in the one unit that says enough. */
export function spanWords(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000))
  if (seconds < 90) return `${seconds} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 90) return `${minutes} min`
  const hours = Math.floor(minutes / 60)
  return hours < 48 ? `${hours} h` : `${Math.floor(hours / 24)} days`
}

function timeOfDay(unixMs: number): string {
  return new Date(unixMs).toLocaleTimeString([], {
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hour12: false,
  })
}
