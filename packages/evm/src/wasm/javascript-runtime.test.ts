import { expect, test } from 'vitest'
import { compare, Pairs } from '../testing/differential.ts'
import { makeProgram } from '../testing/program.ts'
import { createWasmEvm } from './wasm-evm.ts'

test(
  '[EV12] where WebAssembly is absent the same interpreter runs as JavaScript',
  { timeout: 120_000 },
  async () => {
    const pairs = new Pairs({ engine: { runtime: 'javascript' } })
    for (let index = 0; index < 800; index++) {
      const program = makeProgram(12, index)
      expect(await compare(await pairs.for(program), program), `program ${index}`).toBeUndefined()
    }
  },
)

test('[EV12] an engine says which runtime it has', async () => {
  expect((await createWasmEvm()).name).toBe('wasm')
  expect((await createWasmEvm({ runtime: 'javascript' })).name).toBe('javascript')
})
