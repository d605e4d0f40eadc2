import { parseDecimal } from './decimal-parts.ts'
import { Tagged, type Value } from './value.ts'

/**
 * A sum that numbers can be added to and taken from in any order without an
 * error ever building up: the value depends only on what is in it.
 *
 * Floating-point numbers are kept as non-overlapping partials (J. Shewchuk,
 * "Adaptive Precision Floating-Point Arithmetic", 1997), rounded once when read.
 * Big integers and decimals are summed as integers. Other values are left out.
 */
export class ExactSum {
  #partials: number[] = []
  /** Big integers, and numbers so large that adding partials could overflow. */
  #whole = 0n
  #decimals = 0n
  #decimalScale = 0
  readonly #counts = { number: 0, bigint: 0, decimal: 0, nan: 0, up: 0, down: 0 }

  add(value: Value | undefined): void {
    this.#change(value, 1)
  }

  /** Takes back what was added before. */
  remove(value: Value | undefined): void {
    this.#change(value, -1)
  }

  /**
   * A decimal when there is a decimal among the values, else a number rounded
   * once when there is a number, else a bigint; 0 when there is nothing.
   */
  value(): number | bigint | Tagged {
    const { number, bigint, decimal, nan, up, down } = this.#counts
    if (nan > 0 || (up > 0 && down > 0)) return NaN
    if (up > 0 || down > 0) return up > 0 ? Infinity : -Infinity
    if (decimal > 0) return this.#decimalValue()
    return number > 0 || bigint === 0 ? this.#numberValue() : this.#whole
  }

  #change(value: Value | undefined, sign: 1 | -1): void {
    if (typeof value === 'number') this.#changeNumber(value, sign)
    else if (typeof value === 'bigint') {
      this.#counts.bigint += sign
      this.#whole += value * BigInt(sign)
    } else if (value instanceof Tagged && value.tag === 'decimal') this.#changeDecimal(value.text, sign)
  }

  #changeNumber(value: number, sign: 1 | -1): void {
    const counts = this.#counts
    if (Number.isNaN(value)) counts.nan += sign
    else if (value === Infinity) counts.up += sign
    else if (value === -Infinity) counts.down += sign
    else {
      counts.number += sign
      if (Math.abs(value) < 2 ** 960) grow(this.#partials, value * sign)
      else this.#whole += BigInt(value) * BigInt(sign)
    }
  }

  #changeDecimal(text: string, sign: 1 | -1): void {
    const parts = parseDecimal(text)
    if (parts === undefined || Math.abs(parts.exponent) > maxExponent) return
    this.#counts.decimal += sign
    const scale = Math.max(0, parts.digits.length - parts.exponent)
    if (scale > this.#decimalScale) {
      this.#decimals *= 10n ** BigInt(scale - this.#decimalScale)
      this.#decimalScale = scale
    }
    const shift = this.#decimalScale + parts.exponent - parts.digits.length
    this.#decimals += BigInt(parts.digits || '0') * 10n ** BigInt(shift) * BigInt(parts.sign * sign)
  }

  #numberValue(): number {
    const partials = [...this.#partials]
    let rest = this.#whole
    while (rest !== 0n) {
      const part = Number(rest)
      if (!Number.isFinite(part)) return part
      grow(partials, part)
      rest -= BigInt(part)
    }
    return roundOnce(partials)
  }

  #decimalValue(): Tagged {
    const all = new ExactSum()
    all.#decimals = this.#decimals + this.#whole * 10n ** BigInt(this.#decimalScale)
    all.#decimalScale = this.#decimalScale
    if (this.#partials.length > 0) all.#changeDecimal(String(roundOnce(this.#partials)), 1)
    const scale = all.#decimalScale
    const digits = String(all.#decimals)
      .replace('-', '')
      .padStart(scale + 1, '0')
    const whole = digits.slice(0, digits.length - scale)
    const fraction = digits.slice(digits.length - scale).replace(/0+$/, '')
    const sign = all.#decimals < 0n ? '-' : ''
    return new Tagged('decimal', `${sign}${whole}${fraction && '.'}${fraction}`)
  }
}

/** A hostile `1e999999999` must not become a billion digits; beyond this it is left out. */
const maxExponent = 10_000

/** Adds a number to non-overlapping partials of growing size, exactly. */
function grow(partials: number[], value: number): void {
  let sum = value
  let kept = 0
  for (const partial of partials) {
    const [large, small] = Math.abs(sum) < Math.abs(partial) ? [partial, sum] : [sum, partial]
    const high = large + small
    const low = small - (high - large)
    if (low !== 0) partials[kept++] = low
    sum = high
  }
  partials.length = kept
  if (sum !== 0) partials.push(sum)
}

/** The number nearest to the sum of the partials; of two, the even one. */
function roundOnce(partials: readonly number[]): number {
  let at = partials.length - 1
  let sum = partials[at] ?? 0
  let low = 0
  while (at > 0 && low === 0) {
    at--
    const before = sum
    const partial = partials[at] ?? 0
    sum = before + partial
    low = partial - (sum - before)
  }
  // A half that was rounded to even, with more below it, belongs to the other side.
  const below = partials[at - 1] ?? 0
  if (low * below <= 0) return sum
  const twice = low * 2
  const other = sum + twice
  return other - sum === twice ? other : sum
}
