import fc from 'fast-check'
import { encodeAbiParameters, keccak256, parseAbiParameters } from 'viem'
import { expect, test } from 'vitest'
import { arbitraryOrder } from '../testing/arbitrary-order.ts'
import { emptyOrder, fixtureOrder } from '../testing/fixture-order.ts'
import { decodeOrder, encodeOrder, hashOrder } from './order.ts'

const parameters = parseAbiParameters([
  'Order order',
  'struct Order { address owner; Evaluable evaluable; IO[] validInputs; IO[] validOutputs; bytes32 nonce; }',
  'struct Evaluable { address interpreter; address store; bytes bytecode; }',
  'struct IO { address token; bytes32 vaultId; }',
])

test('[RX1] known orders have their known hashes', () => {
  expect(hashOrder(fixtureOrder)).toBe('0x08d43de87db783e9f6d1cb46ab7741c1a148e2a123ba1920ed4bdee16bfc9778')
  expect(hashOrder(emptyOrder)).toBe('0xdcf6b886b1922d32accc60b1a0cdc53fb4bcbe74af2987b22046820030e3423b')
})

test('[RX1] orders are written as viem writes them and read back as they were', () => {
  fc.assert(
    fc.property(arbitraryOrder, (order) => {
      const bytes = encodeOrder(order)
      expect(bytes).toBe(encodeAbiParameters(parameters, [order]))
      expect(decodeOrder(bytes)).toEqual(order)
      expect(hashOrder(order)).toBe(keccak256(bytes))
    }),
    { numRuns: 200, seed: 20_252 },
  )
})
