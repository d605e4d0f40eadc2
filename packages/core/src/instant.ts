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

/** The instant of a `Date`; `undefined` for an invalid one. */
export function dateInstant(date: Date): Instant | undefined {
  return Number.isNaN(date.getTime()) ? undefined : parseInstant(date.toISOString())
}

function fullZone(zone: string): string {
  if (zone.length === 1) return 'Z'
  const digits = zone.slice(1).replace(':', '').padEnd(4, '0')
  return `${zone.slice(0, 1)}${digits.slice(0, 2)}:${digits.slice(2)}`
}
