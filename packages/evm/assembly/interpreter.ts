// The loop. One function, because what it keeps in locals (program counter, stack pointer, gas) is its speed.
//
// Cheap instructions subtract their gas without looking: an instruction that could be noticed (a jump, a read
// of state, a call, the end) looks, and a frame without gas ends the same way wherever in between it ran out.
// Words on the stack are four u64 limbs, least significant first; `sp` is the first free slot.

import { accessAccount, failMissing, failMissingKey, found, missingAccount, missingBalance, missingBlockHash } from './access'
import { call, codeKnown, entered, frame, gasLeft, halts, leave } from './calls'
import { fork, markBlockRead, NUMBER, READ_BLOCK, READ_NUMBER, scratch } from './environment'
import {
  CALL_VALUE,
  CALLER,
  CODE_OF,
  copyPadded,
  DATA,
  DATA_SIZE,
  expand,
  fatal,
  GAS,
  MEM,
  MEM_SIZE,
  PC,
  rangeEnd,
  returnSize,
  SELF,
  SP,
  STACK,
  STACK_SIZE,
  statusHalt,
  statusOk,
  statusRevert,
} from './frame'
import { hostBlobHash, hostBlockHash, hostCompiled } from './host'
import {
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
import {
  ADDRESS,
  BALANCE,
  BALANCE_KNOWN,
  CODE,
  CODE_EXEC,
  CODE_HASH,
  CODE_JUMPS,
  CODE_KNOWN,
  CODE_LENGTH,
  CODE_RAW,
  CODE_TIER,
  EXISTS,
  FLAGS,
  markAccountRead,
  PRECOMPILE,
  unknownIsEmpty,
} from './tables'
import {
  addmod,
  byteAt,
  copyWord,
  div,
  isZero,
  leadingZeros,
  lessThan,
  loadBig,
  mod,
  mulmod,
  multiply,
  sdiv,
  setSmall,
  shiftLeft,
  shiftRight,
  signedLessThan,
  signextend,
  smod,
  storeBig,
} from './word'

/** Another frame runs now. */
const switched: i32 = -1
/** The instruction is done, and compiled code goes on behind it. */
const yields: i32 = -2

/** Output of the outermost frame. */
export let outputData: usize = 0
export let outputSize: usize = 0

/** Masks for pushes of 0 to 32 bytes: four limbs each. */
const pushMasks: usize = memory.data(33 * 32)

export function initInterpreter(): void {
  for (let size: usize = 1; size <= 32; size++) memory.fill(pushMasks + (size << 5), 0xff, size)
}

/** What the empty code hashes to. */
export const emptyHash: usize = memory.data(32)

/** Pushes an address of three limbs. */
@inline
function pushAddress(sp: usize, address: usize): void {
  const a0 = load<u64>(address)
  const a1 = load<u64>(address, 8)
  const a2 = load<u64>(address, 16)
  store<u64>(sp, a0)
  store<u64>(sp, a1, 8)
  store<u64>(sp, a2, 16)
  store<u64>(sp, 0, 24)
}

/** The code entry of an account that was just accessed; -1 when its code is missing. */
function codeOf(word: usize): i32 {
  const entry = found
  if (!codeKnown(entry)) {
    failMissing(missingAccount, word)
    return -1
  }
  if ((load<u32>(entry, FLAGS) & PRECOMPILE) == 0) markAccountRead(entry)
  return load<u32>(entry, CODE)
}

/** Replaces the address at `word` by its balance. */
function balance(word: usize, entry: usize): bool {
  markAccountRead(entry)
  if ((load<u32>(entry, FLAGS) & BALANCE_KNOWN) != 0 || unknownIsEmpty) {
    copyWord(word, entry + BALANCE)
    return true
  }
  const known = (load<u32>(entry, FLAGS) & CODE_KNOWN) != 0
  failMissing(known ? missingBalance : missingAccount, entry + ADDRESS)
  return false
}

/** Replaces the address at `word` by the hash of its code, 0 for an account that does not exist. */
function codeHash(word: usize): bool {
  const entry = found
  if ((load<u32>(entry, FLAGS) & CODE_KNOWN) == 0 && !unknownIsEmpty) {
    failMissing(missingAccount, word)
    return false
  }
  markAccountRead(entry)
  const code = <usize>load<u32>(entry, CODE)
  if ((load<u32>(entry, FLAGS) & EXISTS) == 0) setSmall(word, 0)
  else copyWord(word, code == 0 ? emptyHash : code + CODE_HASH)
  return true
}

/** Replaces a block number by the hash of that block, 0 outside the last 256. */
function blockHash(word: usize): bool {
  markBlockRead(READ_NUMBER)
  const number = load<u64>(word)
  const now = load<u64>(NUMBER)
  if ((load<u64>(word, 8) | load<u64>(word, 16) | load<u64>(word, 24)) != 0 || number >= now || now - number > 256) {
    setSmall(word, 0)
    return true
  }
  if (hostBlockHash(<u32>number, <u32>(number >> 32)) == 0) {
    failMissingKey(missingBlockHash, word, word)
    return false
  }
  markBlockRead(READ_BLOCK)
  loadBig(word, scratch)
  return true
}

/** Runs the frame in `frame` and all it calls. Returns how the outermost frame ended. */
export function execute(): i32 {
  let ended = -1
  while (ended == -1) {
    const current = frame
    const code = <usize>load<u32>(current, CODE_OF)
    // Compiled code runs until it meets an instruction that it leaves to us, and goes on behind it.
    const tier = load<u32>(code, CODE_TIER)
    if (tier != 0 && hostCompiled(tier - 1, current) != 0) {
      if (leave(statusHalt, 0, 0, 0) || fatal != 0) {
        outputSize = 0
        ended = fatal != 0 ? fatal : statusHalt
      }
      continue
    }
    const exec = <usize>load<u32>(code, CODE_EXEC)
    const jumps = <usize>load<u32>(code, CODE_JUMPS)
    const codeSize = <u64>load<u32>(code, CODE_LENGTH)
    const base = current + STACK
    const limit = base + STACK_SIZE
    let pc = <usize>load<u32>(current, PC)
    let sp = <usize>load<u32>(current, SP)
    let gas = load<i64>(current, GAS)
    let mem = <usize>load<u32>(current, MEM)
    let memSize = <u64>load<u32>(current, MEM_SIZE)
    let outcome = statusHalt
    let out: usize = 0
    let outSize: usize = 0

    for (;;) {
      const op = <u32>load<u8>(pc)
      pc++
      switch (op) {
        case 0x00: { // STOP
          outcome = statusOk
          break
        }
        case 0x01: { // ADD
          if (sp - base < 64) break
          gas -= 3
          sp -= 32
          const a0 = load<u64>(sp)
          const a1 = load<u64>(sp, 8)
          const a2 = load<u64>(sp, 16)
          const r0 = a0 + load<u64>(sp - 32)
          let carry = u64(r0 < a0)
          let r1 = a1 + load<u64>(sp - 32, 8)
          let next = u64(r1 < a1)
          r1 += carry
          carry = next | u64(r1 < carry)
          let r2 = a2 + load<u64>(sp - 32, 16)
          next = u64(r2 < a2)
          r2 += carry
          carry = next | u64(r2 < carry)
          store<u64>(sp - 32, r0)
          store<u64>(sp - 32, r1, 8)
          store<u64>(sp - 32, r2, 16)
          store<u64>(sp - 32, load<u64>(sp, 24) + load<u64>(sp - 32, 24) + carry, 24)
          continue
        }
        case 0x02: { // MUL
          if (sp - base < 64) break
          gas -= 5
          sp -= 32
          multiply(sp - 32, sp, sp - 32)
          continue
        }
        case 0x03: { // SUB
          if (sp - base < 64) break
          gas -= 3
          sp -= 32
          const a0 = load<u64>(sp)
          const a1 = load<u64>(sp, 8)
          const a2 = load<u64>(sp, 16)
          const b0 = load<u64>(sp - 32)
          const b1 = load<u64>(sp - 32, 8)
          const b2 = load<u64>(sp - 32, 16)
          let borrow = u64(a0 < b0)
          const d1 = a1 - b1
          const borrow1 = u64(a1 < b1) | u64(d1 < borrow)
          const d2 = a2 - b2
          const borrow2 = u64(a2 < b2) | u64(d2 < borrow1)
          store<u64>(sp - 32, a0 - b0)
          store<u64>(sp - 32, d1 - borrow, 8)
          store<u64>(sp - 32, d2 - borrow1, 16)
          store<u64>(sp - 32, load<u64>(sp, 24) - load<u64>(sp - 32, 24) - borrow2, 24)
          continue
        }
        case 0x04: { // DIV
          if (sp - base < 64) break
          gas -= 5
          sp -= 32
          div(sp - 32, sp, sp - 32)
          continue
        }
        case 0x05: { // SDIV
          if (sp - base < 64) break
          gas -= 5
          sp -= 32
          sdiv(sp - 32, sp, sp - 32)
          continue
        }
        case 0x06: { // MOD
          if (sp - base < 64) break
          gas -= 5
          sp -= 32
          mod(sp - 32, sp, sp - 32)
          continue
        }
        case 0x07: { // SMOD
          if (sp - base < 64) break
          gas -= 5
          sp -= 32
          smod(sp - 32, sp, sp - 32)
          continue
        }
        case 0x08: { // ADDMOD
          if (sp - base < 96) break
          gas -= 8
          sp -= 64
          addmod(sp - 32, sp + 32, sp, sp - 32)
          continue
        }
        case 0x09: { // MULMOD
          if (sp - base < 96) break
          gas -= 8
          sp -= 64
          mulmod(sp - 32, sp + 32, sp, sp - 32)
          continue
        }
        case 0x0a: { // EXP
          if (sp - base < 64) break
          gas = power(current, sp, gas)
          if (gas < 0) break
          sp -= 32
          continue
        }
        case 0x0b: { // SIGNEXTEND
          if (sp - base < 64) break
          gas -= 5
          sp -= 32
          signextend(sp - 32, sp, sp - 32)
          continue
        }
        case 0x10: { // LT
          if (sp - base < 64) break
          gas -= 3
          sp -= 32
          setSmall(sp - 32, u64(lessThan(sp, sp - 32)))
          continue
        }
        case 0x11: { // GT
          if (sp - base < 64) break
          gas -= 3
          sp -= 32
          setSmall(sp - 32, u64(lessThan(sp - 32, sp)))
          continue
        }
        case 0x12: { // SLT
          if (sp - base < 64) break
          gas -= 3
          sp -= 32
          setSmall(sp - 32, u64(signedLessThan(sp, sp - 32)))
          continue
        }
        case 0x13: { // SGT
          if (sp - base < 64) break
          gas -= 3
          sp -= 32
          setSmall(sp - 32, u64(signedLessThan(sp - 32, sp)))
          continue
        }
        case 0x14: { // EQ
          if (sp - base < 64) break
          gas -= 3
          sp -= 32
          const different =
            (load<u64>(sp) ^ load<u64>(sp - 32)) |
            (load<u64>(sp, 8) ^ load<u64>(sp - 32, 8)) |
            (load<u64>(sp, 16) ^ load<u64>(sp - 32, 16)) |
            (load<u64>(sp, 24) ^ load<u64>(sp - 32, 24))
          setSmall(sp - 32, u64(different == 0))
          continue
        }
        case 0x15: { // ISZERO
          if (sp - base < 32) break
          gas -= 3
          setSmall(sp - 32, u64(isZero(sp - 32)))
          continue
        }
        case 0x16: { // AND
          if (sp - base < 64) break
          gas -= 3
          sp -= 32
          store<u64>(sp - 32, load<u64>(sp) & load<u64>(sp - 32))
          store<u64>(sp - 32, load<u64>(sp, 8) & load<u64>(sp - 32, 8), 8)
          store<u64>(sp - 32, load<u64>(sp, 16) & load<u64>(sp - 32, 16), 16)
          store<u64>(sp - 32, load<u64>(sp, 24) & load<u64>(sp - 32, 24), 24)
          continue
        }
        case 0x17: { // OR
          if (sp - base < 64) break
          gas -= 3
          sp -= 32
          store<u64>(sp - 32, load<u64>(sp) | load<u64>(sp - 32))
          store<u64>(sp - 32, load<u64>(sp, 8) | load<u64>(sp - 32, 8), 8)
          store<u64>(sp - 32, load<u64>(sp, 16) | load<u64>(sp - 32, 16), 16)
          store<u64>(sp - 32, load<u64>(sp, 24) | load<u64>(sp - 32, 24), 24)
          continue
        }
        case 0x18: { // XOR
          if (sp - base < 64) break
          gas -= 3
          sp -= 32
          store<u64>(sp - 32, load<u64>(sp) ^ load<u64>(sp - 32))
          store<u64>(sp - 32, load<u64>(sp, 8) ^ load<u64>(sp - 32, 8), 8)
          store<u64>(sp - 32, load<u64>(sp, 16) ^ load<u64>(sp - 32, 16), 16)
          store<u64>(sp - 32, load<u64>(sp, 24) ^ load<u64>(sp - 32, 24), 24)
          continue
        }
        case 0x19: { // NOT
          if (sp - base < 32) break
          gas -= 3
          store<u64>(sp - 32, ~load<u64>(sp - 32))
          store<u64>(sp - 32, ~load<u64>(sp - 32, 8), 8)
          store<u64>(sp - 32, ~load<u64>(sp - 32, 16), 16)
          store<u64>(sp - 32, ~load<u64>(sp - 32, 24), 24)
          continue
        }
        case 0x1a: { // BYTE
          if (sp - base < 64) break
          gas -= 3
          sp -= 32
          byteAt(sp - 32, sp, sp - 32)
          continue
        }
        case 0x1b: { // SHL
          if (sp - base < 64) break
          gas -= 3
          sp -= 32
          shiftLeft(sp - 32, sp, sp - 32)
          continue
        }
        case 0x1c: { // SHR
          if (sp - base < 64) break
          gas -= 3
          sp -= 32
          shiftRight(sp - 32, sp, sp - 32, 0)
          continue
        }
        case 0x1d: { // SAR
          if (sp - base < 64) break
          gas -= 3
          sp -= 32
          shiftRight(sp - 32, sp, sp - 32, <u64>(load<i64>(sp - 32, 24) >> 63))
          continue
        }
        case 0x1e: { // CLZ, EIP-7939
          if (fork < 2 || sp - base < 32) break
          gas -= 5
          setSmall(sp - 32, leadingZeros(sp - 32))
          continue
        }
        case 0x20: { // KECCAK256
          if (sp - base < 64) break
          gas = hashMemory(current, sp, gas)
          if (gas < 0) break
          mem = <usize>load<u32>(current, MEM)
          memSize = <u64>load<u32>(current, MEM_SIZE)
          sp -= 32
          continue
        }
        case 0x30: { // ADDRESS
          if (sp == limit) break
          gas -= 2
          pushAddress(sp, <usize>load<u32>(current, SELF) + ADDRESS)
          sp += 32
          continue
        }
        case 0x31: { // BALANCE
          if (sp - base < 32) break
          gas -= accessAccount(sp - 32)
          if (gas < 0 || fatal != 0) break
          if (!balance(sp - 32, found)) break
          if (tier == 0) continue
          outcome = yields
          break
        }
        case 0x33: { // CALLER
          if (sp == limit) break
          gas -= 2
          pushAddress(sp, current + CALLER)
          sp += 32
          continue
        }
        case 0x34: { // CALLVALUE
          if (sp == limit) break
          gas -= 2
          copyWord(sp, current + CALL_VALUE)
          sp += 32
          continue
        }
        case 0x35: { // CALLDATALOAD
          if (sp - base < 32) break
          gas -= 3
          const data = <usize>load<u32>(current, DATA)
          const dataSize = <u64>load<u32>(current, DATA_SIZE)
          const at = load<u64>(sp - 32)
          if ((load<u64>(sp - 32, 8) | load<u64>(sp - 32, 16) | load<u64>(sp - 32, 24)) == 0 && at < dataSize) {
            if (at + 32 <= dataSize) {
              loadBig(sp - 32, data + <usize>at)
            } else {
              copyPadded(scratch, data, <usize>dataSize, sp - 32, 32)
              loadBig(sp - 32, scratch)
            }
          } else {
            setSmall(sp - 32, 0)
          }
          continue
        }
        case 0x36: { // CALLDATASIZE
          if (sp == limit) break
          gas -= 2
          setSmall(sp, load<u32>(current, DATA_SIZE))
          sp += 32
          continue
        }
        case 0x37: // CALLDATACOPY
        case 0x39: // CODECOPY
        case 0x3e: // RETURNDATACOPY
        case 0x5e: { // MCOPY
          if (sp - base < 96) break
          if (op == 0x37) gas = copyCallData(current, sp, gas)
          else if (op == 0x39) gas = copyCode(current, sp, gas)
          else if (op == 0x3e) gas = copyReturnData(current, sp, gas)
          else gas = moveMemory(current, sp, gas)
          if (gas < 0) break
          mem = <usize>load<u32>(current, MEM)
          memSize = <u64>load<u32>(current, MEM_SIZE)
          sp -= 96
          continue
        }
        case 0x38: { // CODESIZE
          if (sp == limit) break
          gas -= 2
          setSmall(sp, codeSize)
          sp += 32
          continue
        }
        case 0x3b: { // EXTCODESIZE
          if (sp - base < 32) break
          gas -= accessAccount(sp - 32)
          if (gas < 0 || fatal != 0) break
          const other = codeOf(sp - 32)
          if (other == -1) break
          setSmall(sp - 32, other == 0 ? 0 : load<u32>(<usize>other, CODE_LENGTH))
          if (tier == 0) continue
          outcome = yields
          break
        }
        case 0x3c: { // EXTCODECOPY
          if (sp - base < 128) break
          const end = rangeEnd(sp - 64, sp - 128)
          if (end < 0) break
          const size = <usize>load<u32>(sp - 128)
          gas -= 3 * <i64>((<u64>size + 31) >> 5) + accessAccount(sp - 32)
          if (<u64>end > memSize) {
            gas = expand(current, gas, <u64>end)
            mem = <usize>load<u32>(current, MEM)
            memSize = <u64>load<u32>(current, MEM_SIZE)
          }
          if (gas < 0 || fatal != 0) break
          sp -= 128
          if (size == 0) {
            if (tier == 0) continue
            outcome = yields
            break
          }
          const other = codeOf(sp + 96)
          if (other == -1) break
          const otherSize: usize = other == 0 ? 0 : <usize>load<u32>(<usize>other, CODE_LENGTH)
          const raw: usize = other == 0 ? 0 : <usize>load<u32>(<usize>other, CODE_RAW)
          copyPadded(mem + <usize>load<u32>(sp + 64), raw, otherSize, sp + 32, size)
          if (tier == 0) continue
          outcome = yields
          break
        }
        case 0x3d: { // RETURNDATASIZE
          if (sp == limit) break
          gas -= 2
          setSmall(sp, returnSize)
          sp += 32
          continue
        }
        case 0x3f: { // EXTCODEHASH
          if (sp - base < 32) break
          gas -= accessAccount(sp - 32)
          if (gas < 0 || fatal != 0) break
          if (!codeHash(sp - 32)) break
          if (tier == 0) continue
          outcome = yields
          break
        }
        case 0x40: { // BLOCKHASH
          if (sp - base < 32) break
          gas -= 20
          if (gas < 0) break
          if (!blockHash(sp - 32)) break
          if (tier == 0) continue
          outcome = yields
          break
        }
        case 0x32: // ORIGIN
        case 0x3a: // GASPRICE
        case 0x41: // COINBASE
        case 0x42: // TIMESTAMP
        case 0x43: // NUMBER
        case 0x44: // PREVRANDAO
        case 0x45: // GASLIMIT
        case 0x46: // CHAINID
        case 0x48: // BASEFEE
        case 0x4a: { // BLOBBASEFEE
          if (sp == limit) break
          gas -= 2
          if (gas < 0) break
          environmentOf(sp, op)
          sp += 32
          continue
        }
        case 0x47: { // SELFBALANCE
          if (sp == limit) break
          gas -= 5
          if (gas < 0) break
          if (!balance(sp, <usize>load<u32>(current, SELF))) break
          sp += 32
          if (tier == 0) continue
          outcome = yields
          break
        }
        case 0x49: { // BLOBHASH
          if (sp - base < 32) break
          gas -= 3
          const index = load<u64>(sp - 32)
          const high = load<u64>(sp - 32, 8) | load<u64>(sp - 32, 16) | load<u64>(sp - 32, 24)
          if (high == 0 && index <= 0xffff && hostBlobHash(<u32>index) != 0) loadBig(sp - 32, scratch)
          else setSmall(sp - 32, 0)
          if (tier == 0) continue
          outcome = yields
          break
        }
        case 0x50: { // POP
          if (sp == base) break
          gas -= 2
          sp -= 32
          continue
        }
        case 0x51: { // MLOAD
          if (sp == base) break
          gas -= 3
          const at = load<u64>(sp - 32)
          if ((load<u64>(sp - 32, 8) | load<u64>(sp - 32, 16) | load<u64>(sp - 32, 24)) != 0 || at > 0xffffffff) break
          if (at + 32 > memSize) {
            gas = expand(current, gas, at + 32)
            if (gas < 0) break
            mem = <usize>load<u32>(current, MEM)
            memSize = <u64>load<u32>(current, MEM_SIZE)
          }
          loadBig(sp - 32, mem + <usize>at)
          continue
        }
        case 0x52: { // MSTORE
          if (sp - base < 64) break
          gas -= 3
          const at = load<u64>(sp - 32)
          if ((load<u64>(sp - 32, 8) | load<u64>(sp - 32, 16) | load<u64>(sp - 32, 24)) != 0 || at > 0xffffffff) break
          if (at + 32 > memSize) {
            gas = expand(current, gas, at + 32)
            if (gas < 0) break
            mem = <usize>load<u32>(current, MEM)
            memSize = <u64>load<u32>(current, MEM_SIZE)
          }
          sp -= 64
          storeBig(mem + <usize>at, sp)
          continue
        }
        case 0x53: { // MSTORE8
          if (sp - base < 64) break
          gas = storeByte(current, sp, gas)
          if (gas < 0) break
          mem = <usize>load<u32>(current, MEM)
          memSize = <u64>load<u32>(current, MEM_SIZE)
          sp -= 64
          continue
        }
        case 0x54: { // SLOAD
          if (sp == base) break
          gas = loadSlot(current, sp, gas)
          if (gas < 0) break
          continue
        }
        case 0x56: { // JUMP
          if (sp == base) break
          gas -= 8
          if (gas < 0) break
          sp -= 32
          const to = load<u64>(sp)
          if ((load<u64>(sp, 8) | load<u64>(sp, 16) | load<u64>(sp, 24)) != 0 || to >= codeSize) break
          if (((<u32>load<u8>(jumps + <usize>(to >> 3)) >> <u32>(to & 7)) & 1) == 0) break
          pc = exec + <usize>to
          continue
        }
        case 0x57: { // JUMPI
          if (sp - base < 64) break
          gas -= 10
          sp -= 64
          if (isZero(sp)) continue
          if (gas < 0) break
          const to = load<u64>(sp, 32)
          if ((load<u64>(sp, 40) | load<u64>(sp, 48) | load<u64>(sp, 56)) != 0 || to >= codeSize) break
          if (((<u32>load<u8>(jumps + <usize>(to >> 3)) >> <u32>(to & 7)) & 1) == 0) break
          pc = exec + <usize>to
          continue
        }
        case 0x58: { // PC
          if (sp == limit) break
          gas -= 2
          setSmall(sp, pc - 1 - exec)
          sp += 32
          continue
        }
        case 0x59: { // MSIZE
          if (sp == limit) break
          gas -= 2
          setSmall(sp, memSize)
          sp += 32
          continue
        }
        case 0x5a: { // GAS
          if (sp == limit) break
          gas -= 2
          if (gas < 0) break
          setSmall(sp, <u64>gas)
          sp += 32
          continue
        }
        case 0x5b: { // JUMPDEST
          gas -= 1
          continue
        }
        case 0x5c: { // TLOAD: nothing can have been stored in a static call
          if (sp == base) break
          gas -= 100
          setSmall(sp - 32, 0)
          if (tier == 0) continue
          outcome = yields
          break
        }
        case 0x5f: { // PUSH0
          if (sp == limit) break
          gas -= 2
          setSmall(sp, 0)
          sp += 32
          continue
        }
        case 0x60: { // PUSH1
          if (sp == limit) break
          gas -= 3
          setSmall(sp, load<u8>(pc))
          pc++
          sp += 32
          continue
        }
        case 0x61: { // PUSH2
          if (sp == limit) break
          gas -= 3
          setSmall(sp, load<u16>(pc, 0, 1))
          pc += 2
          sp += 32
          continue
        }
        case 0x62:
        case 0x63:
        case 0x64:
        case 0x65:
        case 0x66:
        case 0x67:
        case 0x68:
        case 0x69:
        case 0x6a:
        case 0x6b:
        case 0x6c:
        case 0x6d:
        case 0x6e:
        case 0x6f:
        case 0x70:
        case 0x71:
        case 0x72:
        case 0x73:
        case 0x74:
        case 0x75:
        case 0x76:
        case 0x77:
        case 0x78:
        case 0x79:
        case 0x7a:
        case 0x7b:
        case 0x7c:
        case 0x7d:
        case 0x7e:
        case 0x7f: { // PUSH3 to PUSH32
          if (sp == limit) break
          gas -= 3
          const size = <usize>op - 0x5f
          const mask = pushMasks + (size << 5)
          store<u64>(sp, load<u64>(pc, 0, 1) & load<u64>(mask))
          store<u64>(sp, load<u64>(pc, 8, 1) & load<u64>(mask, 8), 8)
          store<u64>(sp, load<u64>(pc, 16, 1) & load<u64>(mask, 16), 16)
          store<u64>(sp, load<u64>(pc, 24, 1) & load<u64>(mask, 24), 24)
          pc += size
          sp += 32
          continue
        }
        case 0x80:
        case 0x81:
        case 0x82:
        case 0x83:
        case 0x84:
        case 0x85:
        case 0x86:
        case 0x87:
        case 0x88:
        case 0x89:
        case 0x8a:
        case 0x8b:
        case 0x8c:
        case 0x8d:
        case 0x8e:
        case 0x8f: { // DUP1 to DUP16
          const from = sp - (<usize>(op - 0x7f) << 5)
          if (from < base || sp == limit) break
          gas -= 3
          copyWord(sp, from)
          sp += 32
          continue
        }
        case 0x90:
        case 0x91:
        case 0x92:
        case 0x93:
        case 0x94:
        case 0x95:
        case 0x96:
        case 0x97:
        case 0x98:
        case 0x99:
        case 0x9a:
        case 0x9b:
        case 0x9c:
        case 0x9d:
        case 0x9e:
        case 0x9f: { // SWAP1 to SWAP16
          const other = sp - (<usize>(op - 0x8e) << 5)
          if (other < base) break
          gas -= 3
          const a0 = load<u64>(sp - 32)
          const a1 = load<u64>(sp - 32, 8)
          const a2 = load<u64>(sp - 32, 16)
          const a3 = load<u64>(sp - 32, 24)
          copyWord(sp - 32, other)
          store<u64>(other, a0)
          store<u64>(other, a1, 8)
          store<u64>(other, a2, 16)
          store<u64>(other, a3, 24)
          continue
        }
        case 0xf1: // CALL
        case 0xf2: // CALLCODE
        case 0xf4: // DELEGATECALL
        case 0xfa: { // STATICCALL
          if (gas < 0 || sp - base < (op >= 0xf4 ? 192 : 224)) break
          store<u32>(current, <u32>pc, PC)
          const went = call(op, sp, gas)
          if (went == halts) break
          if (went == entered) {
            outcome = switched
            break
          }
          gas = gasLeft
          sp = <usize>load<u32>(current, SP)
          mem = <usize>load<u32>(current, MEM)
          memSize = <u64>load<u32>(current, MEM_SIZE)
          if (tier == 0) continue
          outcome = yields
          break
        }
        case 0xf3: // RETURN
        case 0xfd: { // REVERT
          if (sp - base < 64) break
          const end = rangeEnd(sp - 32, sp - 64)
          if (end < 0) break
          if (<u64>end > memSize) {
            gas = expand(current, gas, <u64>end)
            if (gas < 0) break
            mem = <usize>load<u32>(current, MEM)
          }
          out = mem + <usize>load<u32>(sp - 32)
          outSize = <usize>load<u32>(sp - 64)
          outcome = op == 0xf3 ? statusOk : statusRevert
          break
        }
        // All others do not exist or would change state: SSTORE, TSTORE, LOG, CREATE, CREATE2, SELFDESTRUCT.
        default: break
      }
      break
    }

    if (outcome == switched) continue
    if (outcome == yields) {
      store<u32>(current, <u32>pc, PC)
      store<u32>(current, <u32>sp, SP)
      store<i64>(current, gas, GAS)
      continue
    }
    if (gas < 0) outcome = statusHalt
    if (fatal != 0 || leave(outcome, out, outSize, gas)) {
      outputData = out
      outputSize = outcome == statusHalt ? 0 : outSize
      ended = fatal != 0 ? fatal : outcome
    }
  }
  return ended
}
