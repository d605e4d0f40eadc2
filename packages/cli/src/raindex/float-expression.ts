import {
  abs,
  add,
  div,
  hexToFloat,
  inv,
  max,
  min,
  minus,
  mul,
  parse,
  sub,
  type Float,
} from '@freshet/raindex/float'
import { badCall } from '../parse-call.ts'

const mostLetters = 10_000
const deepest = 100

/**
 * Computes an expression: numbers, words of 32 bytes, `+ - * /`, parentheses, `abs`, `inv`, `min` and `max`.
 * Operators of the same rank are done from left to right, since every step rounds as the contract does.
 *
 * @throws {FreshetError} `cli/bad-call`: it is no expression.
 * @throws {FloatError} what the contract would revert with.
 */
export function evaluateFloat(text: string): Float {
  if (text.length > mostLetters) throw badCall(`The expression is longer than ${mostLetters} letters.`)
  const tokens = createTokens(text)
  const float = readSum(tokens, 0)
  if (tokens.peek !== undefined) throw tokens.odd()
  return float
}

type Operation = (a: Float, b: Float) => Float
const sums: ReadonlyMap<string | undefined, Operation> = new Map([
  ['+', add],
  ['-', sub],
])
const products: ReadonlyMap<string | undefined, Operation> = new Map([
  ['*', mul],
  ['/', div],
])
const unary: ReadonlyMap<string, (a: Float) => Float> = new Map([
  ['abs', abs],
  ['inv', inv],
])
const binary: ReadonlyMap<string, Operation> = new Map([
  ['min', min],
  ['max', max],
])

function readSum(tokens: Tokens, depth: number): Float {
  if (depth > deepest) throw badCall(`The expression is nested more than ${deepest} deep.`)
  return readChain(tokens, sums, () => readChain(tokens, products, () => readFactor(tokens, depth)))
}

function readChain(
  tokens: Tokens,
  operations: ReadonlyMap<string | undefined, Operation>,
  readItem: () => Float,
): Float {
  let left = readItem()
  for (let operation; (operation = operations.get(tokens.peek)) !== undefined;) {
    tokens.take()
    left = operation(left, readItem())
  }
  return left
}

function readFactor(tokens: Tokens, depth: number): Float {
  let negative = false
  for (; tokens.peek === '-'; tokens.take()) negative = !negative
  const float = readOperand(tokens, depth)
  return negative ? minus(float) : float
}

function readOperand(tokens: Tokens, depth: number): Float {
  const token = tokens.peek ?? ''
  if (/^0x/i.test(token)) {
    if (token.length !== 66) throw badCall(`${token} is no float. Give 0x and 64 hex digits.`)
    return hexToFloat(tokens.take())
  }
  if (/^[\d.]/.test(token)) return parse(tokens.take())
  const [one, two] = [unary.get(token), binary.get(token)]
  if (one === undefined && two === undefined && token !== '(') throw tokens.odd()
  if (token !== '(') tokens.take()
  tokens.take('(')
  const first = readSum(tokens, depth + 1)
  if (two !== undefined) {
    tokens.take(',')
    const second = readSum(tokens, depth + 1)
    tokens.take(')')
    return two(first, second)
  }
  tokens.take(')')
  return one === undefined ? first : one(first)
}

type Tokens = {
  /** The next one, undefined at the end. */
  readonly peek: string | undefined
  /** The next one, which has to be `expected` where that is given. */
  take(expected?: string): string
  /** An error that says where the expression stops making sense. */
  odd(): Error
}

// A number is what looks like one; whether it is one, the contract's own reader says.
const tokenPattern = /\s*(0x[0-9a-f]*|[\d.]+(?:e[+-]?\d*)?|[a-z]+|\S)/giy

function createTokens(text: string): Tokens {
  const tokens = [...text.trimEnd().matchAll(tokenPattern)].map(([, token = '']) => token)
  let at = 0
  const odd = (): Error => {
    const before = tokens.slice(Math.max(0, at - 5), at).join(' ')
    const place = before === '' ? '' : ` after ${JSON.stringify(before.slice(-80))}`
    const token = tokens[at]?.slice(0, 80)
    const what = token === undefined ? 'ends too early' : `cannot go on with ${JSON.stringify(token)}`
    return badCall(`The expression ${what}${place}. See freshet --help.`)
  }
  return {
    get peek() {
      return tokens[at]
    },
    take(expected) {
      const token = tokens[at]
      if (token === undefined || (expected !== undefined && token !== expected)) throw odd()
      at++
      return token
    },
    odd,
  }
}
