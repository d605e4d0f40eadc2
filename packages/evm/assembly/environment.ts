// What a call sees of the world besides accounts: the block, its sender, and which of the block it looked at.

/** Where the host and the module hand each other up to 64 bytes. */
export const scratch: usize = memory.data(64)

const words: usize = memory.data(288)
export const NUMBER: usize = words
export const TIMESTAMP: usize = words + 32
export const CHAIN_ID: usize = words + 64
export const BASE_FEE: usize = words + 96
export const BLOB_BASE_FEE: usize = words + 128
export const GAS_LIMIT: usize = words + 160
export const COINBASE: usize = words + 192
export const PREV_RANDAO: usize = words + 224
export const GAS_PRICE: usize = words + 256

/** Sender and origin of the call, as a word. */
export const FROM: usize = memory.data(32)
/** Account called, as a word. */
export const TO: usize = memory.data(32)
/** Where the called account delegates to (EIP-7702), as a word; `delegates` says whether it does. */
export const DELEGATE: usize = memory.data(32)
export let delegates: bool = false

export function setDelegates(value: bool): void {
  delegates = value
}

export const READ_TIME: u32 = 1
export const READ_NUMBER: u32 = 2
export const READ_BLOCK: u32 = 4
export let blockReads: u32 = 0

export function resetBlockReads(): void {
  blockReads = 0
}

@inline
export function markBlockRead(what: u32): void {
  blockReads |= what
}

/** 0 Cancun, 1 Prague, 2 Osaka. */
export let fork: u32 = 2

export function setFork(value: u32): void {
  fork = value
}

/** Address of environment word `index`, in the order above. */
export function environmentWord(index: u32): usize {
  return words + (<usize>index << 5)
}
