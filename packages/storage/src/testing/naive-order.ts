import { Tagged, isRecord, type Value } from '@freshet/core'

/**
 * The total order of stored values [ST6], written for reading and not for
 * speed: the oracle for key bytes and ranges.
 */
export function naiveOrder(a: Value, b: Value): number {
  const byKind = kindRank(a) - kindRank(b)
  if (byKind !== 0) return byKind
  if (isNumeric(a) && isNumeric(b)) return compareNumeric(a, b)
  if (a instanceof Uint8Array && b instanceof Uint8Array) return compareLists([...a], [...b])
  if (isInstant(a) && isInstant(b)) return compareInstants(a, b)
  if (a instanceof Tagged && b instanceof Tagged) return lessThan(a.text, b.text)
  if (Array.isArray(a) && Array.isArray(b)) return compareLists(a, b)
  if (isRecord(a) && isRecord(b)) return compareLists(sortedFields(a), sortedFields(b))
  if (a === null || b === null) return 0
  return lessThan(a, b)
}

function kindRank(value: Value): number {
  if (value === null) return 0
  if (typeof value === 'boolean') return 1
  if (isNumeric(value)) return 2
  if (value instanceof Tagged && value.tag === 'decimal') return 3
  if (typeof value === 'string') return 4
  if (value instanceof Uint8Array) return 5
  if (isInstant(value)) return 6
  if (value instanceof Tagged) return ['datetime', 'uuid', 'recordId', 'duration'].indexOf(value.tag) + 7
  return Array.isArray(value) ? 11 : 12
}

type Numeric = number | bigint | Tagged
type Instant = Date | Tagged

function isNumeric(value: Value): value is Numeric {
  if (value instanceof Tagged)
    return value.tag === 'decimal' && /^[+-]?(\d|\.\d)|^(nan|[+-]?infinity)$/i.test(value.text)
  return typeof value === 'number' || typeof value === 'bigint'
}

function isInstant(value: Value): value is Instant {
  if (value instanceof Tagged) return value.tag === 'datetime' && !Number.isNaN(Date.parse(value.text))
  return value instanceof Date
}

function lessThan(a: Value, b: Value): number {
  if (a === b) return 0
  // Both are of one kind here, booleans or texts, which `<` orders.
  return (a as string) < (b as string) ? -1 : 1
}

function compareLists(a: readonly Value[], b: readonly Value[]): number {
  for (let at = 0; at < Math.min(a.length, b.length); at++) {
    const difference = naiveOrder(a[at] ?? null, b[at] ?? null)
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

function sortedFields(record: { readonly [field: string]: Value }): Value[] {
  return Object.entries(record)
    .toSorted(([a], [b]) => lessThan(a, b))
    .flat()
}

/** Numbers as fractions of whole bigints, so that nothing rounds. */
function compareNumeric(a: Numeric, b: Numeric): number {
  const rank = notFiniteRank(a) - notFiniteRank(b)
  if (rank !== 0 || notFiniteRank(a) !== 0) return rank
  const left = toFraction(a)
  const right = toFraction(b)
  const difference = left.numerator * right.denominator - right.numerator * left.denominator
  if (difference === 0n) return 0
  return difference < 0n ? -1 : 1
}

function notFiniteRank(value: Numeric): number {
  const text = String(value).toLowerCase().replace('+', '')
  return { nan: -2, '-infinity': -1, infinity: 1 }[text] ?? 0
}

function toFraction(value: Numeric): { numerator: bigint; denominator: bigint } {
  if (typeof value === 'number' && Number.isInteger(value))
    return { numerator: BigInt(value), denominator: 1n }
  const [, sign, whole, fraction = '', power = '0'] =
    /^([+-]?)(\d*)\.?(\d*)(?:e([+-]?\d+))?$/i.exec(String(value)) ?? []
  const digits = BigInt(`${whole}${fraction}` || '0') * (sign === '-' ? -1n : 1n)
  const exponent = Number(power) - fraction.length
  if (exponent >= 0) return { numerator: digits * 10n ** BigInt(exponent), denominator: 1n }
  return { numerator: digits, denominator: 10n ** BigInt(-exponent) }
}

function compareInstants(a: Instant, b: Instant): number {
  const left = instantParts(a)
  const right = instantParts(b)
  return left.seconds - right.seconds || lessThan(left.fraction, right.fraction)
}

function instantParts(value: Instant): { seconds: number; fraction: string } {
  const text = value instanceof Date ? value.toISOString() : value.text
  const fraction = (/\.(\d+)/.exec(text)?.[1] ?? '').replace(/0+$/, '')
  return { seconds: Date.parse(text.replace(/\.\d+/, '')) / 1000, fraction }
}
