/**
 * The float arithmetic once more, step by step as the contract goes and without
 * regard to speed: the property tests hold the fast one to it.
 */

/** Coefficient and exponent between the steps, the coefficient in 256 signed bits. */
type Parts = readonly [coefficient: bigint, exponent: bigint]

const int256Max = 2n ** 255n - 1n
const int256Min = -(2n ** 255n)

export type OracleResult = bigint | 'ExponentOverflow' | 'DivisionByZero'

export function oracleAdd(a: bigint, b: bigint): OracleResult {
  return pack(addParts(unpack(a), unpack(b)))
}

export function oracleSub(a: bigint, b: bigint): OracleResult {
  const [coefficient, exponent] = unpack(b)
  return pack(addParts(unpack(a), [-coefficient, exponent]))
}

export function oracleMul(a: bigint, b: bigint): OracleResult {
  const [aCoefficient, aExponent] = unpack(a)
  const [bCoefficient, bExponent] = unpack(b)
  if (aCoefficient === 0n || bCoefficient === 0n) return 0n
  const product = magnitude(aCoefficient) * magnitude(bCoefficient)
  let high = product >> 256n
  let dropped = 0n
  for (const [limit, digits] of [
    [10n ** 37n, 37n],
    [10n ** 18n, 18n],
    [10n ** 9n, 9n],
    [10n ** 4n, 4n],
  ] as const) {
    if (high <= limit) continue
    high /= limit
    dropped += digits
  }
  while (high > 0n) {
    high /= 10n
    dropped++
  }
  const cut = product / 10n ** dropped
  return pack(signed(cut, aCoefficient < 0n !== bCoefficient < 0n, aExponent + bExponent + dropped))
}

export function oracleDiv(a: bigint, b: bigint): OracleResult {
  return divParts(unpack(a), unpack(b))
}

export function oracleInv(a: bigint): OracleResult {
  return divParts([10n ** 76n, -76n], unpack(a))
}

/** Below, at or above 0. */
export function oracleCompare(a: bigint, b: bigint): number {
  const [aCoefficient, aExponent] = unpack(a)
  const [bCoefficient, bExponent] = unpack(b)
  const differ = aCoefficient < 0n !== bCoefficient < 0n
  if (aCoefficient === 0n || bCoefficient === 0n || differ || aExponent === bExponent) {
    return order(aCoefficient, bCoefficient)
  }
  if (aExponent < bExponent) return -oracleCompare(b, a)
  const gap = aExponent - bExponent
  const scaled = gap > 76n ? undefined : aCoefficient * 10n ** gap
  if (scaled === undefined || scaled > int256Max || scaled < int256Min) return order(aCoefficient, 0n)
  return order(scaled, bCoefficient)
}

function unpack(word: bigint): Parts {
  return [BigInt.asIntN(224, word), BigInt.asIntN(32, word >> 224n)]
}

function pack([coefficient, exponent]: Parts): OracleResult {
  let packed = coefficient
  let packedExponent = exponent
  if (!fitsInt224(packed) && packed / 10n ** 72n !== 0n) {
    packed /= 10n ** 5n
    packedExponent += 5n
  }
  while (!fitsInt224(packed)) {
    packed /= 10n
    packedExponent++
  }
  if (packed === 0n) return 0n
  if (packedExponent < -(2n ** 31n)) return 0n
  if (packedExponent >= 2n ** 31n) return 'ExponentOverflow'
  return (BigInt.asUintN(32, packedExponent) << 224n) + BigInt.asUintN(224, packed)
}

function fitsInt224(coefficient: bigint): boolean {
  return coefficient >= -(2n ** 223n) && coefficient < 2n ** 223n
}

function maximize([coefficient, exponent]: Parts): Parts {
  let maximized = coefficient
  let lowered = exponent
  while (maximized !== 0n && maximized * 10n <= int256Max && maximized * 10n >= int256Min) {
    maximized *= 10n
    lowered--
  }
  return [maximized, lowered]
}

function addParts(a: Parts, b: Parts): Parts {
  if (a[0] === 0n) return b
  if (b[0] === 0n) return a
  let [large, small] = [maximize(a), maximize(b)]
  if (small[1] > large[1]) [large, small] = [small, large]
  const gap = large[1] - small[1]
  if (gap > 76n) return large
  const aligned = small[0] / 10n ** gap
  const sum = large[0] + aligned
  if (sum <= int256Max && sum >= int256Min) return [sum, large[1]]
  return [large[0] / 10n + aligned / 10n, large[1] + 1n]
}

function divParts(a: Parts, b: Parts): OracleResult {
  if (b[0] === 0n) return 'DivisionByZero'
  if (a[0] === 0n) return 0n
  const [aCoefficient, aExponent] = maximize(a)
  const [bCoefficient, bExponent] = maximize(b)
  const digits = magnitude(bCoefficient) < 10n ** 76n ? 75n : 76n
  const quotient = (magnitude(aCoefficient) * 10n ** digits) / magnitude(bCoefficient)
  return pack(signed(quotient, aCoefficient < 0n !== bCoefficient < 0n, aExponent - digits - bExponent))
}

function signed(cut: bigint, negative: boolean, exponent: bigint): Parts {
  if (negative) return cut > -int256Min ? [-(cut / 10n), exponent + 1n] : [-cut, exponent]
  return cut > int256Max ? [cut / 10n, exponent + 1n] : [cut, exponent]
}

function magnitude(coefficient: bigint): bigint {
  return coefficient < 0n ? -coefficient : coefficient
}

function order(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0
}
