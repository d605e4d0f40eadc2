import { expect, test } from 'vitest'
import type { Hex } from '../bytes.ts'
import type { EvmEngine, EvmResult } from '../engine.ts'
import { answer, assemble } from '../testing/tiny-assembler.ts'
import { createWasmEvm } from './wasm-evm.ts'

const target: Hex = '0x1000000000000000000000000000000000000001'
const control: Hex = '0x2000000000000000000000000000000000000002'
const sender: Hex = '0x3000000000000000000000000000000000000003'
const allGas = 30_000_000n

/** Twenty times what the slowest of them takes on a machine of 2020: a test for endlessness, not for speed. */
const timeout = 20_000

async function engine(unknown: 'empty' | 'missing' = 'empty'): Promise<EvmEngine> {
  const evm = await createWasmEvm({ unknown, hashSeed: 1n })
  evm.setCode(control, assemble('0x0 SLOAD 0x1 ADD return'))
  evm.setStorage(control, 0n, 41n)
  return evm
}

function attack(evm: EvmEngine, source: string, gas = allGas): EvmResult {
  evm.setCode(target, assemble(source))
  const result = evm.staticCall({ to: target, from: sender, data: '0x', gas })
  const after = evm.staticCall({ to: control, from: sender, data: '0x', gas: 100_000n })
  expect(answer(after.output)).toBe(42n)
  expect(after.gasUsed).toBe(2122n)
  return result
}

/** Repeats a body until the gas is gone. */
const forever = (body: string): string => `JUMPDEST ${body} 0x0 JUMP`
const big = `0x${'f3'.repeat(32)}`

test.each([
  ['endless jump', ''],
  ['MULMOD', `${big} ${big} 0x${'e1'.repeat(31)} MULMOD POP`],
  ['DIV', `0x${'0d'.repeat(17)} ${big} DIV POP`],
  ['SDIV', `0x${'0d'.repeat(17)} ${big} SDIV POP`],
  ['EXP', `${big} ${big} EXP POP`],
  ['KECCAK256', '0x88 0x0 KECCAK256 POP'],
  ['MCOPY', '0x8000 0x20 0x0 MCOPY'],
  ['identity', '0x0 0x0 0x8000 0x0 0x4 GAS STATICCALL POP'],
  [
    'modular power',
    '0x20 0x0 MSTORE 0x20 0x20 MSTORE 0x20 0x40 MSTORE 0x20 0x0 0xc0 0x0 0x5 GAS STATICCALL POP',
  ],
])('[EV11] %s until the gas is gone ends in bounded time', { timeout }, async (_, body) => {
  expect(attack(await engine(), forever(body))).toMatchObject({ status: 'halt', gasUsed: allGas })
})

test('[EV11] the slowest BLAKE2b that gas buys ends in bounded time', { timeout }, async () => {
  // 213 bytes of input whose first four are the number of rounds.
  const rounds = '0x1c00000000000000000000000000000000000000000000000000000000000000'
  const result = attack(await engine(), `${rounds} 0x0 MSTORE 0x40 0x0 0xd5 0x0 0x9 GAS STATICCALL return`)
  expect(result.status).toBe('ok')
})

test('[EV11] a memory bomb is out of gas, not out of memory', { timeout }, async () => {
  const evm = await engine()
  expect(attack(evm, '0x1 0xffffffff MSTORE').status).toBe('halt')
  expect(attack(evm, `0x1 0x${'ff'.repeat(32)} MSTORE`).status).toBe('halt')
  expect(attack(evm, '0x0 0x3a0000 MLOAD return').status).toBe('ok')
})

test(
  '[EV11] memory over the limit of the engine is unsupported, and the engine goes on',
  { timeout },
  async () => {
    const evm = await engine()
    const result = attack(evm, '0x0 0x20000000 MLOAD return', 1n << 43n)
    expect(result).toMatchObject({
      status: 'unsupported',
      reason: expect.stringContaining('memoryLimitBytes'),
    })
  },
)

test('[EV11] deep recursion with memory in every frame ends in bounded memory', { timeout }, async () => {
  const source = '0x1 0x4000 MSTORE 0x4000 0x0 0x4000 0x0 ADDRESS GAS STATICCALL return'
  expect(attack(await engine(), source).status).toBe('ok')
})

test('[EV11] 100,000 distinct addresses are touched and forgotten', { timeout }, async () => {
  const source = forever('0x1 ADD DUP1 BALANCE POP')
  const evm = await engine()
  const result = attack(evm, `0x1000 ${source.replace('0x0 JUMP', '0x3 JUMP')}`, 270_000_000n)
  expect(result.status).toBe('halt')
  expect(result.reads.accounts.length).toBeGreaterThan(100_000)
  expect(attack(evm, '0x1 return').reads.accounts).toEqual([target])
})

test('[EV11] 100,000 distinct slots are touched and forgotten', { timeout }, async () => {
  const source = forever('0x1 ADD DUP1 SLOAD POP')
  const evm = await engine()
  const result = attack(evm, `0x1000 ${source.replace('0x0 JUMP', '0x3 JUMP')}`, 220_000_000n)
  expect(result.reads.slots.length).toBeGreaterThan(100_000)
  expect(attack(evm, '0x1 return').reads.slots).toEqual([])
})

test('[EV11] 100,000 loaded slots are found', { timeout }, async () => {
  const evm = await engine('missing')
  for (let slot = 0n; slot < 100_000n; slot++) evm.setStorage(target, slot, slot * 3n)
  const result = attack(evm, '0x1869f SLOAD return')
  expect(answer(result.output)).toBe(299_997n)
})

test('[EV11] memory grows under tables that grow, and moves', async () => {
  // New slots take room above the frame's memory, which then has to grow past them, over and over.
  const body = '0x1 ADD DUP1 SLOAD POP DUP1 DUP1 0x5 SHL MSTORE'
  const check = 'DUP1 0x5 SHL MLOAD'
  const loop = `0x0 JUMPDEST ${body} DUP1 0x3e8 GT 0x2 JUMPI ${check} return`
  const evm = await engine()
  expect(answer(attack(evm, loop).output)).toBe(1000n)
})
