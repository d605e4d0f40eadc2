import { datetime, parseInstant, Tagged, type Value } from '@freshet/core'

const microsecondDigits = 6

/**
 * The text PostgreSQL makes of a `timestamptz` (or, read as UTC, of a
 * `timestamp` or `date`) as a value: a `Date` where it has no more than
 * milliseconds, else a tagged datetime. `infinity` stays text.
 */
export function textToInstant(text: string): Value {
  const match = pgInstant.exec(text)
  if (match === null) return text
  const [, year = '', rest = '', time = '00:00:00', fraction = '', zone = '+00', bc] = match
  const day = `${isoYear(bc === undefined ? Number(year) : 1 - Number(year))}${rest}`
  const digits = fraction.replace(/0+$/, '')
  if (digits.length > 3) return datetime(`${day}T${time}.${digits}${isoZone(zone)}`)
  const date = new Date(`${day}T${time}.${digits.padEnd(3, '0')}${isoZone(zone)}`)
  return Number.isNaN(date.getTime()) ? datetime(`${day}T${time}${isoZone(zone)}`) : date
}

/** An instant as PostgreSQL takes it, and whether that is less exact than it was. */
export type PgInstant = { readonly text: string; readonly isRounded: boolean }

/** `undefined` for what is no instant or lies outside what PostgreSQL can hold. */
export function instantToText(value: Value): PgInstant | undefined {
  const iso =
    value instanceof Date
      ? Number.isNaN(value.getTime())
        ? undefined
        : value.toISOString()
      : value instanceof Tagged && value.tag === 'datetime'
        ? value.text
        : typeof value === 'string'
          ? value
          : undefined
  const instant = iso === undefined ? undefined : parseInstant(iso)
  if (instant === undefined) return undefined
  const date = new Date(instant.second)
  const year = date.getUTCFullYear()
  // The first day PostgreSQL has is 24 November of 4714 BC, the last year 294276.
  if (year < -4712) return undefined
  const fraction = instant.fraction.slice(0, microsecondDigits)
  const rest = date
    .toISOString()
    .replace(/^[+-]?\d+/, '')
    .slice(0, 15)
  const era = year <= 0 ? ' BC' : ''
  const shown = String(year <= 0 ? 1 - year : year).padStart(4, '0')
  return {
    text: `${shown}${rest.replace('T', ' ')}${fraction === '' ? '' : `.${fraction}`}+00${era}`,
    isRounded: instant.fraction.length > microsecondDigits,
  }
}

const pgInstant =
  /^(\d{4,6})(-\d\d-\d\d)(?: (\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?([+-]\d\d(?::\d\d)?(?::\d\d)?)?)?( BC)?$/

function isoYear(year: number): string {
  if (year >= 0 && year <= 9999) return String(year).padStart(4, '0')
  return `${year < 0 ? '-' : '+'}${String(Math.abs(year)).padStart(6, '0')}`
}

function isoZone(zone: string): string {
  if (zone === '+00') return 'Z'
  return zone.includes(':') ? zone.slice(0, 6) : `${zone}:00`
}
