import { keccak_256 } from '@noble/hashes/sha3.js'
import { bytesToHex } from '@noble/hashes/utils.js'
import { afterEach, expect, test, vi } from 'vitest'
import { keccak256 } from './keccak256.ts'

/** Around the blocks of 136 bytes, the page of memory that the module begins with, and what is hashed in JavaScript. */
const lengths = [...Array(300).keys(), 65_535, 65_536, 70_000, 2 ** 20, 2 ** 20 + 1, 33, 0]

const input = (length: number): Uint8Array => Uint8Array.from({ length }, (_, at) => (at * 7 + length) & 0xff)

afterEach(() => {
  vi.unstubAllGlobals()
  vi.resetModules()
})

test('[EV17] keccak256 gives what another implementation gives, for input of every length', () => {
  const empty = 'c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470'
  expect(bytesToHex(keccak256(new Uint8Array()))).toBe(empty)
  for (const length of lengths) {
    const bytes = input(length)
    expect(bytesToHex(keccak256(bytes)), `${length} bytes`).toBe(bytesToHex(keccak_256(bytes)))
  }
})

test('[EV17] a hash stays as it is when others follow', () => {
  const first = keccak256(input(10))
  const kept = bytesToHex(first)
  keccak256(input(2 ** 18))
  expect(bytesToHex(first)).toBe(kept)
})

test('[EV17] keccak256 answers where WebAssembly is forbidden', async () => {
  vi.stubGlobal('WebAssembly', undefined)
  vi.resetModules()
  const forbidden = await import('./keccak256.ts')
  expect(forbidden.keccak256).not.toBe(keccak256)
  expect(bytesToHex(forbidden.keccak256(input(200)))).toBe(bytesToHex(keccak_256(input(200))))
})
