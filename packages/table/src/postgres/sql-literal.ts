import type { Tagged } from '@freshet/core'

/** A number as the text of the `numeric` that means the same: whole doubles exactly, fractions by their shortest text. */
export function decimalToSql(value: number | bigint | Tagged): string {
  if (typeof value === 'object') return value.text
  return typeof value === 'number' && Number.isInteger(value) ? BigInt(value).toString() : String(value)
}

export function bytesToSql(value: Uint8Array): string {
  return `\\x${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('hex')}`
}
