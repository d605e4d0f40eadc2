import type { Address, Bytes32, Order } from '../engine/index.ts'

/** An address or word of one byte repeated. */
export function addressOf(byte: number): Address {
  return `0x${twoDigits(byte).repeat(20)}`
}

export function wordOf(byte: number): Bytes32 {
  return `0x${twoDigits(byte).repeat(32)}`
}

/** The order of the acceptance tests: one input, one output, a program of one byte. */
export const fixtureOrder: Order = {
  owner: addressOf(0x42),
  evaluable: { interpreter: addressOf(0xaa), store: addressOf(0xbb), bytecode: '0x00' },
  validInputs: [{ token: addressOf(0x10), vaultId: wordOf(0x01) }],
  validOutputs: [{ token: addressOf(0x20), vaultId: wordOf(0x02) }],
  nonce: wordOf(0),
}

/** The order with everything zero or empty. */
export const emptyOrder: Order = {
  owner: addressOf(0),
  evaluable: { interpreter: addressOf(0), store: addressOf(0), bytecode: '0x' },
  validInputs: [],
  validOutputs: [],
  nonce: wordOf(0),
}

function twoDigits(byte: number): string {
  return byte.toString(16).padStart(2, '0')
}
