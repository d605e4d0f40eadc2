/** What the link to a replay says. */
export type ReplayAddress = {
  /** The live order book that is replayed; absent: the recorded one. */
  readonly book?: string | undefined
  readonly order?: string | undefined
  /** Seconds since 1970. */
  readonly time?: number | undefined
  readonly stepSeconds?: number | undefined
}

export const replayPath = '/replay' as const

/** Reads the part of an address behind `#`. What makes no sense is as if it were not there. */
export function readReplayAddress(hash: string): ReplayAddress {
  const [, query = ''] = hash.split('?', 2)
  const parameters = new URLSearchParams(query)
  const step = Number(parameters.get('step') ?? NaN)
  return {
    book: parameters.get('book')?.toLowerCase(),
    order: parameters.get('order') ?? undefined,
    time: readTime(parameters.get('t')),
    stepSeconds: Number.isSafeInteger(step) && step > 0 ? step : undefined,
  }
}

/** The part behind `#` of a link to a moment of a replay: `/replay?t=2026-11-18T10:00:00Z&order=0x…`. */
export function replayAddress({ book, order, time, stepSeconds }: ReplayAddress): string {
  const parameters: string[] = []
  if (time !== undefined) parameters.push(`t=${new Date(time * 1_000).toISOString().replace('.000Z', 'Z')}`)
  if (book !== undefined) parameters.push(`book=${encodeURIComponent(book)}`)
  if (order !== undefined) parameters.push(`order=${encodeURIComponent(order)}`)
  if (stepSeconds !== undefined && stepSeconds !== 1) parameters.push(`step=${stepSeconds}`)
  return parameters.length === 0 ? replayPath : `${replayPath}?${parameters.join('&')}`
}

/** A time of day as ISO text, or whole seconds since 1970. */
function readTime(text: string | null): number | undefined {
  if (text === null) return undefined
  const second = /^\d{1,12}$/.test(text) ? Number(text) : Date.parse(text) / 1_000
  return Number.isFinite(second) ? Math.floor(second) : undefined
}
