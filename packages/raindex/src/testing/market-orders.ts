import type { Address, Bytes32, Hex, Order } from '../engine/index.ts'
import { floatToHex, packLossless, parse } from '../float/index.ts'
import { addressOf, wordOf } from './fixture-order.ts'
import { word } from './scripted-interpreter.ts'
import { op, testProgram } from './test-program.ts'

export const weth: Address = addressOf(0x10)
export const usdc: Address = addressOf(0x20)

/** Where the auction keeps when it last traded, as a whole number. */
export const lastTradeKey: Bytes32 = wordOf(0x13)
/** Where the quoter keeps the ratio it asks, a float. */
export const askKey: Bytes32 = wordOf(0x24)

/** How fast the ratio of an auction falls. */
const millionthsPerSecond = 50_000

/**
 * Sells WETH for USDC: the ratio begins at `start`, falls by 0.05 each second, and begins again with each trade.
 * Without a trade for `windowSeconds` it reverts.
 */
export function auction(nonce: number, start = '3200', windowSeconds = 1_800): Order {
  const sinceLast = [op.time, op.push(lastTradeKey), op.get, op.sub]
  const calculate = [
    // Reverts when the window is over, and leaves what is left of it at the bottom.
    ...[op.push(wholeWord(windowSeconds)), ...sinceLast, op.sub],
    op.push(word('0.5')),
    // Coefficients of one exponent subtract like whole numbers.
    ...[op.push(millionths(start)), ...sinceLast, op.push(wholeWord(millionthsPerSecond)), op.mul, op.sub],
  ]
  return selling(nonce, testProgram(calculate, [op.push(lastTradeKey), op.time, op.set]))
}

/** Sells at a fixed ratio, whatever the time. */
export function fixedAsk(nonce: number, ratio: string, max = '2'): Order {
  return selling(nonce, testProgram([op.push(word(max)), op.push(word(ratio))]))
}

/** Buys WETH with USDC at a fixed ratio of WETH per USDC. */
export function fixedBid(nonce: number, ratio: string, max = '1000'): Order {
  const bytecode = testProgram([op.push(word(max)), op.push(word(ratio))])
  const { validInputs, validOutputs, ...rest } = selling(nonce, bytecode)
  return { ...rest, validInputs: validOutputs, validOutputs: validInputs }
}

/** Asks the ratio that a word of its store says. */
export function storedAsk(nonce: number): Order {
  return selling(nonce, testProgram([op.push(word('1')), op.push(askKey), op.get]))
}

/** Asks the number of the block. */
export function numberAsk(nonce: number): Order {
  return selling(nonce, testProgram([op.push(word('1')), op.number]))
}

/** Asks what a word of its store says and a millionth of a hundred more with each block. */
export function risingAsk(nonce: number): Order {
  const perBlock = [op.number, op.push(wholeWord(100)), op.mul]
  return selling(nonce, testProgram([op.push(word('0.2')), op.push(askKey), op.get, ...perBlock, op.add]))
}

/** Asks what an oracle has signed: the first word of the first signed context. */
export function oracleAsk(nonce: number): Order {
  return selling(nonce, testProgram([op.push(word('1')), op.context(6, 0)]))
}

function selling(nonce: number, bytecode: Hex): Order {
  return {
    owner: addressOf(0x50 + nonce),
    evaluable: { interpreter: addressOf(0xaa), store: addressOf(0xbb), bytecode },
    validInputs: [{ token: usdc, vaultId: wordOf(0x40 + nonce) }],
    validOutputs: [{ token: weth, vaultId: wordOf(nonce) }],
    nonce: wordOf(nonce),
  }
}

function wholeWord(value: number): Bytes32 {
  return `0x${value.toString(16).padStart(64, '0')}`
}

/** A float whose coefficient counts millionths. */
function millionths(text: string): Bytes32 {
  return floatToHex(packLossless(BigInt(Number(text) * 1_000_000), -6))
}

/** A ratio as a word for `askKey`. */
export function askWord(text: string): Bytes32 {
  return floatToHex(parse(text))
}
