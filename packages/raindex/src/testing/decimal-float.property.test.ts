import { createWasmEvm } from '@freshet/evm'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createEvmInterpreter, createStaticCodeCache, type Hex } from '../engine/index.ts'
import { reasonOf, revertDataOf } from '../engine/not-comparable.ts'
import { add, div, floatToHex, max, min, mul, sub, type Float } from '../float/index.ts'
import { arbitraryPair } from './arbitrary-float.ts'
import { contractCode } from './compile-contracts.ts'
import { addressOf, fixtureOrder } from './fixture-order.ts'
import { op, testProgram } from './test-program.ts'

const operations = [
  ['addFloat', add],
  ['subFloat', sub],
  ['mulFloat', mul],
  ['divFloat', div],
  ['minFloat', min],
  ['maxFloat', max],
] as const

const { interpreter, store } = fixtureOrder.evaluable
const runner = createEvmInterpreter({
  engine: await createWasmEvm(),
  cache: createStaticCodeCache([
    { kind: 'Interpreter', address: interpreter, bytecode: contractCode('Interpreter') },
    { kind: 'Store', address: store, bytecode: contractCode('WordStore') },
  ]),
  chainId: 1n,
  orderbook: addressOf(0xab),
})

test.each(operations)(
  '[FL1] %s of contracts/ gives the bits and the errors that ours gives',
  (name, ours) => {
    fc.assert(
      fc.property(arbitraryPair, ([a, b]) => {
        expect(onContract(name, a, b)).toBe(here(ours, a, b))
      }),
      { numRuns: 300, seed: 20_259 },
    )
  },
)

function onContract(name: (typeof operations)[number][0], a: Float, b: Float): Hex {
  const bytecode = testProgram([op.push(floatToHex(a)), op.push(floatToHex(b)), op[name]])
  const result = runner.evaluate({
    evaluable: { interpreter, store, bytecode },
    entryPoint: 'calculate-io',
    fqn: `0x${'0'.repeat(64)}`,
    context: [],
    env: { blockNumber: 1, timestamp: 1 },
    readWord: (key) => key,
  })
  if (result instanceof Promise || result.kind === 'unavailable') throw new Error('the contract was not run')
  return result.kind === 'ok' ? (result.stack[0] ?? '0x') : result.data
}

function here(operation: (a: Float, b: Float) => Float, a: Float, b: Float): Hex {
  try {
    return floatToHex(operation(a, b))
  } catch (error) {
    return revertDataOf(reasonOf(error)) ?? '0x'
  }
}
