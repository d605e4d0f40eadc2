import { expect, test } from 'vitest'
import { prepareEngine } from './testing/metered-node.ts'
import { caller, contracts } from './testing/program.ts'
import { vectorPrograms } from './testing/vector-programs.ts'
import { endOf, readVectors } from './testing/vectors.ts'
import { createWasmEvm, type WasmEvmOptions } from './wasm/wasm-evm.ts'

const vectors = readVectors()

test.each([
  ['interpreted', { tier: 'interpreter' }],
  ['compiled', { tier: 'compiled' }],
  ['in JavaScript', { runtime: 'javascript' }],
] as const satisfies readonly (readonly [string, WasmEvmOptions])[])(
  '[EV2] [EV3] [EV4] arithmetic, bits, memory, flow, hashes and calls end as recorded, %s',
  async (_, options) => {
    const evm = await createWasmEvm({ unknown: 'empty', ...options })
    prepareEngine(evm)
    for (const { family, name, codes, data, gas, status, gasUsed, output } of vectors) {
      codes.forEach((code, index) => evm.setCode(contracts[index] ?? contracts[0], code))
      const result = evm.staticCall({ to: contracts[0], from: caller, data, gas: BigInt(gas) })
      expect(endOf(result), `${family}, ${name}`).toBe(`${status} ${gasUsed} ${output}`)
    }
  },
)

test('[EV2] the recorded programs are those of the generator; else run make-vectors.ts', () => {
  expect(vectors.map(({ status: _, gasUsed: __, output: ___, ...program }) => program)).toEqual(
    vectorPrograms(),
  )
  const families = Map.groupBy(vectors, ({ family }) => family)
  for (const [family, { length }] of families) expect(length, family).toBeGreaterThan(8)
  expect([...families.keys()]).toEqual(['arithmetic', 'bitwise', 'memory', 'flow', 'hash', 'call'])
})
