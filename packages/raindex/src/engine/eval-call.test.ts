import fc from 'fast-check'
import { encodeFunctionData, parseAbi } from 'viem'
import { expect, test } from 'vitest'
import { arbitraryBytes, arbitraryWord } from '../testing/arbitrary-order.ts'
import { fixtureOrder } from '../testing/fixture-order.ts'
import { encodeEval } from './eval-call.ts'
import type { Evaluation } from './interpreter.ts'
import { bytesToHex } from '@noble/hashes/utils.js'

const abi = parseAbi([
  'struct Eval { address store; uint256 namespace; bytes bytecode; uint256 sourceIndex; bytes32[][] context; bytes32[] inputs; bytes32[] stateOverlay; }',
  'function eval4(Eval eval)',
])

test('[RX22] calls are those that viem encodes, one after another on the same program', () => {
  const matrix = fc.array(fc.array(arbitraryWord, { maxLength: 4 }), { maxLength: 5 })
  const entryPoint = fc.constantFrom('calculate-io' as const, 'handle-io' as const)
  const calls = fc.array(fc.tuple(matrix, entryPoint, arbitraryWord, fc.boolean()), {
    minLength: 1,
    maxLength: 12,
  })
  fc.assert(
    fc.property(arbitraryBytes, calls, (bytecode, all) => {
      const evaluable = { ...fixtureOrder.evaluable, bytecode }
      let [context] = all[0] ?? [[]]
      for (const [next, source, fqn, sameShape] of all) {
        // Often another call of the same shape, with some words changed.
        context = sameShape
          ? context.map((column) => column.map((word, row) => (row % 2 === 0 ? fqn : word)))
          : next
        const evaluation: Evaluation = {
          evaluable,
          entryPoint: source,
          fqn: sameShape ? (`0x${'1'.repeat(64)}` as const) : fqn,
          context,
          env: { blockNumber: 0, timestamp: 0 },
          readWord: (key) => key,
        }
        const args = [
          {
            store: evaluable.store,
            namespace: BigInt(evaluation.fqn),
            bytecode,
            sourceIndex: source === 'calculate-io' ? 0n : 1n,
            context,
            inputs: [],
            stateOverlay: [],
          },
        ] as const
        const expected = encodeFunctionData({ abi, functionName: 'eval4', args })
        expect(`0x${bytesToHex(encodeEval(evaluation))}`).toBe(expected)
      }
    }),
    { numRuns: 200, seed: 20_258 },
  )
})
