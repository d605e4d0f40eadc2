import { i32, i64, op, type WasmWriter } from './wasm-writer.ts'

/** Functions of the interpreter that compiled code calls, in the order of their import. */
export const helperNames = [
  'wordMul',
  'wordDiv',
  'wordSdiv',
  'wordMod',
  'wordSmod',
  'wordAddmod',
  'wordMulmod',
  'wordSignextend',
  'wordByte',
  'wordShl',
  'wordShr',
  'wordSar',
  'wordClz',
  'callDataWord',
  'returnDataSize',
  'growMemory',
  'power',
  'hashMemory',
  'loadSlot',
  'copyCallData',
  'copyCode',
  'copyReturnData',
  'moveMemory',
  'storeByte',
  'environmentOf',
] as const

export type HelperName = (typeof helperNames)[number]

/** Instructions done by a helper on the stack in memory: which, and how many words it takes. */
export const helpers: Readonly<Record<number, readonly [HelperName, number]>> = {
  0x02: ['wordMul', 2],
  0x04: ['wordDiv', 2],
  0x05: ['wordSdiv', 2],
  0x06: ['wordMod', 2],
  0x07: ['wordSmod', 2],
  0x08: ['wordAddmod', 3],
  0x09: ['wordMulmod', 3],
  0x0b: ['wordSignextend', 2],
  0x1a: ['wordByte', 2],
  0x1b: ['wordShl', 2],
  0x1c: ['wordShr', 2],
  0x1d: ['wordSar', 2],
  0x1e: ['wordClz', 1],
}

/** Instructions done by a helper that charges for itself: which, words taken and left. */
export const chargingHelpers: Readonly<Record<number, readonly [HelperName, number, 0 | 1]>> = {
  0x0a: ['power', 2, 1],
  0x20: ['hashMemory', 2, 1],
  0x37: ['copyCallData', 3, 0],
  0x39: ['copyCode', 3, 0],
  0x3e: ['copyReturnData', 3, 0],
  0x53: ['storeByte', 2, 0],
  0x54: ['loadSlot', 1, 1],
  0x5e: ['moveMemory', 3, 0],
}

/** Types of the functions in a module, in the order of the type section. */
export const functionTypes = [
  [[i32], []], // a word helper
  [[i32, i32], []], // callDataWord
  [[], [i32]], // returnDataSize
  [[i32, i64, i64], [i64]], // growMemory
  [[i32, i32], [i32]], // a part of the contract: frame, block → block
  [[i32], [i32]], // the contract: frame → outcome
  [[i32, i32, i64], [i64]], // what charges for itself: frame, stack, gas → gas left
] as const
export const partType = 4
export const contractType = 5
/** Types of the helpers; those not named take a place on the stack and leave nothing. */
export const helperTypes: Partial<Record<HelperName, number>> = {
  callDataWord: 1,
  environmentOf: 1,
  returnDataSize: 2,
  growMemory: 3,
  power: 6,
  hashMemory: 6,
  loadSlot: 6,
  copyCallData: 6,
  copyCode: 6,
  copyReturnData: 6,
  moveMemory: 6,
  storeByte: 6,
}

/** Calls a helper; its arguments are on the stack of WebAssembly. */
export function callHelper(writer: WasmWriter, name: HelperName): WasmWriter {
  return writer.with(op.call, helperNames.indexOf(name))
}
