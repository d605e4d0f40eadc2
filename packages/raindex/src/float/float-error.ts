/** Names of the errors of the float library, each with its selector on chain. */
const selectors = {
  ExponentOverflow: '0xd556b111',
  CoefficientOverflow: '0x22c9f7bb',
  DivisionByZero: '0x7a97930f',
  NegativeFixedDecimalConversion: '0x4a7d166b',
  LossyConversionToFloat: '0xc4717966',
  LossyConversionFromFloat: '0x05e47678',
  ParseEmptyDecimalString: '0x34bd2069',
  MalformedDecimalPoint: '0x7bfa48af',
  MalformedExponentDigits: '0x013b2aaa',
  ParseDecimalPrecisionLoss: '0x32b8b8be',
  ParseDecimalOverflow: '0x0fdc2635',
  ParseDecimalFloatExcessCharacters: '0xad384e87',
  Panic: '0x4e487b71',
} as const

/** An error of the float library, by its name on chain. */
export type FloatErrorName = keyof typeof selectors

/**
 * What the float contract reverts with, and why.
 *
 * `errorName`, `selector` and `args` are those of the revert data, so that an
 * engine can answer as the chain would. Arithmetic never fails for other
 * reasons, and never by chance: `retryable` is false.
 */
export class FloatError extends Error {
  override readonly name = 'FloatError'
  readonly code: `float/${string}`
  readonly kind = 'usage'
  readonly retryable = false
  readonly errorName: FloatErrorName
  readonly selector: `0x${string}`
  readonly args: readonly bigint[]

  constructor(errorName: FloatErrorName, message: string, args: readonly bigint[] = []) {
    super(message)
    this.errorName = errorName
    this.code = `float/${kebabCase(errorName)}`
    this.selector = selectors[errorName]
    this.args = args
  }
}

/** The panic that checked arithmetic of Solidity ends in. */
export function arithmeticPanic(message: string): FloatError {
  return new FloatError('Panic', message, [0x11n])
}

function kebabCase(name: string): string {
  return name.replaceAll(/(?<=.)[A-Z]/g, (letter) => `-${letter}`).toLowerCase()
}
