export { floatToHex, hexToFloat, wordToFloat, zero, type Float, type FloatHex } from './float.ts'
export { packLossless, packLossy, unpack, type Unpacked } from './pack.ts'
export { parse } from './parse.ts'
export { display, format } from './format.ts'
export { add, sub } from './add.ts'
export { mul } from './mul.ts'
export { div, inv } from './div.ts'
export { abs, minus } from './minus.ts'
export { compare, eq, gt, gte, isZero, lt, lte, max, min } from './compare.ts'
export {
  fromFixedDecimalLossless,
  fromFixedDecimalLossy,
  toFixedDecimalLossless,
  toFixedDecimalLossy,
} from './fixed-decimal.ts'
export { FloatError, type FloatErrorName } from './float-error.ts'
