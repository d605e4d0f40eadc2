import { expect, test } from 'vitest'
import { bytesToBigInt, type Hex } from '../bytes.ts'
import { assemble } from '../testing/tiny-assembler.ts'
import { createEvmPool } from './evm-pool.ts'

const target: Hex = '0x1000000000000000000000000000000000000001'

test('[EV13] in a browser a pool runs in workers, in order', async () => {
  const pool = createEvmPool({ workers: 2 })
  pool.setCode(target, assemble('0x0 CALLDATALOAD 0x1 ADD return'))
  const calls = Array.from({ length: 200 }, (_, index) => {
    const data: Hex = `0x${index.toString(16).padStart(64, '0')}`
    return { to: target, from: target, data, gas: 100_000n }
  })
  const answers: bigint[] = []
  for await (const { output } of pool.runMany(calls)) answers.push(bytesToBigInt(output))
  expect(answers).toEqual(calls.map((_, index) => BigInt(index + 1)))
  pool.close()
})
