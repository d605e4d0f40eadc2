// One frame per call in progress, kept in the arena instead of on the host's stack so that 1,025 of them fit.

import { arenaAlloc, arenaAllocPinned, top } from './memory'

export const PARENT: usize = 0 // u32
export const CODE_OF: usize = 4 // u32: code entry that runs
export const PC: usize = 8 // u32: where to go on after a call
export const SP: usize = 12 // u32: first free stack slot, likewise
export const GAS: usize = 16 // i64, likewise
export const MEM: usize = 24 // u32: contract memory
export const MEM_SIZE: usize = 28 // u32: its size, a multiple of 32
export const DATA: usize = 32 // u32: call data, in the caller's memory
export const DATA_SIZE: usize = 36 // u32
export const OUT: usize = 40 // u32: offset in this frame's memory for the output of the call it waits for
export const OUT_SIZE: usize = 44 // u32
export const DEPTH: usize = 48 // u32
export const WARM_MARK: usize = 52 // u32: `warmHead` when it began
export const TOP_MARK: usize = 56 // u32: `top` before it began
export const SELF: usize = 60 // u32: account whose storage and address it has
export const CALLER: usize = 64 // three limbs
export const CALL_VALUE: usize = 96 // word
export const STACK: usize = 128
export const STACK_SIZE: usize = 32768 // 1,024 words
const FRAME: usize = STACK + STACK_SIZE

/** The call ended for a reason that is not the contract's: `statusMissing` or `statusUnsupported`, else 0. */
export let fatal: i32 = 0
/** Why it is unsupported: 1 memory limit, 2 precompile, 3 hook. */
export let fatalReason: i32 = 0

export const statusOk: i32 = 0
export const statusRevert: i32 = 1
export const statusHalt: i32 = 2
export const statusMissing: i32 = 3
export const statusUnsupported: i32 = 4

export const reasonMemory: i32 = 1
export const reasonPrecompile: i32 = 2
export const reasonHook: i32 = 3

export function clearFatal(): void {
  fatal = 0
}

export function fail(status: i32, reason: i32): void {
  fatal = status
  fatalReason = reason
}

/** Return data of the last call, one buffer for all frames: a new call replaces it. */
export let returnData: usize = 0
export let returnSize: usize = 0
let returnRoom: usize = 0

export function resetReturn(): void {
  returnRoom = 4096
  returnData = arenaAllocPinned(returnRoom)
  returnSize = 0
}

export function setReturnSize(size: usize): void {
  returnSize = size
}

/** Makes room for return data of this size; 0 when over the memory limit. */
export function reserveReturn(size: usize): usize {
  if (size > returnRoom) {
    const room = max(size, returnRoom << 1)
    const data = arenaAllocPinned(room)
    if (data == 0) {
      fail(statusUnsupported, reasonMemory)
      return 0
    }
    returnRoom = room
    returnData = data
  }
  returnSize = size
  return returnData
}

/** Room for a frame; 0 when over the memory limit. */
export function newFrame(): usize {
  const before = top
  const frame = arenaAlloc(FRAME)
  if (frame == 0) {
    fail(statusUnsupported, reasonMemory)
    return 0
  }
  store<u32>(frame, <u32>before, TOP_MARK)
  store<u32>(frame, <u32>(frame + STACK), SP)
  store<u32>(frame, <u32>top, MEM)
  store<u32>(frame, 0, MEM_SIZE)
  return frame
}

@inline
function memoryCost(size: u64): i64 {
  const words = size >> 5
  return <i64>(words * 3 + ((words * words) >> 9))
}

/**
 * Extends contract memory to `to` bytes, at most 2^33, and charges for it. Returns the gas left, or -1 when
 * there is not enough or the memory limit is reached.
 */
export function expand(frame: usize, gas: i64, to: u64): i64 {
  const size = (to + 31) & ~31
  const old = <u64>load<u32>(frame, MEM_SIZE)
  gas -= memoryCost(size) - memoryCost(old)
  if (gas < 0) return -1
  let mem = <usize>load<u32>(frame, MEM)
  if (size > 0xc0000000) {
    fail(statusUnsupported, reasonMemory)
    return -1
  }
  if (mem + <usize>old != top) {
    // Something was put on top of it: move.
    const moved = arenaAlloc(<usize>size)
    if (moved == 0) {
      fail(statusUnsupported, reasonMemory)
      return -1
    }
    memory.copy(moved, mem, <usize>old)
    mem = moved
    store<u32>(frame, <u32>mem, MEM)
  } else if (arenaAlloc(<usize>(size - old)) == 0) {
    fail(statusUnsupported, reasonMemory)
    return -1
  }
  const end = mem + <usize>size
  let at = mem + <usize>old
  if (size - old > 512) {
    memory.fill(at, 0, end - at)
  } else {
    // Memory mostly grows by a few words, for which the instruction above is slow.
    for (; at < end; at += 32) {
      store<u64>(at, 0)
      store<u64>(at, 0, 8)
      store<u64>(at, 0, 16)
      store<u64>(at, 0, 24)
    }
  }
  store<u32>(frame, <u32>size, MEM_SIZE)
  return gas
}

/**
 * End of the memory range whose offset and length stand in two words: 0 for an empty range, -1 for one that
 * no amount of gas below the limit of a call pays for.
 */
export function rangeEnd(offset: usize, length: usize): i64 {
  const size = load<u64>(length)
  if ((load<u64>(length, 8) | load<u64>(length, 16) | load<u64>(length, 24)) != 0 || size > 0xffffffff) return -1
  if (size == 0) return 0
  const from = load<u64>(offset)
  if ((load<u64>(offset, 8) | load<u64>(offset, 16) | load<u64>(offset, 24)) != 0 || from > 0xffffffff) return -1
  return <i64>(from + size)
}

/** Copies `size` bytes from the offset in a word of a source, zeros behind its end. */
export function copyPadded(to: usize, source: usize, sourceSize: usize, offset: usize, size: usize): void {
  const from = load<u64>(offset)
  const beyond = (load<u64>(offset, 8) | load<u64>(offset, 16) | load<u64>(offset, 24)) != 0 || from >= <u64>sourceSize
  const have: usize = beyond ? 0 : min<usize>(size, sourceSize - <usize>from)
  if (have != 0) memory.copy(to, source + <usize>from, have)
  if (have != size) memory.fill(to + have, 0, size - have)
}
