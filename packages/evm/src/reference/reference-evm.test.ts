import { expect, test } from 'vitest'
import type { Hex } from '../bytes.ts'
import { assemble } from '../testing/tiny-assembler.ts'
import { createReferenceEvm } from './create-reference.ts'

const target: Hex = '0x1000000000000000000000000000000000000001'
const sender: Hex = '0x3000000000000000000000000000000000000003'

test('[EV9] [EV14] the reference engine warms nothing for the next call', async () => {
  const evm = await createReferenceEvm({ unknown: 'empty' })
  evm.setCode(target, assemble('0x5 BALANCE POP 0x0 SLOAD return'))
  const call = { to: target, from: sender, data: '0x', gas: 100_000n } as const
  const first = await evm.staticCall(call)
  expect(await evm.staticCall(call)).toEqual(first)
})

test('[EV7] [EV14] the reference engine reports missing state and goes on', async () => {
  const evm = await createReferenceEvm()
  evm.setCode(target, assemble('0x9 SLOAD return'))
  const call = { to: target, from: sender, data: '0x', gas: 100_000n } as const
  expect(await evm.staticCall(call)).toMatchObject({
    status: 'missing',
    missing: { kind: 'slot', address: target },
  })
  evm.setStorage(target, 9n, 1n)
  expect((await evm.staticCall(call)).status).toBe('ok')
})
