import { bytesToBigInt, padded } from '../bytes.ts'
import type { Hardfork } from '../engine.ts'
import type { PrecompileResult } from './precompile-result.ts'

/** Longest base, exponent and modulus since Osaka (EIP-7823). Before it, gas is the only limit. */
const longestOperand = 1024n

/** Precompile 5: base ** exponent % modulus. @see EIP-198, EIP-2565, EIP-7823, EIP-7883 */
export function modularPower(input: Uint8Array, gas: number, fork: Hardfork): PrecompileResult {
  const header = padded(input, 96)
  const baseLength = bytesToBigInt(header.subarray(0, 32))
  const exponentLength = bytesToBigInt(header.subarray(32, 64))
  const modulusLength = bytesToBigInt(header.subarray(64, 96))
  const head = exponentHead(input, baseLength, exponentLength)
  const cost = (fork === 'osaka' ? osakaCost : berlinCost)(
    maxOf(baseLength, modulusLength),
    exponentLength,
    head,
  )
  if (cost > BigInt(gas)) return 'failed'
  const gasUsed = Number(cost)
  if (fork === 'osaka' && maxOf(baseLength, exponentLength, modulusLength) > longestOperand) return 'failed'
  if (baseLength === 0n && modulusLength === 0n) return { gasUsed, output: new Uint8Array(0) }

  // Lengths that gas did not refuse fit a number: the cost grows with their square.
  const at = (from: bigint, length: bigint): bigint => {
    const start = Number(from)
    return bytesToBigInt(padded(input.subarray(start, start + Number(length)), Number(length)))
  }
  const base = at(96n, baseLength)
  const exponent = at(96n + baseLength, exponentLength)
  const modulus = at(96n + baseLength + exponentLength, modulusLength)
  const output = new Uint8Array(Number(modulusLength))
  if (modulus > 1n) writeBig(output, power(base, exponent, modulus))
  return { gasUsed, output }
}

/** The first 32 bytes of the exponent, or all of a shorter one. */
function exponentHead(input: Uint8Array, baseLength: bigint, exponentLength: bigint): bigint {
  const length = exponentLength < 32n ? Number(exponentLength) : 32
  if (96n + baseLength >= BigInt(input.length)) return 0n
  const start = 96 + Number(baseLength)
  return bytesToBigInt(padded(input.subarray(start, start + length), length))
}

/** Steps of the exponentiation, `perByte` for each byte of the exponent beyond its head. */
function iterations(exponentLength: bigint, head: bigint, perByte: bigint): bigint {
  const bits = head === 0n ? 0n : BigInt(head.toString(2).length - 1)
  const beyond = exponentLength > 32n ? perByte * (exponentLength - 32n) : 0n
  return maxOf(beyond + bits, 1n)
}

function berlinCost(longest: bigint, exponentLength: bigint, head: bigint): bigint {
  const words = (longest + 7n) / 8n
  return maxOf(200n, (words * words * iterations(exponentLength, head, 8n)) / 3n)
}

function osakaCost(longest: bigint, exponentLength: bigint, head: bigint): bigint {
  const words = (longest + 7n) / 8n
  const complexity = longest <= 32n ? 16n : 2n * words * words
  return maxOf(500n, complexity * iterations(exponentLength, head, 16n))
}

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n
  let square = base % modulus
  for (const bit of exponent.toString(2).split('').toReversed()) {
    if (bit === '1') result = (result * square) % modulus
    square = (square * square) % modulus
  }
  return result
}

function writeBig(output: Uint8Array, value: bigint): void {
  const digits = value.toString(16).padStart(output.length * 2, '0')
  for (let i = 0; i < output.length; i++) output[i] = Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16)
}

function maxOf(...values: readonly [bigint, ...bigint[]]): bigint {
  return values.reduce((most, value) => (value > most ? value : most))
}
