// What touching an account or a slot costs, and what it finds (EIP-2929).

import { COINBASE, DELEGATE, delegates, FROM, TO } from './environment'
import { fail, reasonMemory, statusMissing, statusUnsupported } from './frame'
import {
  addEmptySlot,
  addUnknownAccount,
  callNumber,
  COMPLETE,
  findAccount,
  findSlot,
  FLAGS,
  PRECOMPILE,
  unknownIsEmpty,
  WARM,
  warm,
} from './tables'
import { copyWord } from './word'

const warmCost: i64 = 100
const coldAccountCost: i64 = 2600
const coldSlotCost: i64 = 2100

/** The entry that was accessed last: an account, or a slot, which is 0 when nobody loaded it. */
export let found: usize = 0

export const missingAccount: u32 = 1
export const missingBalance: u32 = 2
export const missingSlot: u32 = 3
export const missingBlockHash: u32 = 4

/** What is missing: its kind, the address as a word, and the slot or block number as a word. */
export let missingKind: u32 = 0
export const missingAddress: usize = memory.data(32)
export const missingKey: usize = memory.data(32)

export function failMissing(kind: u32, address: usize): void {
  missingKind = kind
  store<u64>(missingAddress, load<u64>(address))
  store<u64>(missingAddress, load<u64>(address, 8), 8)
  store<u64>(missingAddress, load<u64>(address, 16) & 0xffffffff, 16)
  fail(statusMissing, 0)
}

export function failMissingKey(kind: u32, address: usize, key: usize): void {
  copyWord(missingKey, key)
  failMissing(kind, address)
}

@inline
function sameAddress(word: usize, a0: u64, a1: u64, a2: u64): bool {
  return load<u64>(word) == a0 && load<u64>(word, 8) == a1 && load<u64>(word, 16) == a2
}

/** Warm from the start of the call: sender, receiver, coinbase (EIP-3651), what the receiver delegates to. */
function warmFromStart(a0: u64, a1: u64, a2: u64): bool {
  return (
    sameAddress(TO, a0, a1, a2) ||
    sameAddress(FROM, a0, a1, a2) ||
    sameAddress(COINBASE, a0, a1, a2) ||
    (delegates && sameAddress(DELEGATE, a0, a1, a2))
  )
}

/** Finds the account whose address is the low 160 bits of a word, warms it, returns the cost of access. */
export function accessAccount(word: usize): i64 {
  const a0 = load<u64>(word)
  const a1 = load<u64>(word, 8)
  const a2 = load<u64>(word, 16) & 0xffffffff
  let entry = findAccount(a0, a1, a2)
  if (entry == 0) {
    entry = addUnknownAccount(a0, a1, a2)
    if (entry == 0) fail(statusUnsupported, reasonMemory)
  }
  found = entry
  if (entry == 0) return coldAccountCost
  if (load<u32>(entry, WARM) == callNumber || (load<u32>(entry, FLAGS) & PRECOMPILE) != 0) return warmCost
  warm(entry)
  return warmFromStart(a0, a1, a2) ? warmCost : coldAccountCost
}

/** Finds a slot of an account, warms it, returns the cost of access. */
export function accessSlot(owner: usize, key: usize): i64 {
  let entry = findSlot(owner, key)
  if (entry == 0 && (unknownIsEmpty || (load<u32>(owner, FLAGS) & COMPLETE) != 0)) {
    entry = addEmptySlot(owner, key)
    if (entry == 0) fail(statusUnsupported, reasonMemory)
  }
  found = entry
  if (entry == 0) return coldSlotCost
  if (load<u32>(entry, WARM) == callNumber) return warmCost
  warm(entry)
  return coldSlotCost
}
