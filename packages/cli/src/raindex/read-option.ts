import type { Address } from '@freshet/raindex/engine'
import { badCall } from '../parse-call.ts'

/**
 * A whole number that the person gave.
 *
 * @param what - What the option takes.
 * @throws {FreshetError} `cli/bad-call`.
 */
export function readCount(option: string, what: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const count = Number(text)
  if (/^\d+$/.test(text) && Number.isSafeInteger(count)) return count
  throw badCall(`${option} takes ${what}, not ${JSON.stringify(text.slice(0, 80))}.`)
}

/**
 * An address that the person gave.
 *
 * @throws {FreshetError} `cli/bad-call`.
 */
export function readAddress(option: string, text: string | undefined): Address | undefined {
  if (text === undefined) return undefined
  // Its shape is checked first.
  if (/^0x[0-9a-f]{40}$/i.test(text)) return text.toLowerCase() as Address
  throw badCall(`${option} takes an address, not ${JSON.stringify(text.slice(0, 80))}.`)
}
