import { bn254 } from '@noble/curves/bn254.js'
import { bytesToBigInt, padded, toWordBytes } from '../bytes.ts'
import type { PrecompileResult } from './precompile-result.ts'

type Point = InstanceType<typeof bn254.G1.Point>
type TwistPoint = InstanceType<typeof bn254.G2.Point>

const zeroScalar = bn254.fields.Fr.ORDER

/** Precompile 6: sum of two points. @see EIP-196, EIP-1108 */
export function addPoints(input: Uint8Array, gas: number): PrecompileResult {
  if (gas < 150) return 'failed'
  return attempt(150, () => {
    const words = padded(input, 128)
    return pointToBytes(readPoint(words.subarray(0, 64)).add(readPoint(words.subarray(64, 128))))
  })
}

/** Precompile 7: multiple of a point. @see EIP-196, EIP-1108 */
export function multiplyPoint(input: Uint8Array, gas: number): PrecompileResult {
  if (gas < 6000) return 'failed'
  return attempt(6000, () => {
    const words = padded(input, 96)
    const scalar = bytesToBigInt(words.subarray(64, 96)) % zeroScalar
    const point = readPoint(words.subarray(0, 64))
    return pointToBytes(scalar === 0n ? bn254.G1.Point.ZERO : point.multiplyUnsafe(scalar))
  })
}

/** Precompile 8: whether the product of pairings is one. @see EIP-197, EIP-1108 */
export function pairing(input: Uint8Array, gas: number): PrecompileResult {
  const pairs = input.length / 192
  if (!Number.isInteger(pairs)) return 'failed'
  const gasUsed = 45_000 + 34_000 * pairs
  if (gasUsed > gas) return 'failed'
  return attempt(gasUsed, () => {
    const parts = Array.from({ length: pairs }, (_, index) => {
      const at = input.subarray(index * 192, index * 192 + 192)
      return { g1: readPoint(at.subarray(0, 64)), g2: readTwistPoint(at.subarray(64, 192)) }
    })
    // A pair with a point at infinity contributes one, and the library refuses it.
    const finite = parts.filter(({ g1, g2 }) => !g1.is0() && !g2.is0())
    const isOne = bn254.fields.Fp12.eql(bn254.pairingBatch(finite), bn254.fields.Fp12.ONE)
    return toWordBytes(isOne ? 1n : 0n, 'result')
  })
}

/** Runs curve arithmetic; a point that the library refuses makes the precompile fail. */
function attempt(gasUsed: number, work: () => Uint8Array): PrecompileResult {
  try {
    return { gasUsed, output: work() }
  } catch {
    return 'failed'
  }
}

function readField(bytes: Uint8Array): bigint {
  const value = bytesToBigInt(bytes)
  if (value >= bn254.fields.Fp.ORDER) throw new RangeError('not in the field')
  return value
}

function readPoint(bytes: Uint8Array): Point {
  const x = readField(bytes.subarray(0, 32))
  const y = readField(bytes.subarray(32, 64))
  if (x === 0n && y === 0n) return bn254.G1.Point.ZERO
  const point = bn254.G1.Point.fromAffine({ x, y })
  point.assertValidity()
  return point
}

/** Coordinates come with the imaginary part first. */
function readTwistPoint(bytes: Uint8Array): TwistPoint {
  const [x1, x0, y1, y0] = [0, 32, 64, 96].map((at) => readField(bytes.subarray(at, at + 32)))
  if (x0 === undefined || x1 === undefined || y0 === undefined || y1 === undefined)
    throw new RangeError('short')
  if (x0 === 0n && x1 === 0n && y0 === 0n && y1 === 0n) return bn254.G2.Point.ZERO
  const point = bn254.G2.Point.fromAffine({ x: { c0: x0, c1: x1 }, y: { c0: y0, c1: y1 } })
  point.assertValidity()
  return point
}

function pointToBytes(point: Point): Uint8Array {
  const output = new Uint8Array(64)
  if (point.is0()) return output
  const { x, y } = point.toAffine()
  output.set(toWordBytes(x, 'x'), 0)
  output.set(toWordBytes(y, 'y'), 32)
  return output
}
