/**
 * A point in time: whole seconds as Unix milliseconds, and the digits of the
 * fraction of a second without zeros at the end. Exact for any number of digits.
 */
export type Instant = { readonly second: number; readonly fraction: string }

const isoText =
  /^((?:[+-]\d{6}|\d{4})-\d\d-\d\d)(?:[T ](\d\d:\d\d)(:\d\d)?(?:[.,](\d+))?\s?(?:Z|([+-]\d\d)(?::?(\d\d))?)?)?$/i

/** The instant of an ISO 8601 text, or `undefined` when it is not one. Without a zone it is UTC. */
export function parseInstant(text: string): Instant | undefined {
  const match = isoText.exec(text)
  if (match === null) return undefined
  const [, day, time = '00:00', seconds = ':00', fraction = '', hours, minutes = '00'] = match
  const zone = hours === undefined ? 'Z' : `${hours}:${minutes}`
  const second = Date.parse(`${day}T${time}${seconds}${zone}`)
  return Number.isNaN(second) ? undefined : { second, fraction: fraction.replace(/0+$/, '') }
}

/** The instant of a `Date`; `undefined` for an invalid one. */
export function dateInstant(date: Date): Instant | undefined {
  return Number.isNaN(date.getTime()) ? undefined : parseInstant(date.toISOString())
}
