/**
 * A point in time: whole seconds as Unix milliseconds, and the digits of the
 * fraction of a second without zeros at the end. Exact for any number of digits.
 */
export type Instant = { readonly second: number; readonly fraction: string }

const isoText =
  /^((?:[+-]\d{6}|\d{4})-\d\d-\d\d)(?:[T ](\d\d:\d\d)(:\d\d)?(?:[.,](\d+))?\s?(Z|[+-]\d\d(?::?\d\d)?)?)?$/i

/** The instant of an ISO 8601 text, or `undefined` when it is not one. Without a zone it is UTC. */
export function parseInstant(text: string): Instant | undefined {
  const match = isoText.exec(text)
  if (match === null) return undefined
  const [, day, time = '00:00', seconds = ':00', fraction = '', zone = 'Z'] = match
  const second = Date.parse(`${day}T${time}${seconds}${fullZone(zone)}`)
  return Number.isNaN(second) ? undefined : { second, fraction: fraction.replace(/0+$/, '') }
}

/** The instant of a `Date`; an invalid date has the second NaN. */
export function dateInstant(date: Date): Instant {
  const ms = date.getTime()
  const rest = ((ms % 1000) + 1000) % 1000
  const fraction = String(rest).padStart(3, '0').replace(/0+$/, '')
  return { second: ms - rest, fraction }
}

/** Earlier first; an invalid date is after every other. */
export function compareInstants(a: Instant, b: Instant): number {
  if (a.second < b.second) return -1
  if (a.second > b.second) return 1
  if (a.second !== b.second) return Number(Number.isNaN(a.second)) - Number(Number.isNaN(b.second))
  if (a.fraction === b.fraction) return 0
  return a.fraction < b.fraction ? -1 : 1
}

function fullZone(zone: string): string {
  if (zone.length === 1) return 'Z'
  const digits = zone.slice(1).replace(':', '').padEnd(4, '0')
  return `${zone.slice(0, 1)}${digits.slice(0, 2)}:${digits.slice(2)}`
}
