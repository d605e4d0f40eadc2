// What compiled code calls. Operands stand on the stack in memory, the topmost highest; `p` is the lowest of them,
// and where the result goes.

import { copyPadded, DATA, DATA_SIZE, expand, returnSize } from './frame'
import { addmod, byteAt, div, leadingZeros, loadBig, mod, mulmod, multiply, sdiv, setSmall, shiftLeft, shiftRight, signextend, smod } from './word'
import { scratch } from './environment'

export function wordMul(p: usize): void {
  multiply(p, p + 32, p)
}
export function wordDiv(p: usize): void {
  div(p, p + 32, p)
}
export function wordSdiv(p: usize): void {
  sdiv(p, p + 32, p)
}
export function wordMod(p: usize): void {
  mod(p, p + 32, p)
}
export function wordSmod(p: usize): void {
  smod(p, p + 32, p)
}
export function wordAddmod(p: usize): void {
  addmod(p, p + 64, p + 32, p)
}
export function wordMulmod(p: usize): void {
  mulmod(p, p + 64, p + 32, p)
}
export function wordSignextend(p: usize): void {
  signextend(p, p + 32, p)
}
export function wordByte(p: usize): void {
  byteAt(p, p + 32, p)
}
export function wordShl(p: usize): void {
  shiftLeft(p, p + 32, p)
}
export function wordShr(p: usize): void {
  shiftRight(p, p + 32, p, 0)
}
export function wordSar(p: usize): void {
  shiftRight(p, p + 32, p, <u64>(load<i64>(p, 24) >> 63))
}
export function wordClz(p: usize): void {
  setSmall(p, leadingZeros(p))
}

/** Replaces the offset at `p` by 32 bytes of call data. */
export function callDataWord(p: usize, frame: usize): void {
  const size = <usize>load<u32>(frame, DATA_SIZE)
  const at = load<u64>(p)
  if ((load<u64>(p, 8) | load<u64>(p, 16) | load<u64>(p, 24)) == 0 && at < <u64>size && at + 32 <= <u64>size) {
    loadBig(p, <usize>load<u32>(frame, DATA) + <usize>at)
    return
  }
  copyPadded(scratch, <usize>load<u32>(frame, DATA), size, p, 32)
  loadBig(p, scratch)
}

export function returnDataSize(): u32 {
  return <u32>returnSize
}

/** Extends the memory of a frame; gas left, or -1. */
export function growMemory(frame: usize, gas: i64, end: u64): i64 {
  return expand(frame, gas, end)
}
