import { decimalParts, type DecimalParts, type Tagged } from '@freshet/core'
import type { KeyBytes } from './key-bytes.ts'

// Tags of the numeric part of the order; see SPEC.md ST6. Never renumber: keys are on disks.
const negative = 0x10
const zero = 0x11
const positive = 0x12
const nan = 0x13
const oddDecimal = 0x14

// Below this, base-100 digits can be taken by arithmetic without losing precision.
const fastLimit = 1e14
// Exponents within this bound take one byte.
const nearExponent = 100

/** Writes a number so that byte order is numeric order, exactly, across number, bigint and decimal. */
export function writeNumber(out: KeyBytes, value: number | bigint | Tagged): void {
  if (typeof value === 'number') {
    if (Number.isNaN(value)) return out.byte(nan)
    if (Number.isInteger(value) && Math.abs(value) < fastLimit) return writeInteger(out, value)
  }
  const parts = decimalParts(value)
  if (parts !== undefined) return writeParts(out, parts)
  out.byte(oddDecimal)
  out.text(String(value))
}

function writeInteger(out: KeyBytes, value: number): void {
  if (value === 0) return out.byte(zero)
  const magnitude = Math.abs(value)
  let length = 1
  for (let bound = 10; magnitude >= bound; bound *= 10) length += 1
  const flip = writeHead(out, value < 0, length)
  let rest = length % 2 === 0 ? magnitude : magnitude * 10
  let unit = 100 ** (Math.ceil(length / 2) - 1)
  while (rest > 0) {
    const pair = Math.floor(rest / unit)
    out.byte((pair + 1) ^ flip)
    rest -= pair * unit
    unit /= 100
  }
  out.byte(flip)
}

function writeParts(out: KeyBytes, { sign, digits, exponent }: DecimalParts): void {
  if (sign === 0) return out.byte(zero)
  const flip = writeHead(out, sign < 0, exponent)
  for (let at = 0; at < digits.length; at += 2) {
    const pair = digits.slice(at, at + 2).padEnd(2, '0')
    out.byte((Number(pair) + 1) ^ flip)
  }
  out.byte(flip)
}

const farExponent = new DataView(new ArrayBuffer(8))

/** Writes sign and exponent; all bytes of a negative number are flipped, so that larger sorts first. */
function writeHead(out: KeyBytes, isNegative: boolean, exponent: number): number {
  out.byte(isNegative ? negative : positive)
  const flip = isNegative ? 0xff : 0
  if (Math.abs(exponent) <= nearExponent) {
    out.byte((0x80 + exponent) ^ flip)
    return flip
  }
  out.byte((exponent > 0 ? 0xf0 : 0x08) ^ flip)
  // The bytes of a double sort by magnitude; those of a negative one the other way round.
  farExponent.setFloat64(0, Math.abs(exponent))
  const turn = exponent > 0 ? flip : flip ^ 0xff
  for (let at = 0; at < 8; at++) out.byte(farExponent.getUint8(at) ^ turn)
  return flip
}
