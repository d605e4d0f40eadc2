import { FreshetError } from '@freshet/core'
import { display, FloatError, floatToHex, unpack } from '@freshet/raindex/float'
import { badCall } from '../parse-call.ts'
import { evaluateFloat } from './float-expression.ts'
import type { RaindexCall } from './raindex-command.ts'

/** Prints what an expression of decimal floats comes to, as the contract computes it. */
export function showFloat({ words, options, io }: RaindexCall): number {
  const text = words.join(' ')
  if (text === '') throw badCall("Give an expression: freshet raindex float '1.5 * (2 + 0.25)'.")
  const float = naming(() => evaluateFloat(text))
  const [value, hex] = [display(float), floatToHex(float)]
  const { coefficient, exponent } = unpack(float)
  if (options.json) io.out(JSON.stringify({ value, hex, coefficient: `${coefficient}`, exponent }))
  else io.out(`${value}\n${hex}`)
  return 0
}

/** An error of the contract with the name it has there. */
function naming<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (!(error instanceof FloatError)) throw error
    const message = `${error.errorName} (${error.selector}): ${error.message}`
    throw new FreshetError({ code: error.code, kind: error.kind, message, cause: error })
  }
}
