/** As many letters as there is room for beside the chart. */
const mostLetters = 9

/**
 * Texts of an axis's values, all with as many digits as tell neighbours apart, and short enough for the axis.
 *
 * @param step - Between two values.
 */
export function axisTexts(values: readonly number[], step: number): readonly string[] {
  const decimals = decimalsOf(step)
  const maximumFractionDigits = Math.max(0, decimals)
  const plain = values.map((value) => value.toLocaleString('en', { maximumFractionDigits }))
  if (plain.every((text) => text.length <= mostLetters)) return plain
  const most = Math.max(...values.map(Math.abs))
  const digits = Math.max(0, Math.min(20, Math.floor(Math.log10(most)) + decimals))
  return values.map((value) => (value === 0 ? '0' : shortened(value.toExponential(digits))))
}

const mostDecimals = 20

/** After the point. Steps are 1, 2, 2.5 or 5 of some power of ten. */
function decimalsOf(step: number): number {
  const leading = -Math.floor(Math.log10(step))
  const isHalf = Math.abs(step * 10 ** leading - 2.5) < 1e-6
  return Math.max(-mostDecimals, Math.min(mostDecimals, leading + (isHalf ? 1 : 0)))
}

/** `1.50e-7` as `1.5e-7`. */
function shortened(text: string): string {
  return text.replace(/\.?0+e/, 'e').replace('e+', 'e')
}
