// What calls look up: accounts, slots and code. Entries never move, so pointers to them are stable. Entries of
// the heap stay; entries made during a call (for state that is declared to be empty) go when it ends.

import { arenaAllocPinned, heapAlloc, heapRelease } from './memory'
import { copyWord } from './word'
import { keccak } from './keccak'

// Fields that accounts and slots share, so that both can stand in one journal.
export const NEXT: usize = 0 // u32: next entry of the bucket
export const ID: usize = 4 // u32: number given by the host, NO_ID for entries made during a call
export const WARM: usize = 8 // u32: number of the call that last warmed it
export const READ: usize = 12 // u32: number of the call that last read it
export const WARM_NEXT: usize = 16 // u32: entry warmed before it in this call
export const READ_NEXT: usize = 20 // u32: entry read before it in this call
const SHARED: usize = 24

export const FLAGS: usize = 24 // u32 of an account
export const CODE: usize = 28 // u32: code entry, 0 for no code
export const ADDRESS: usize = 32 // three limbs, the highest with 32 bits
export const BALANCE: usize = 56 // word

export const OWNER: usize = 24 // u32 of a slot: its account
export const KEY: usize = 32 // word
export const VALUE: usize = 64 // word
const ENTRY: usize = 96

export const NO_ID: u32 = 0xffffffff

export const CODE_KNOWN: u32 = 1
export const BALANCE_KNOWN: u32 = 2
export const EXISTS: u32 = 4
export const COMPLETE: u32 = 8
export const HOOKED: u32 = 16
export const HOOK_CODE: u32 = 32
/** The precompile's number in the high half of the flags. */
export const PRECOMPILE: u32 = 64

export const CODE_LENGTH: usize = 4
export const CODE_RAW: usize = 8
export const CODE_EXEC: usize = 12
export const CODE_JUMPS: usize = 16
export const CODE_DELEGATE: usize = 20 // u32: 1 when the code is an EIP-7702 delegation
export const CODE_TIER: usize = 24 // u32: 1 + index of the function it is compiled to, 0 while it is not
export const CODE_RUNS: usize = 28 // u32: frames that ran it
export const CODE_HASH: usize = 32 // word
const CODE_ENTRY: usize = 64

/** Number of the running call; a mark that equals it is set. */
export let callNumber: u32 = 1
/** Last entry warmed in this call. */
export let warmHead: usize = 0
export let accountReads: usize = 0
export let slotReads: usize = 0
/** True when state that nobody loaded is empty. */
export let unknownIsEmpty: bool = false

let seed: u64 = 0
let accountBuckets: usize = 0
let accountMask: u32 = 0
let accountCount: u32 = 0
let slotBuckets: usize = 0
let slotMask: u32 = 0
let slotCount: u32 = 0
const codeMask: u32 = 1023
let codeBuckets: usize = 0

/** Entries made in this call, newest first, in chunks of doubling size. */
let transientHead: usize = 0
let chunk: usize = 0
let chunkEnd: usize = 0
let chunkSize: usize = 0

/** Makes empty tables. The seed keeps strangers from choosing keys that share a bucket. */
export function initTables(hashSeed: u64, emptyWorld: bool): bool {
  seed = hashSeed
  unknownIsEmpty = emptyWorld
  accountMask = 1023
  slotMask = 4095
  accountBuckets = heapAlloc(4096)
  slotBuckets = heapAlloc(16384)
  codeBuckets = heapAlloc((<usize>codeMask + 1) << 2)
  return codeBuckets != 0
}

@inline
function mix(x: u64): u64 {
  x ^= x >> 32
  x *= 0xd6e8feb86659fd93
  x ^= x >> 32
  return x
}

@inline
function hashAddress(a0: u64, a1: u64, a2: u64): u32 {
  return <u32>mix(mix(mix(a0 ^ seed) + a1) + a2)
}

@inline
function hashSlot(owner: usize, key: usize): u32 {
  const low = mix(load<u64>(key) ^ seed) + load<u64>(key, 8)
  return <u32>mix(mix(mix(low) + load<u64>(key, 16)) + load<u64>(key, 24) + <u64>owner)
}

/** The account at the address in three limbs, or 0. */
export function findAccount(a0: u64, a1: u64, a2: u64): usize {
  let at = <usize>load<u32>(accountBuckets + (<usize>(hashAddress(a0, a1, a2) & accountMask) << 2))
  while (at != 0) {
    if (load<u64>(at, ADDRESS) == a0 && load<u64>(at, ADDRESS + 8) == a1 && load<u64>(at, ADDRESS + 16) == a2) break
    at = <usize>load<u32>(at)
  }
  return at
}

/** The slot of an account, or 0. */
export function findSlot(owner: usize, key: usize): usize {
  let at = <usize>load<u32>(slotBuckets + (<usize>(hashSlot(owner, key) & slotMask) << 2))
  while (at != 0) {
    if (
      load<u64>(at, KEY) == load<u64>(key) &&
      <usize>load<u32>(at, OWNER) == owner &&
      load<u64>(at, KEY + 8) == load<u64>(key, 8) &&
      load<u64>(at, KEY + 16) == load<u64>(key, 16) &&
      load<u64>(at, KEY + 24) == load<u64>(key, 24)
    ) {
      break
    }
    at = <usize>load<u32>(at)
  }
  return at
}

@inline
function linkAccount(entry: usize): void {
  const hash = hashAddress(load<u64>(entry, ADDRESS), load<u64>(entry, ADDRESS + 8), load<u64>(entry, ADDRESS + 16))
  const bucket = accountBuckets + (<usize>(hash & accountMask) << 2)
  store<u32>(entry, load<u32>(bucket))
  store<u32>(bucket, <u32>entry)
}

@inline
function linkSlot(entry: usize): void {
  const hash = hashSlot(<usize>load<u32>(entry, OWNER), entry + KEY)
  const bucket = slotBuckets + (<usize>(hash & slotMask) << 2)
  store<u32>(entry, load<u32>(bucket))
  store<u32>(bucket, <u32>entry)
}

/** Doubles the buckets of a table whose entries are all on the heap. */
function grow(buckets: usize, mask: u32, slots: bool): bool {
  const size = (<usize>mask + 1) << 3
  const wider = heapAlloc(size)
  if (wider == 0) return false
  if (slots) {
    slotBuckets = wider
    slotMask = (mask << 1) | 1
  } else {
    accountBuckets = wider
    accountMask = (mask << 1) | 1
  }
  for (let i: usize = 0; i <= <usize>mask; i++) {
    let at = <usize>load<u32>(buckets + (i << 2))
    while (at != 0) {
      const next = <usize>load<u32>(at)
      if (slots) linkSlot(at)
      else linkAccount(at)
      at = next
    }
  }
  return true
}

function fillAccount(entry: usize, a0: u64, a1: u64, a2: u64, id: u32, flags: u32): void {
  store<u32>(entry, id, ID)
  store<u32>(entry, flags, FLAGS)
  store<u64>(entry, a0, ADDRESS)
  store<u64>(entry, a1, ADDRESS + 8)
  store<u64>(entry, a2, ADDRESS + 16)
  linkAccount(entry)
}

function fillSlot(entry: usize, owner: usize, key: usize, id: u32): void {
  store<u32>(entry, id, ID)
  store<u32>(entry, <u32>owner, OWNER)
  copyWord(entry + KEY, key)
  linkSlot(entry)
}

/** Adds an account for good; 0 when memory is exhausted. */
export function addAccount(a0: u64, a1: u64, a2: u64, id: u32): usize {
  if (accountCount > accountMask && !grow(accountBuckets, accountMask, false)) return 0
  const entry = heapAlloc(ENTRY)
  if (entry == 0) return 0
  accountCount++
  fillAccount(entry, a0, a1, a2, id, 0)
  return entry
}

/** Adds a slot for good; 0 when memory is exhausted. */
export function addSlot(owner: usize, key: usize, id: u32): usize {
  if (slotCount > slotMask && !grow(slotBuckets, slotMask, true)) return 0
  const entry = heapAlloc(ENTRY)
  if (entry == 0) return 0
  slotCount++
  fillSlot(entry, owner, key, id)
  return entry
}

/** Room for an entry that lives as long as the call; 0 when over the limit. */
function transient(): usize {
  // Behind the entry: the one made before it, and whether it is a slot. 6,656 bytes are 64 of them.
  if (chunk == chunkEnd) {
    chunkSize = chunkSize == 0 ? 6656 : chunkSize << 1
    chunk = arenaAllocPinned(chunkSize)
    if (chunk == 0) {
      chunkEnd = 0
      return 0
    }
    chunkEnd = chunk + chunkSize
  }
  const entry = chunk
  chunk += ENTRY + 8
  memory.fill(entry, 0, ENTRY)
  store<u32>(entry, <u32>transientHead, ENTRY)
  transientHead = entry
  return entry
}

/** An account that nobody loaded, for the rest of the call; 0 when over the limit. */
export function addUnknownAccount(a0: u64, a1: u64, a2: u64): usize {
  const entry = transient()
  if (entry == 0) return 0
  store<u32>(entry, 0, ENTRY + 4)
  fillAccount(entry, a0, a1, a2, NO_ID, unknownIsEmpty ? CODE_KNOWN | BALANCE_KNOWN : 0)
  return entry
}

/** A slot that is zero, for the rest of the call; 0 when over the limit. */
export function addEmptySlot(owner: usize, key: usize): usize {
  const entry = transient()
  if (entry == 0) return 0
  store<u32>(entry, 1, ENTRY + 4)
  fillSlot(entry, owner, key, NO_ID)
  return entry
}

/** Starts a call: nothing is warm, nothing was read. */
export function startMarks(): void {
  if (callNumber == 0xfffffffe) forgetMarks()
  callNumber++
  warmHead = 0
  accountReads = 0
  slotReads = 0
  transientHead = 0
  chunk = 0
  chunkEnd = 0
  chunkSize = 0
}

/** Ends a call: what was made during it is unlinked, newest first, so each is the head of its bucket. */
export function dropTransients(): void {
  while (transientHead != 0) {
    const entry = transientHead
    let bucket: usize
    if (load<u32>(entry, ENTRY + 4) != 0) {
      bucket = slotBuckets + (<usize>(hashSlot(<usize>load<u32>(entry, OWNER), entry + KEY) & slotMask) << 2)
    } else {
      const hash = hashAddress(load<u64>(entry, ADDRESS), load<u64>(entry, ADDRESS + 8), load<u64>(entry, ADDRESS + 16))
      bucket = accountBuckets + (<usize>(hash & accountMask) << 2)
    }
    store<u32>(bucket, load<u32>(entry))
    transientHead = <usize>load<u32>(entry, ENTRY)
  }
}

/** The call number is about to wrap: clears every mark. */
function forgetMarks(): void {
  forgetIn(accountBuckets, accountMask)
  forgetIn(slotBuckets, slotMask)
  callNumber = 0
}

function forgetIn(buckets: usize, mask: u32): void {
  for (let i: usize = 0; i <= <usize>mask; i++) {
    for (let at = <usize>load<u32>(buckets + (i << 2)); at != 0; at = <usize>load<u32>(at)) store<u64>(at, 0, WARM)
  }
}

/** For tests: pretends that this many calls were made. */
export function setCallNumber(n: u32): void {
  callNumber = n
}

@inline
export function markAccountRead(entry: usize): void {
  if (load<u32>(entry, READ) != callNumber) {
    store<u32>(entry, callNumber, READ)
    store<u32>(entry, <u32>accountReads, READ_NEXT)
    accountReads = entry
  }
}

@inline
export function markSlotRead(entry: usize): void {
  if (load<u32>(entry, READ) != callNumber) {
    store<u32>(entry, callNumber, READ)
    store<u32>(entry, <u32>slotReads, READ_NEXT)
    slotReads = entry
  }
}

@inline
export function warm(entry: usize): void {
  store<u32>(entry, callNumber, WARM)
  store<u32>(entry, <u32>warmHead, WARM_NEXT)
  warmHead = entry
}

/** Undoes warming down to an earlier head: a frame that failed warmed nothing. */
export function coolTo(head: usize): void {
  while (warmHead != head) {
    store<u32>(warmHead, 0, WARM)
    warmHead = <usize>load<u32>(warmHead, WARM_NEXT)
  }
}

const HASH: usize = memory.data(32)
let staged: usize = 0

/** Room for code of this length, which the host then writes there; 0 when memory is exhausted. */
export function stageCode(length: usize): usize {
  // The code itself, its executed form with zeros behind it, and one bit per byte for jump destinations.
  staged = heapAlloc(CODE_ENTRY + length + (length + 48) + ((length + 15) >> 3))
  if (staged == 0) return 0
  const raw = staged + CODE_ENTRY
  store<u32>(staged, <u32>length, CODE_LENGTH)
  store<u32>(staged, <u32>raw, CODE_RAW)
  store<u32>(staged, <u32>(raw + length), CODE_EXEC)
  store<u32>(staged, <u32>(raw + length + length + 48), CODE_JUMPS)
  return raw
}

/** The entry for the staged code, analysed once per hash. */
export function commitCode(): usize {
  const length = <usize>load<u32>(staged, CODE_LENGTH)
  keccak(HASH, <usize>load<u32>(staged, CODE_RAW), length)
  const bucket = codeBuckets + (<usize>(load<u32>(HASH) & codeMask) << 2)
  for (let at = <usize>load<u32>(bucket); at != 0; at = <usize>load<u32>(at)) {
    if (
      load<u64>(at, CODE_HASH) == load<u64>(HASH) &&
      load<u64>(at, CODE_HASH + 8) == load<u64>(HASH, 8) &&
      load<u64>(at, CODE_HASH + 16) == load<u64>(HASH, 16) &&
      load<u64>(at, CODE_HASH + 24) == load<u64>(HASH, 24)
    ) {
      heapRelease(staged)
      return at
    }
  }
  memory.copy(<usize>load<u32>(staged, CODE_EXEC), <usize>load<u32>(staged, CODE_RAW), length)
  copyWord(staged + CODE_HASH, HASH)
  analyse(staged)
  store<u32>(staged, load<u32>(bucket))
  store<u32>(bucket, <u32>staged)
  return staged
}

/**
 * Marks jump destinations and turns push data round, so that the interpreter loads it as little-endian
 * integers. Zeros after the end make the code stop and complete a push that is cut off.
 */
function analyse(entry: usize): void {
  const length = <usize>load<u32>(entry, CODE_LENGTH)
  const raw = <usize>load<u32>(entry, CODE_RAW)
  const exec = <usize>load<u32>(entry, CODE_EXEC)
  const jumps = <usize>load<u32>(entry, CODE_JUMPS)
  for (let at: usize = 0; at < length; at++) {
    const op = <u32>load<u8>(raw + at)
    if (op == 0x5b) {
      store<u8>(jumps + (at >> 3), load<u8>(jumps + (at >> 3)) | <u8>(<u32>1 << <u32>(at & 7)))
    } else if (op >= 0x60 && op <= 0x7f) {
      const size = <usize>op - 0x5f
      for (let i: usize = 1; i <= size; i++) {
        store<u8>(exec + at + size + 1 - i, at + i < length ? load<u8>(raw + at + i) : 0)
      }
      at += size
    }
  }
  // EIP-7702: 0xef0100 and an address.
  const prefix = load<u32>(raw, 0, 1) & 0xffffff
  store<u32>(entry, u32(length == 23 && prefix == 0x0001ef), CODE_DELEGATE)
}
