import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { goldenFloats } from '../testing/golden-floats.ts'
import {
  abs,
  add,
  display,
  div,
  eq,
  FloatError,
  floatToHex,
  format,
  fromFixedDecimalLossless,
  fromFixedDecimalLossy,
  hexToFloat,
  inv,
  isZero,
  max,
  min,
  minus,
  mul,
  packLossless,
  packLossy,
  parse,
  sub,
  toFixedDecimalLossless,
  toFixedDecimalLossy,
  wordToFloat,
  zero,
} from './index.ts'

const most = 2n ** 223n - 1n
const least = -(2n ** 223n)

test.each([
  ['0', '0x0000000000000000000000000000000000000000000000000000000000000000'],
  ['1', '0x0000000000000000000000000000000000000000000000000000000000000001'],
  ['-1', '0x00000000ffffffffffffffffffffffffffffffffffffffffffffffffffffffff'],
  ['0.5', '0xffffffff00000000000000000000000000000000000000000000000000000005'],
  ['1.5', '0xffffffff0000000000000000000000000000000000000000000000000000000f'],
  ['-2.5', '0xffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe7'],
  ['12.5', '0xffffffff0000000000000000000000000000000000000000000000000000007d'],
  ['1e-18', '0xffffffee00000000000000000000000000000000000000000000000000000001'],
])('[FL2] %s is written as %s', (text, hex) => {
  expect(floatToHex(parse(text))).toBe(hex)
  expect(hexToFloat(hex)).toBe(parse(text))
})

test('[FL2] encodings of one value are equal by value and not by bits', () => {
  const [short, long] = [packLossless(5n, 0), packLossless(5n * 10n ** 18n, -18)]
  expect(short).not.toBe(long)
  expect(eq(short, long)).toBe(true)
  expect(isZero(packLossless(0n, 7))).toBe(true)
  expect(eq(hexToFloat(`0x00000005${'0'.repeat(56)}`), zero)).toBe(true)
})

test('[FL3] what is no float is refused', () => {
  expect(() => hexToFloat('0x01')).toThrow('is not a float')
  expect(() => hexToFloat(`0x${'g'.repeat(64)}`)).toThrow(RangeError)
  expect(() => wordToFloat(-1n)).toThrow(RangeError)
  expect(() => wordToFloat(2n ** 256n)).toThrow(RangeError)
  expect(() => packLossy(2n ** 255n, 0)).toThrow(RangeError)
  expect(() => packLossy(1n, 0.5)).toThrow(RangeError)
  expect(() => fromFixedDecimalLossless(1n, 256)).toThrow(RangeError)
  expect(() => fromFixedDecimalLossy(2n ** 256n, 18)).toThrow(RangeError)
  expect(() => toFixedDecimalLossy(zero, -1)).toThrow(RangeError)
})

test.each([
  ['1+1', add(parse('1'), parse('1')), '0xffffffbe12fdbb0e39fb474ad2eeb17e1c7976b58ae838c80000000000000000'],
  [
    '1-0.4',
    sub(parse('1'), parse('0.4')),
    '0xffffffbd38f9312aadf1d5e078cc147a556c6420a0b8aa580000000000000000',
  ],
  ['5-1', sub(parse('5'), parse('1')), '0xffffffbe25fb761c73f68e95a5dd62fc38f2ed6b15d071900000000000000000'],
])('[FL4] the sum %s carries trailing zeros', (_, sum, hex) => {
  expect(floatToHex(sum)).toBe(hex)
})

test('[FL4] zero added to a value keeps its bits', () => {
  expect(add(zero, parse('12.5'))).toBe(parse('12.5'))
  expect(sub(parse('12.5'), zero)).toBe(parse('12.5'))
  expect(add(packLossless(0n, 5), packLossless(0n, 7))).toBe(zero)
})

test('[FL4] a summand more than 76 digits smaller changes nothing but the encoding', () => {
  expect(eq(add(parse('1e100'), parse('1')), parse('1e100'))).toBe(true)
})

test('[FL5] a product keeps its exponent; a third has 66 digits', () => {
  expect(mul(parse('1.5'), parse('2'))).toBe(packLossless(30n, -1))
  const third = '0xffffffbd1fa6e26d0b4d76d20a387d2784ca7083e783094d5555555555555555'
  const twoThirds = '0xffffffbd3f4dc4da169aeda41470fa4f0994e107cf06129aaaaaaaaaaaaaaaaa'
  expect(floatToHex(div(parse('1'), parse('3')))).toBe(third)
  expect(floatToHex(div(parse('2'), parse('3')))).toBe(twoThirds)
  expect(inv(parse('3'))).toBe(div(parse('1'), parse('3')))
})

test('[FL6] the smallest value halved is zero, the largest doubled fails', () => {
  expect(div(packLossless(1n, -(2 ** 31)), parse('1e70'))).toBe(zero)
  expect(mul(packLossless(1n, -(2 ** 31)), parse('1e-70'))).toBe(zero)
  expect(() => mul(packLossless(most, 2 ** 31 - 1), parse('10'))).toThrow(FloatError)
  expect(() => add(packLossless(most, 2 ** 31 - 1), packLossless(most, 2 ** 31 - 1))).toThrow(FloatError)
})

test('[FL6] the one coefficient without a counterpart loses a digit when its sign turns', () => {
  expect(minus(packLossless(least, 0))).toBe(packLossless(-least / 10n, 1))
  expect(abs(packLossless(least, 0))).toBe(packLossless(-least / 10n, 1))
  expect(abs(parse('-2.5'))).toBe(parse('2.5'))
  expect(() => minus(packLossless(least, 2 ** 31 - 1))).toThrow('too large')
})

test('[FL1] errors carry the name, selector and arguments of the revert data', () => {
  const error = caught(() => div(parse('1.5'), zero))
  expect(error).toMatchObject({
    name: 'FloatError',
    code: 'float/division-by-zero',
    kind: 'usage',
    retryable: false,
    errorName: 'DivisionByZero',
    selector: '0x7a97930f',
    args: [15n, -1n],
  })
  expect(error.message).toBe('15e-1 cannot be divided by zero. Test the divisor with isZero first.')
})

test('[FL7] min and max of equal values give the second', () => {
  const [short, long] = [packLossless(1n, 0), packLossless(10n, -1)]
  expect(min(short, long)).toBe(long)
  expect(max(short, long)).toBe(long)
})

test('[FL8] amounts are exact, or lossy when asked for', () => {
  const float = fromFixedDecimalLossless(1_500_000_000_000_000_000n, 18)
  expect(float).toBe(packLossless(1_500_000_000_000_000_000n, -18))
  expect(toFixedDecimalLossless(float, 18)).toBe(1_500_000_000_000_000_000n)
  expect(caught(() => fromFixedDecimalLossless(2n ** 223n, 18)).errorName).toBe('CoefficientOverflow')
  expect(caught(() => fromFixedDecimalLossless(2n ** 256n - 1n, 18)).errorName).toBe('LossyConversionToFloat')
  expect(fromFixedDecimalLossy(2n ** 256n - 1n, 18).lossless).toBe(false)
  expect(toFixedDecimalLossy(parse('0.0000019'), 6)).toEqual({ value: 1n, lossless: false })
  expect(toFixedDecimalLossy(parse('1e-300'), 18)).toEqual({ value: 0n, lossless: false })
  expect(caught(() => toFixedDecimalLossless(parse('0.0000019'), 6)).errorName).toBe(
    'LossyConversionFromFloat',
  )
  expect(caught(() => toFixedDecimalLossy(parse('-1'), 6)).errorName).toBe('NegativeFixedDecimalConversion')
  expect(caught(() => toFixedDecimalLossy(parse('1e77'), 6))).toMatchObject({
    errorName: 'Panic',
    args: [17n],
  })
})

test.each([
  ['-', 'ParseEmptyDecimalString'],
  ['--', 'ParseEmptyDecimalString'],
  ['1.', 'MalformedDecimalPoint'],
  ['1.e5', 'MalformedDecimalPoint'],
  ['1e', 'MalformedExponentDigits'],
  ['1e--', 'MalformedExponentDigits'],
  ['1e+5', 'MalformedExponentDigits'],
  ['--1', 'ParseDecimalOverflow'],
  ['1e--5', 'ParseDecimalOverflow'],
  [`${2n ** 255n}`, 'ParseDecimalOverflow'],
  [`0.${'1'.repeat(78)}`, 'ParseDecimalOverflow'],
  [`1e${'9'.repeat(400)}`, 'ParseDecimalOverflow'],
  [`1.${'1'.repeat(68)}`, 'ParseDecimalPrecisionLoss'],
  [`${'9'.repeat(60)}.${'1'.repeat(20)}`, 'ParseDecimalPrecisionLoss'],
  [`${'9'.repeat(70)}.0`, 'ParseDecimalPrecisionLoss'],
  [`${'9'.repeat(70)}`, 'CoefficientOverflow'],
  ['1 ', 'ParseDecimalFloatExcessCharacters'],
  ['1,5', 'ParseDecimalFloatExcessCharacters'],
  ['1.5.', 'ParseDecimalFloatExcessCharacters'],
  ['1e2147483648', 'ExponentOverflow'],
  [`1e${2n ** 200n}`, 'ExponentOverflow'],
  [`1e-${2n ** 200n}`, 'CoefficientOverflow'],
])('[FL9] the text %s is refused', (text, errorName) => {
  expect(caught(() => parse(text)).errorName).toBe(errorName)
})

test('[FL9] leading zeros are read, zeros behind the point do not count, zero has no exponent', () => {
  expect(parse(`${'0'.repeat(300)}1`)).toBe(parse('1'))
  expect(parse('1.500')).toBe(packLossless(15n, -1))
  expect(parse('-0.5e2')).toBe(packLossless(-5n, 1))
  expect(parse(`0e${2n ** 200n}`)).toBe(zero)
  expect(parse(`${-(2n ** 223n)}`)).toBe(packLossless(least, 0))
})

test('[FL9] notation turns scientific beyond the limit', () => {
  expect(format(parse('1e17'))).toBe('100000000000000000')
  expect(format(parse('1e18'))).toBe('1e18')
  expect(format(parse('0.000000000000000001'))).toBe('0.000000000000000001')
  expect(format(parse('123.456'), 5)).toBe('1.23456e2')
  expect(format(parse('-1.5'), 1)).toBe('-1.5')
  expect(format(packLossless(10n, 0), 0)).toBe('1e1')
})

test('[FL9] a number of more than 67 figures is written out but not read back', () => {
  const long = packLossless(-2n * 10n ** 61n, 6)
  expect(format(long, 68)).toBe(`-2${'0'.repeat(67)}`)
  expect(caught(() => parse(format(long, 68))).errorName).toBe('CoefficientOverflow')
  expect(parse(format(long, 67))).toBe(packLossless(-2n, 67))
})

test('[FL9] what the chain cannot write out, display can', () => {
  const dust = sub(parse('3e-14'), parse('2e-14'))
  expect(caught(() => format(dust))).toMatchObject({ errorName: 'Panic', args: [17n] })
  expect(display(dust)).toBe('0.00000000000001')
  expect(caught(() => format(parse('1e80'), 90)).errorName).toBe('Panic')
  expect(display(parse('1e80'), 90)).toBe('1e80')
})

test('[FL1] the comparison with recorded rows notices a wrong bit', async () => {
  const one = floatToHex(parse('1'))
  const row = { op: 'add', a: one, b: one, result: floatToHex(parse('2')) }
  const { checked, differences } = await goldenFloats.compare(
    JSON.stringify([row, { op: 'unheard' }]),
    () => undefined,
  )
  expect(checked).toBe(2)
  expect(differences).toHaveLength(2)
})

test('[FL10] the float loads nothing but its own files', () => {
  const folder = new URL('./', import.meta.url)
  const files = readdirSync(folder).filter((name) => !name.includes('.test.'))
  const imports = files.flatMap((name) =>
    [...readFileSync(new URL(name, folder), 'utf8').matchAll(/from '([^']+)'/g)].map(
      ([, specifier]) => specifier,
    ),
  )
  expect(imports.length).toBeGreaterThan(10)
  expect(imports.filter((specifier) => !specifier?.startsWith('./'))).toEqual([])
})

function caught(operation: () => unknown): FloatError {
  try {
    operation()
  } catch (error) {
    if (error instanceof FloatError) return error
    throw error
  }
  throw new Error('Nothing was thrown.')
}
