// Calls between contracts: entering a frame, leaving it, and calls that need none.

import { blake2f } from './blake2f'
import { accessAccount, failMissing, found, missingAccount, missingBalance } from './access'
import { fork } from './environment'
import {
  CALL_VALUE,
  CALLER,
  CODE_OF,
  DATA,
  DATA_SIZE,
  DEPTH,
  expand,
  fail,
  fatal,
  GAS,
  MEM,
  MEM_SIZE,
  newFrame,
  OUT,
  OUT_SIZE,
  PARENT,
  PC,
  rangeEnd,
  reasonHook,
  reasonPrecompile,
  reserveReturn,
  returnData,
  returnSize,
  SELF,
  setReturnSize,
  SP,
  STACK,
  statusHalt,
  statusOk,
  statusRevert,
  statusUnsupported,
  TOP_MARK,
  WARM_MARK,
} from './frame'
import { hostHook, hostPrecompile } from './host'
import { arenaRelease } from './memory'
import {
  ADDRESS,
  BALANCE,
  BALANCE_KNOWN,
  CODE,
  CODE_DELEGATE,
  CODE_EXEC,
  CODE_KNOWN,
  CODE_LENGTH,
  CODE_RAW,
  CODE_RUNS,
  CODE_TIER,
  coolTo,
  FLAGS,
  HOOKED,
  ID,
  markAccountRead,
  PRECOMPILE,
  unknownIsEmpty,
  warmHead,
} from './tables'
import { copyWord, isZero, lessThan, loadBig, setSmall } from './word'

export const CALL: u32 = 0xf1
export const CALLCODE: u32 = 0xf2
export const DELEGATECALL: u32 = 0xf4

const valueCost: i64 = 9000
const stipend: i64 = 2300
const maxDepth: u32 = 1024

/** Code that has run this often is worth compiling. */
let hotAfter: u32 = 0xffffffff
/** Code of this call that is worth compiling and is not, 0 for none. */
export let hotCode: usize = 0

export function setHotAfter(runs: u32): void {
  hotAfter = runs
}

export function clearHotCode(): void {
  hotCode = 0
}

/** The frame that runs. */
export let frame: usize = 0
/** Gas left after a call that needed no frame of its own. */
export let gasLeft: i64 = 0

/** Stays in the calling frame, which goes on with `gasLeft`. */
export const stays: i32 = 0
/** Another frame runs now. */
export const entered: i32 = 1
/** The calling frame ends exceptionally. */
export const halts: i32 = 2

const address: usize = memory.data(32)

/** True when the code of an account may be looked at. */
@inline
export function codeKnown(entry: usize): bool {
  return (load<u32>(entry, FLAGS) & (CODE_KNOWN | PRECOMPILE)) != 0 || unknownIsEmpty
}

/** Address in a code that is an EIP-7702 delegation, as a word. */
export function delegateOf(r: usize, code: usize): void {
  loadBig(r, <usize>load<u32>(code, CODE_RAW) + 3 - 12)
  store<u64>(r, load<u64>(r, 16) & 0xffffffff, 16)
  store<u64>(r, 0, 24)
}

@inline
export function isDelegation(code: usize): bool {
  return fork >= 1 && code != 0 && load<u32>(code, CODE_DELEGATE) != 0
}

/** Starts a frame for code that is not empty; 0 when over the memory limit. */
export function enter(code: usize, self: usize, data: usize, size: usize, gas: i64): usize {
  const child = newFrame()
  if (child == 0) return 0
  const runs = load<u32>(code, CODE_RUNS) + 1
  store<u32>(code, runs, CODE_RUNS)
  if (runs >= hotAfter && load<u32>(code, CODE_TIER) == 0) hotCode = code
  store<u32>(child, <u32>frame, PARENT)
  store<u32>(child, <u32>code, CODE_OF)
  store<u32>(child, load<u32>(code, CODE_EXEC), PC)
  store<i64>(child, gas, GAS)
  store<u32>(child, <u32>data, DATA)
  store<u32>(child, <u32>size, DATA_SIZE)
  store<u32>(child, frame == 0 ? 0 : load<u32>(frame, DEPTH) + 1, DEPTH)
  store<u32>(child, <u32>warmHead, WARM_MARK)
  store<u32>(child, <u32>self, SELF)
  frame = child
  return child
}

export function leaveAll(): void {
  frame = 0
}

/** What a call without a frame of its own ended with. */
let nativeStatus: i32 = 0

/** Runs a precompile or a hook over `gas`; returns the gas left. Sets the return data and `nativeStatus`. */
export function callNative(entry: usize, data: usize, size: usize, gas: i64): i64 {
  const flags = load<u32>(entry, FLAGS)
  setReturnSize(0)
  let used: f64
  if ((flags & HOOKED) != 0) {
    used = hostHook(load<u32>(entry, ID), data, size, <f64>gas)
    if (used == -2) fail(statusUnsupported, reasonHook)
  } else {
    const id = flags >> 16
    if (id == 4) used = identity(data, size, gas)
    else if (id == 9) used = blake(data, size, gas)
    else used = hostPrecompile(id, data, size, <f64>gas)
    if (used == -2) fail(statusUnsupported, reasonPrecompile)
  }
  nativeStatus = statusOk
  if (used <= -3) {
    nativeStatus = statusRevert
    used = -3 - used
  }
  if (used < 0 || used > <f64>gas || fatal != 0) {
    nativeStatus = statusHalt
    setReturnSize(0)
    return 0
  }
  return gas - <i64>used
}

export function nativeOutcome(): i32 {
  return nativeStatus
}

function identity(data: usize, size: usize, gas: i64): f64 {
  const cost = 15 + 3 * <i64>((size + 31) >> 5)
  if (cost > gas) return -1
  const out = reserveReturn(size)
  if (out == 0) return -1
  memory.copy(out, data, size)
  return <f64>cost
}

function blake(data: usize, size: usize, gas: i64): f64 {
  if (size != 213 || load<u8>(data, 212) > 1) return -1
  const rounds = bswap<u32>(load<u32>(data, 0, 1))
  if (<i64>rounds > gas) return -1
  const out = reserveReturn(64)
  if (out == 0) return -1
  blake2f(out, data)
  return <f64>rounds
}

/** Puts the outcome of a call on the caller's stack and its output into the caller's memory. */
function deliver(caller: usize, success: bool): void {
  const sp = <usize>load<u32>(caller, SP)
  setSmall(sp, u64(success))
  store<u32>(caller, <u32>(sp + 32), SP)
  const size = min(<usize>load<u32>(caller, OUT_SIZE), returnSize)
  if (size != 0) memory.copy(<usize>load<u32>(caller, MEM) + <usize>load<u32>(caller, OUT), returnData, size)
}

/**
 * CALL, CALLCODE, DELEGATECALL and STATICCALL of the running frame, whose PC is saved; the operands end at
 * `sp`. Every call is static here, so a value may only be passed to oneself (CALLCODE).
 */
export function call(op: u32, sp: usize, gas: i64): i32 {
  const takesValue = op == CALL || op == CALLCODE
  const withValue = takesValue && !isZero(sp - 96)
  if (withValue && op == CALL) return halts
  const input = sp - (takesValue ? 128 : 96)
  const inEnd = rangeEnd(input, input - 32)
  const outEnd = rangeEnd(input - 64, input - 96)
  if (inEnd < 0 || outEnd < 0) return halts
  const end = max(inEnd, outEnd)
  if (end > <i64>load<u32>(frame, MEM_SIZE)) {
    gas = expand(frame, gas, <u64>end)
    if (gas < 0) return halts
  }

  gas -= accessAccount(sp - 64)
  if (withValue) gas -= valueCost
  const target = found
  if (target == 0) return halts
  const native = (load<u32>(target, FLAGS) & (PRECOMPILE | HOOKED)) != 0
  if ((load<u32>(target, FLAGS) & PRECOMPILE) == 0) markAccountRead(target)
  let code = <usize>load<u32>(target, CODE)
  let delegate: usize = 0
  if (isDelegation(code)) {
    delegateOf(address, code)
    gas -= accessAccount(address)
    delegate = found
  }
  if (gas < 0 || fatal != 0) return halts
  if (!codeKnown(target)) {
    failMissing(missingAccount, sp - 64)
    return halts
  }

  const most = gas - (gas >> 6)
  const wanted = sp - 32
  const asked = load<u64>(wanted)
  const all = (load<u64>(wanted, 8) | load<u64>(wanted, 16) | load<u64>(wanted, 24)) != 0 || asked > <u64>most
  let childGas = all ? most : <i64>asked
  gas -= childGas
  if (withValue) childGas += stipend
  setReturnSize(0)
  store<u32>(frame, load<u32>(input - 64), OUT)
  store<u32>(frame, load<u32>(input - 96), OUT_SIZE)
  store<u32>(frame, <u32>(input - 96), SP)

  const self = <usize>load<u32>(frame, SELF)
  let refused = load<u32>(frame, DEPTH) >= maxDepth
  if (withValue && !refused) {
    if ((load<u32>(self, FLAGS) & BALANCE_KNOWN) == 0 && !unknownIsEmpty) {
      failMissing(missingBalance, self + ADDRESS)
      return halts
    }
    refused = lessThan(self + BALANCE, sp - 96)
  }
  if (refused) {
    deliver(frame, false)
    gasLeft = gas + childGas
    return stays
  }

  const size = <usize>load<u32>(input - 32)
  // An empty range may point anywhere.
  const data = <usize>load<u32>(frame, MEM) + (size == 0 ? 0 : <usize>load<u32>(input))
  if (native) {
    gas += callNative(target, data, size, childGas)
    if (fatal != 0) return halts
    deliver(frame, nativeStatus == statusOk)
    gasLeft = gas
    return stays
  }
  if (delegate != 0) {
    if ((load<u32>(delegate, FLAGS) & PRECOMPILE) == 0) markAccountRead(delegate)
    if (!codeKnown(delegate)) {
      failMissing(missingAccount, address)
      return halts
    }
    code = <usize>load<u32>(delegate, CODE)
  }
  if (code == 0 || load<u32>(code, CODE_LENGTH) == 0) {
    deliver(frame, true)
    gasLeft = gas + childGas
    return stays
  }

  const caller = frame
  store<i64>(caller, gas, GAS)
  const borrowed = op == DELEGATECALL || op == CALLCODE
  const child = enter(code, borrowed ? self : target, data, size, childGas)
  if (child == 0) return halts
  const from = op == DELEGATECALL ? caller + CALLER : self + ADDRESS
  store<u64>(child, load<u64>(from), CALLER)
  store<u64>(child, load<u64>(from, 8), CALLER + 8)
  store<u64>(child, load<u64>(from, 16), CALLER + 16)
  if (op == DELEGATECALL) copyWord(child + CALL_VALUE, caller + CALL_VALUE)
  else if (withValue) copyWord(child + CALL_VALUE, sp - 96)
  else setSmall(child + CALL_VALUE, 0)
  return entered
}

/**
 * Ends the running frame with output at `data`. Its caller runs again with the gas that is left; true when
 * there is none. A frame that failed has warmed nothing; one that halted has used all its gas.
 */
export function leave(outcome: i32, data: usize, size: usize, gas: i64): bool {
  if (outcome != statusOk) coolTo(<usize>load<u32>(frame, WARM_MARK))
  const caller = <usize>load<u32>(frame, PARENT)
  if (outcome == statusHalt) {
    size = 0
    gas = 0
  }
  if (caller == 0) {
    store<i64>(frame, gas, GAS)
    return true
  }
  setReturnSize(0)
  if (size != 0) {
    const out = reserveReturn(size)
    if (out == 0) return true
    memory.copy(out, data, size)
  }
  arenaRelease(<usize>load<u32>(frame, TOP_MARK))
  frame = caller
  deliver(caller, outcome == statusOk)
  store<i64>(caller, load<i64>(caller, GAS) + gas, GAS)
  return false
}
