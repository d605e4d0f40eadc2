import type { Bytes32, Hex } from '../engine/index.ts'

/** Opcodes of `contracts/Interpreter.sol`. */
export const op = {
  push: (word: Bytes32): string => `01${word.slice(2)}`,
  context: (column: number, row: number): string => `02${byte(column)}${byte(row)}`,
  get: '03',
  set: '04',
  add: '05',
  mul: '06',
  time: '07',
  number: '08',
  chainId: '09',
  revert: '0a',
  ask: '0b',
  spin: '0c',
  caller: '0d',
  /** Fails below zero, as `add` and `mul` do beyond a word. */
  sub: '0e',
  addFloat: '10',
  subFloat: '11',
  mulFloat: '12',
  divFloat: '13',
  minFloat: '14',
  maxFloat: '15',
} as const

/** Bytecode of an order for that interpreter. */
export function testProgram(calculate: readonly string[], handle: readonly string[] = []): Hex {
  const source = calculate.join('')
  return `0x${(source.length / 2).toString(16).padStart(4, '0')}${source}${handle.join('')}`
}

function byte(value: number): string {
  return value.toString(16).padStart(2, '0')
}
