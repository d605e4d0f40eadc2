import { expect, test } from 'vitest'
import { bytesToBigInt, type Hex } from '../bytes.ts'
import type { EvmEngine, StaticCall } from '../engine.ts'
import { assemble } from '../testing/tiny-assembler.ts'
import { createWasmEvm } from '../wasm/wasm-evm.ts'
import { createReferenceEvm } from './create-reference.ts'
import { withReference, type Divergence } from './with-reference.ts'

const target: Hex = '0x1000000000000000000000000000000000000001'
const call: StaticCall = { to: target, from: target, data: '0x', gas: 1_000_000n }

/** Calls BLS12-381 G1 addition of two points at infinity, which the engine under test has not got. */
const callsBls = '0x80 0x0 0x100 0x0 0xb GAS STATICCALL 0x0 SLOAD ADD return'

test('[EV14] what the engine does not support runs on the reference, with all state that was set', async () => {
  const evm = withReference(await createWasmEvm())
  evm.setCode(target, assemble('0x0 SLOAD return'))
  evm.setCode(target, assemble(callsBls))
  evm.setStorage(target, 0n, 1n)
  evm.setStorage(target, 0n, 41n)
  expect(bytesToBigInt((await evm.staticCall(call)).output)).toBe(42n)
  evm.setStorage(target, 0n, 1n)
  expect(bytesToBigInt((await evm.staticCall(call)).output)).toBe(2n)
})

test('[EV14] the reference is not loaded while nobody needs it', async () => {
  let loaded = 0
  const evm = withReference(await createWasmEvm(), {
    loadReference: (options) => {
      loaded++
      return createReferenceEvm(options)
    },
  })
  evm.setCode(target, assemble('0x7 return'))
  await evm.staticCall(call)
  expect(loaded).toBe(0)
  evm.setCode(target, assemble(callsBls))
  evm.setStorage(target, 0n, 0n)
  await Promise.all([evm.staticCall(call), evm.staticCall(call)])
  expect(loaded).toBe(1)
})

test('[EV14] an audit runs one call in n on both, believes the reference and reports a divergence', async () => {
  const engine = await createWasmEvm()
  const lying: EvmEngine = {
    ...engine,
    name: 'lying',
    setCode: (address, code) => engine.setCode(address, code),
    staticCall: (given) => ({ ...engine.staticCall(given), gasUsed: 1n }),
  }
  const divergences: Divergence[] = []
  const evm = withReference(lying, {
    auditEvery: 3,
    onDivergence: (divergence) => divergences.push(divergence),
  })
  evm.setCode(target, assemble('0x7 return'))
  const used: bigint[] = []
  for (let i = 0; i < 6; i++) used.push((await evm.staticCall(call)).gasUsed)
  expect(used).toEqual([1n, 1n, 16n, 1n, 1n, 16n])
  expect(divergences.map(({ engine: left, reference }) => [left.gasUsed, reference.gasUsed])).toEqual([
    [1n, 16n],
    [1n, 16n],
  ])
})

test('[EV14] a reference engine that cannot be loaded is an error with a remedy', async () => {
  const evm = withReference(await createWasmEvm(), {
    auditEvery: 1,
    loadReference: () => Promise.reject(new Error('no')),
  })
  evm.setCode(target, assemble('0x7 return'))
  await expect(evm.staticCall(call)).rejects.toThrow('no')
})
