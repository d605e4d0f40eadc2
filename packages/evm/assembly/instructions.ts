// Instructions that the interpreter and compiled code share. Operands end at `sp`, the topmost at sp - 32; the result
// takes the place of the lowest. What takes gas returns what is left of it, or -1 for an exceptional end.

import { accessSlot, failMissingKey, found, missingSlot } from './access'
import {
  BASE_FEE,
  BLOB_BASE_FEE,
  CHAIN_ID,
  COINBASE,
  FROM,
  GAS_LIMIT,
  GAS_PRICE,
  markBlockRead,
  NUMBER,
  PREV_RANDAO,
  READ_BLOCK,
  READ_NUMBER,
  READ_TIME,
  TIMESTAMP,
} from './environment'
import {
  CODE_OF,
  copyPadded,
  DATA,
  DATA_SIZE,
  expand,
  fatal,
  MEM,
  MEM_SIZE,
  rangeEnd,
  returnData,
  returnSize,
  SELF,
} from './frame'
import { keccak } from './keccak'
import { ADDRESS, CODE_LENGTH, CODE_RAW, markSlotRead, VALUE } from './tables'
import { byteLength, copyWord, exponent } from './word'

@inline
function wordsIn(size: usize): i64 {
  return <i64>((<u64>size + 31) >> 5)
}

/** Charges for memory up to `end` where there is less; -1 when there is no gas for it, or none already. */
@inline
function reach(frame: usize, gas: i64, end: i64): i64 {
  if (gas < 0 || end < 0) return -1
  return end > <i64>load<u32>(frame, MEM_SIZE) ? expand(frame, gas, <u64>end) : gas
}

/** KECCAK256(offset, size) */
export function hashMemory(frame: usize, sp: usize, gas: i64): i64 {
  const size = <usize>load<u32>(sp - 64)
  gas = reach(frame, gas - 30 - 6 * wordsIn(size), rangeEnd(sp - 32, sp - 64))
  if (gas < 0) return -1
  keccak(sp - 64, <usize>load<u32>(frame, MEM) + <usize>load<u32>(sp - 32), size)
  return gas
}

/** Memory for a copy of (to, from, size); gas left, or -1. */
@inline
function reachCopy(frame: usize, sp: usize, gas: i64): i64 {
  return reach(frame, gas - 3 - 3 * wordsIn(<usize>load<u32>(sp - 96)), rangeEnd(sp - 32, sp - 96))
}

@inline
function target(frame: usize, sp: usize): usize {
  return <usize>load<u32>(frame, MEM) + <usize>load<u32>(sp - 32)
}

/** CALLDATACOPY(to, from, size) */
export function copyCallData(frame: usize, sp: usize, gas: i64): i64 {
  gas = reachCopy(frame, sp, gas)
  const size = <usize>load<u32>(sp - 96)
  if (gas < 0 || size == 0) return gas
  copyPadded(target(frame, sp), <usize>load<u32>(frame, DATA), <usize>load<u32>(frame, DATA_SIZE), sp - 64, size)
  return gas
}

/** CODECOPY(to, from, size) */
export function copyCode(frame: usize, sp: usize, gas: i64): i64 {
  gas = reachCopy(frame, sp, gas)
  const size = <usize>load<u32>(sp - 96)
  if (gas < 0 || size == 0) return gas
  const code = <usize>load<u32>(frame, CODE_OF)
  copyPadded(target(frame, sp), <usize>load<u32>(code, CODE_RAW), <usize>load<u32>(code, CODE_LENGTH), sp - 64, size)
  return gas
}

/** RETURNDATACOPY(to, from, size): reading past the end is an exceptional end, even of no bytes (EIP-211) */
export function copyReturnData(frame: usize, sp: usize, gas: i64): i64 {
  gas = reachCopy(frame, sp, gas)
  if (gas < 0) return -1
  const size = <u64>load<u32>(sp - 96)
  const from = load<u64>(sp - 64)
  if ((load<u64>(sp - 64, 8) | load<u64>(sp - 64, 16) | load<u64>(sp - 64, 24)) != 0) return -1
  if (from > <u64>returnSize || from + size > <u64>returnSize) return -1
  if (size != 0) memory.copy(target(frame, sp), returnData + <usize>from, <usize>size)
  return gas
}

/** MCOPY(to, from, size) */
export function moveMemory(frame: usize, sp: usize, gas: i64): i64 {
  const size = <usize>load<u32>(sp - 96)
  const toEnd = rangeEnd(sp - 32, sp - 96)
  const fromEnd = rangeEnd(sp - 64, sp - 96)
  if (toEnd < 0 || fromEnd < 0) return -1
  gas = reach(frame, gas - 3 - 3 * wordsIn(size), max(toEnd, fromEnd))
  if (gas < 0 || size == 0) return gas
  const mem = <usize>load<u32>(frame, MEM)
  memory.copy(mem + <usize>load<u32>(sp - 32), mem + <usize>load<u32>(sp - 64), size)
  return gas
}

/** SLOAD(key) */
export function loadSlot(frame: usize, sp: usize, gas: i64): i64 {
  const self = <usize>load<u32>(frame, SELF)
  gas -= accessSlot(self, sp - 32)
  if (gas < 0 || fatal != 0) return -1
  if (found == 0) {
    failMissingKey(missingSlot, self + ADDRESS, sp - 32)
    return -1
  }
  markSlotRead(found)
  copyWord(sp - 32, found + VALUE)
  return gas
}

/** EXP(base, exponent) */
export function power(frame: usize, sp: usize, gas: i64): i64 {
  gas -= 10 + 50 * <i64>byteLength(sp - 64)
  if (gas < 0) return -1
  exponent(sp - 64, sp - 32, sp - 64)
  return gas
}

/** MSTORE8(offset, value) */
export function storeByte(frame: usize, sp: usize, gas: i64): i64 {
  const at = load<u64>(sp - 32)
  if ((load<u64>(sp - 32, 8) | load<u64>(sp - 32, 16) | load<u64>(sp - 32, 24)) != 0 || at > 0xffffffff) return -1
  gas = reach(frame, gas - 3, <i64>at + 1)
  if (gas < 0) return -1
  store<u8>(<usize>load<u32>(frame, MEM) + <usize>at, load<u8>(sp - 64))
  return gas
}

/** Puts at `p` what an instruction without operands answers of the block or the transaction. */
export function environmentOf(p: usize, op: u32): void {
  switch (op) {
    case 0x32:
      return copyWord(p, FROM)
    case 0x3a:
      return copyWord(p, GAS_PRICE)
    case 0x41:
      markBlockRead(READ_BLOCK)
      return copyWord(p, COINBASE)
    case 0x42:
      markBlockRead(READ_TIME)
      return copyWord(p, TIMESTAMP)
    case 0x43:
      markBlockRead(READ_NUMBER)
      return copyWord(p, NUMBER)
    case 0x44:
      markBlockRead(READ_BLOCK)
      return copyWord(p, PREV_RANDAO)
    case 0x45:
      markBlockRead(READ_BLOCK)
      return copyWord(p, GAS_LIMIT)
    case 0x46:
      return copyWord(p, CHAIN_ID)
    case 0x48:
      markBlockRead(READ_BLOCK)
      return copyWord(p, BASE_FEE)
    default:
      markBlockRead(READ_BLOCK)
      return copyWord(p, BLOB_BASE_FEE)
  }
}
