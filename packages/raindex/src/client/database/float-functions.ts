import { add, floatToHex, hexToFloat, isZero, minus, zero, type Float } from '../../float/index.ts'
import type { SqlDatabase, SqlValue } from './sql-database.ts'

/** Gives a connection the float functions that queries of the public schema call. */
export function defineFloatFunctions(database: SqlDatabase): void {
  const zeroHex = floatToHex(zero)
  database.defineFunction('FLOAT_ZERO_HEX', () => zeroHex)
  database.defineFunction('FLOAT_NEGATE', (value) =>
    value === null ? null : floatToHex(minus(readFloat(value))),
  )
  database.defineFunction('FLOAT_IS_ZERO', (value) =>
    value === null ? null : Number(isZero(readFloat(value))),
  )
  database.defineAggregate('FLOAT_SUM', {
    start: () => zeroHex,
    step: (sum, value) => (value === null ? sum : floatToHex(add(hexToFloat(sum), readFloat(value)))),
  })
}

function readFloat(value: SqlValue | undefined): Float {
  if (typeof value !== 'string') throw new RangeError('A float is hex text of 32 bytes.')
  return hexToFloat(value)
}
