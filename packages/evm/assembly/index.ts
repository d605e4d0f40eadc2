// What the host calls. Addresses and words come through the scratch area, big-endian and 32 bytes long.

import { missingAddress, missingKey, missingKind } from './access'
import {
  callNative,
  clearHotCode,
  codeKnown,
  delegateOf,
  enter,
  frame,
  hotCode,
  isDelegation,
  leaveAll,
  nativeOutcome,
} from './calls'
import {
  blockReads,
  DELEGATE,
  environmentWord,
  FROM,
  resetBlockReads,
  scratch,
  setDelegates,
  setFork,
  TO,
} from './environment'
import {
  CALL_VALUE,
  CALLER,
  clearFatal,
  fail,
  fatal,
  fatalReason,
  GAS,
  reasonMemory,
  resetReturn,
  returnData,
  returnSize,
  statusHalt,
  statusMissing,
  statusOk,
  statusUnsupported,
} from './frame'
import { emptyHash, execute, initInterpreter, outputData, outputSize } from './interpreter'
import { keccak } from './keccak'
import { arenaAlloc, arenaReset, heapAlloc } from './memory'
import { failMissing, missingAccount } from './access'
import {
  accountReads,
  addAccount,
  addUnknownAccount,
  addSlot,
  ADDRESS,
  BALANCE,
  BALANCE_KNOWN,
  CODE,
  CODE_KNOWN,
  CODE_LENGTH,
  CODE_TIER,
  commitCode,
  COMPLETE,
  dropTransients,
  EXISTS,
  findAccount,
  findSlot,
  FLAGS,
  HOOK_CODE,
  HOOKED,
  initTables,
  markAccountRead,
  PRECOMPILE,
  slotReads,
  stageCode,
  startMarks,
  unknownIsEmpty,
  VALUE,
} from './tables'
import { copyWord, loadBig, setSmall, storeBig } from './word'

export {
  callDataWord,
  growMemory,
  returnDataSize,
  wordAddmod,
  wordByte,
  wordClz,
  wordDiv,
  wordMod,
  wordMul,
  wordMulmod,
  wordSar,
  wordSdiv,
  wordShl,
  wordShr,
  wordSignextend,
  wordSmod,
} from './compiled'
export { setHotAfter } from './calls'
export {
  copyCallData,
  copyCode,
  copyReturnData,
  environmentOf,
  hashMemory,
  loadSlot,
  moveMemory,
  power,
  storeByte,
} from './instructions'
export { reserveReturn } from './frame'
export { setCallNumber } from './tables'
export { stageCode } from './tables'

const word: usize = memory.data(32)

/** What `run` leaves: see `RESULT_` in the host. */
const result: usize = memory.data(128)

export function scratchAt(): usize {
  return scratch
}

export function resultAt(): usize {
  return result
}

/** Prepares an empty engine. */
export function init(seedLow: u32, seedHigh: u32, emptyWorld: u32, fork: u32): u32 {
  setFork(fork)
  initInterpreter()
  keccak(emptyHash, 0, 0)
  return u32(initTables(((<u64>seedHigh) << 32) | seedLow, emptyWorld != 0))
}

/** The account whose address is in the scratch area, made when new with the id; 0 when memory is exhausted. */
export function account(id: u32): usize {
  loadBig(word, scratch)
  const entry = findAccount(load<u64>(word), load<u64>(word, 8), load<u64>(word, 16))
  if (entry != 0) return entry
  return addAccount(load<u64>(word), load<u64>(word, 8), load<u64>(word, 16), id)
}

/** Gives the account the staged code. */
export function setCode(entry: usize): void {
  const code = commitCode()
  store<u32>(entry, <u32>code, CODE)
  store<u32>(entry, (load<u32>(entry, FLAGS) | CODE_KNOWN | EXISTS) & ~HOOK_CODE, FLAGS)
}

/** The code of an account, 0 for none. */
export function codeOf(entry: usize): usize {
  return <usize>load<u32>(entry, CODE)
}

/** Room on the heap for a table of compiled code; 0 when memory is exhausted. */
export function tableRoom(size: usize): usize {
  return heapAlloc(size)
}

/** From now on code runs as the compiled function `index`. */
export function setCompiled(code: usize, index: u32): void {
  store<u32>(code, index + 1, CODE_TIER)
}

/** Gives the account the balance in the scratch area. */
export function setBalance(entry: usize): void {
  loadBig(entry + BALANCE, scratch)
  store<u32>(entry, load<u32>(entry, FLAGS) | CODE_KNOWN | BALANCE_KNOWN | EXISTS, FLAGS)
}

export function setKnownEmpty(entry: usize): void {
  store<u32>(entry, 0, CODE)
  setSmall(entry + BALANCE, 0)
  const flags = load<u32>(entry, FLAGS) & ~(EXISTS | HOOK_CODE)
  store<u32>(entry, flags | CODE_KNOWN | BALANCE_KNOWN, FLAGS)
}

export function setComplete(entry: usize): void {
  store<u32>(entry, load<u32>(entry, FLAGS) | COMPLETE, FLAGS)
}

export function setPrecompile(entry: usize, number: u32): void {
  store<u32>(entry, load<u32>(entry, FLAGS) | PRECOMPILE | (number << 16), FLAGS)
}

/** Hooks the account, or frees it. An account without code shows the staged code while it is hooked. */
export function setHook(entry: usize, on: u32): void {
  let flags = load<u32>(entry, FLAGS)
  if (on != 0) {
    flags |= HOOKED
    if ((flags & CODE_KNOWN) == 0) {
      store<u32>(entry, <u32>commitCode(), CODE)
      flags |= CODE_KNOWN | EXISTS | HOOK_CODE
    }
  } else {
    flags &= ~HOOKED
    if ((flags & HOOK_CODE) != 0) {
      store<u32>(entry, 0, CODE)
      flags &= ~(CODE_KNOWN | EXISTS | HOOK_CODE)
    }
  }
  store<u32>(entry, flags, FLAGS)
}

/** The slot of the account whose key is in the scratch area, made when new; 0 when memory is exhausted. */
export function slot(entry: usize, id: u32): usize {
  loadBig(word, scratch)
  const at = findSlot(entry, word)
  return at != 0 ? at : addSlot(entry, word, id)
}

/** Gives a slot the value in the scratch area. */
export function setSlot(at: usize): void {
  loadBig(at + VALUE, scratch)
}

/** Sets environment word `index` from the scratch area. */
export function setEnvironment(index: u32): void {
  loadBig(environmentWord(index), scratch)
}

/** Sets the sender from the scratch area. */
export function setFrom(): void {
  loadBig(FROM, scratch)
}

/** Sets the account to call from the scratch area. */
export function setTo(): void {
  loadBig(TO, scratch)
}

/** Most bytes that a call may use. */
let memoryLimit: usize = 0

export function setMemoryLimit(bytes: usize): void {
  memoryLimit = bytes
}

/** Where the host writes the data of the next call, of up to this size; 0 when over the memory limit. */
export function dataAt(size: usize): usize {
  arenaReset(memoryLimit)
  return arenaAlloc(size + 1)
}

/**
 * Runs a call whose data stands where `dataAt` said, since when nothing was set. `to` is the entry of the account, or 0
 * when the host does not know it and has set its address.
 */
export function run(dataSize: usize, to: usize, gasLimit: f64): i32 {
  const gas = <i64>gasLimit
  const data = dataAt(dataSize)
  if (to != 0) {
    store<u64>(TO, load<u64>(to, ADDRESS))
    store<u64>(TO, load<u64>(to, ADDRESS + 8), 8)
    store<u64>(TO, load<u64>(to, ADDRESS + 16), 16)
    store<u64>(TO, 0, 24)
  }
  startMarks()
  clearFatal()
  resetBlockReads()
  resetReturn()
  leaveAll()
  clearHotCode()
  setDelegates(false)
  let left: i64 = 0
  const status = start(data, dataSize, to, gas)
  const ended = fatal != 0 ? fatal : status
  if (ended < statusHalt) left = endGas
  store<u32>(result, endData)
  store<u32>(result, <u32>endSize, 4)
  store<f64>(result, ended >= statusMissing ? 0 : <f64>(gas - left), 8)
  store<u32>(result, blockReads, 16)
  store<u32>(result, <u32>accountReads, 20)
  store<u32>(result, <u32>slotReads, 24)
  store<u32>(result, fatalReason, 28)
  store<u32>(result, <u32>hotCode, 36)
  if (ended == statusMissing) {
    store<u32>(result, missingKind, 32)
    storeBig(result + 64, missingAddress)
    storeBig(result + 96, missingKey)
  }
  dropTransients()
  return ended
}

let endData: u32 = 0
let endSize: usize = 0
let endGas: i64 = 0

function end(data: usize, size: usize, gas: i64): void {
  endData = <u32>data
  endSize = size
  endGas = gas
}

function start(data: usize, dataSize: usize, to: usize, gas: i64): i32 {
  end(0, 0, gas)
  let target = to
  if (target == 0) {
    target = addUnknownAccount(load<u64>(TO), load<u64>(TO, 8), load<u64>(TO, 16))
    if (target == 0) {
      fail(statusUnsupported, reasonMemory)
      return statusUnsupported
    }
  }
  const flags = load<u32>(target, FLAGS)
  if ((flags & PRECOMPILE) == 0) markAccountRead(target)
  if ((flags & (PRECOMPILE | HOOKED)) != 0) {
    const left = callNative(target, data, dataSize, gas)
    end(returnData, returnSize, left)
    return nativeOutcome()
  }
  if (!codeKnown(target)) {
    failMissing(missingAccount, TO)
    return statusMissing
  }
  let code = <usize>load<u32>(target, CODE)
  if (isDelegation(code)) {
    delegateOf(DELEGATE, code)
    setDelegates(true)
    let delegate = findAccount(load<u64>(DELEGATE), load<u64>(DELEGATE, 8), load<u64>(DELEGATE, 16))
    if (delegate == 0) {
      delegate = addUnknownAccount(load<u64>(DELEGATE), load<u64>(DELEGATE, 8), load<u64>(DELEGATE, 16))
      if (delegate == 0) {
        fail(statusUnsupported, reasonMemory)
        return statusUnsupported
      }
    }
    if (!codeKnown(delegate)) {
      failMissing(missingAccount, DELEGATE)
      return statusMissing
    }
    if ((load<u32>(delegate, FLAGS) & PRECOMPILE) == 0) markAccountRead(delegate)
    code = <usize>load<u32>(delegate, CODE)
  }
  if (code == 0 || load<u32>(code, CODE_LENGTH) == 0) return statusOk
  const first = enter(code, target, data, dataSize, gas)
  if (first == 0) return statusUnsupported
  copyWord(first + CALLER, FROM)
  setSmall(first + CALL_VALUE, 0)
  const status = execute()
  if (fatal == 0) end(outputData, outputSize, load<i64>(frame, GAS))
  return status
}

/** After a trap: takes back what the broken call left in the tables. */
export function recover(): void {
  dropTransients()
}
