import { bytesToHex } from '@noble/hashes/utils.js'
import fc from 'fast-check'
import type { Address, Bytes32, Hex, Order } from '../engine/index.ts'

export const arbitraryBytes: fc.Arbitrary<Hex> = fc
  .uint8Array({ maxLength: 100 })
  .map((bytes): Hex => `0x${bytesToHex(bytes)}`)

export const arbitraryWord: fc.Arbitrary<Bytes32> = fc
  .uint8Array({ minLength: 32, maxLength: 32 })
  .map((bytes): Bytes32 => `0x${bytesToHex(bytes)}`)

export const arbitraryAddress: fc.Arbitrary<Address> = fc
  .uint8Array({ minLength: 20, maxLength: 20 })
  .map((bytes): Address => `0x${bytesToHex(bytes)}`)

const arbitraryIOs = fc.array(fc.record({ token: arbitraryAddress, vaultId: arbitraryWord }), {
  maxLength: 4,
})

export const arbitraryOrder: fc.Arbitrary<Order> = fc.record({
  owner: arbitraryAddress,
  evaluable: fc.record({ interpreter: arbitraryAddress, store: arbitraryAddress, bytecode: arbitraryBytes }),
  validInputs: arbitraryIOs,
  validOutputs: arbitraryIOs,
  nonce: arbitraryWord,
})
