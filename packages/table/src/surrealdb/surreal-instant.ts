/** Seconds since the Unix epoch, rounded down, and the nanoseconds beyond them. */
export type SecondsAndNanoseconds = [seconds: bigint, nanoseconds: bigint]

const isoText =
  /^((?:[+-]\d{6}|\d{4})-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?)(?:\.(\d{1,9})0*)?\s?(Z|[+-]\d\d:?\d\d)?)?$/i

/** The instant of an ISO 8601 text, UTC where it names no zone; `undefined` when it is none or finer than that. */
export function textToInstant(text: string): SecondsAndNanoseconds | undefined {
  const match = isoText.exec(text)
  if (match === null) return undefined
  const [, day = '', time = '00:00', fraction = '', zone = 'Z'] = match
  const ms = Date.parse(`${day}T${time}${zone.replace(/(\d\d)(\d\d)$/, '$1:$2').toUpperCase()}`)
  if (Number.isNaN(ms)) return undefined
  return [BigInt(ms / 1000), BigInt(fraction.padEnd(9, '0'))]
}

/** ISO 8601 in UTC, with as many digits of a second as it takes. */
export function instantToText(seconds: bigint, nanoseconds: bigint): string {
  const second = new Date(Number(seconds) * 1000).toISOString().slice(0, -5)
  const fraction = String(nanoseconds).padStart(9, '0').replace(/0+$/, '')
  return fraction === '' ? `${second}Z` : `${second}.${fraction}Z`
}
