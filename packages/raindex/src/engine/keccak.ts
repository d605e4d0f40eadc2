import { keccak_256 } from '@noble/hashes/sha3.js'
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js'
import type { Bytes32, Hex } from './hex.ts'

/** The hash of the chain: Keccak-256 of bytes in hex. */
export function keccak256(bytes: Hex): Bytes32 {
  return keccakOfBytes(hexToBytes(bytes.slice(2)))
}

/** Keccak-256 of an array of bytes. */
export function keccakOfBytes(bytes: Uint8Array): Bytes32 {
  return `0x${bytesToHex(keccak_256(bytes))}`
}
