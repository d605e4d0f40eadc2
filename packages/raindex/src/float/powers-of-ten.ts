/** 10^0 to 10^152: enough for every step of the arithmetic. */
const powers: readonly bigint[] = Array.from({ length: 153 }, (_, exponent) => 10n ** BigInt(exponent))

/** 10^exponent for an exponent from 0 to 152. */
export function powerOfTen(exponent: number): bigint {
  const power = powers[exponent]
  if (power === undefined) throw new RangeError(`10^${exponent} is not in the table.`)
  return power
}
