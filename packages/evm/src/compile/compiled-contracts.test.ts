import { expect, test } from 'vitest'
import { bytesToHex } from '../bytes.ts'
import { compare, Pairs } from '../testing/differential.ts'
import { makeProgram } from '../testing/program.ts'
import { answer, assemble } from '../testing/tiny-assembler.ts'
import { interpreterWorkload, quoterWorkload, tokenWorkload } from '../testing/workloads.ts'
import { createWasmEvm } from '../wasm/wasm-evm.ts'

// A program costs three modules, so these are fewer than for the interpreter.
const programs = process.env['CI'] === undefined ? 1500 : 20_000

test(
  `[EV16] ${programs} random programs, compiled, end as on the reference engine`,
  { timeout: 600_000 },
  async () => {
    const pairs = new Pairs({ engine: { tier: 'compiled' } })
    for (let index = 0; index < programs; index++) {
      const program = makeProgram(16, index)
      expect(await compare(await pairs.for(program), program), `program ${index}`).toBeUndefined()
    }
  },
)

test.each([
  ['the interpreter', interpreterWorkload(12)],
  ['the token', tokenWorkload(12)],
  ['the pools', quoterWorkload(5, 60)],
])('[EV16] %s, compiled, answers as interpreted, at any gas limit', async (_, workload) => {
  const [compiled, interpreted] = [
    await createWasmEvm({ tier: 'compiled' }),
    await createWasmEvm({ tier: 'interpreter' }),
  ]
  workload.setUp(compiled)
  workload.setUp(interpreted)
  for (const call of workload.calls) {
    const { reads, ...expected } = interpreted.staticCall(call)
    const { reads: got, ...result } = compiled.staticCall(call)
    expect(result).toEqual(expected)
    expect(got.slots.map(String).toSorted()).toEqual(reads.slots.map(String).toSorted())
    for (let part = 0n; part < 12n; part++) {
      const limited = { ...call, gas: (expected.gasUsed * part) / 11n }
      const [left, right] = [interpreted.staticCall(limited), compiled.staticCall(limited)]
      expect([right.status, right.gasUsed, bytesToHex(right.output)]).toEqual([
        left.status,
        left.gasUsed,
        bytesToHex(left.output),
      ])
    }
  }
})

test('[EV16] a contract that runs often is compiled in the background, and answers the same before and after', async () => {
  const evm = await createWasmEvm({ tier: 'auto' })
  const target = '0x1000000000000000000000000000000000000001'
  evm.setCode(target, assemble('0x0 CALLDATALOAD 0x2 MUL return'))
  const data = `0x${'00'.repeat(31)}15` as const
  for (let round = 0; round < 30; round++) {
    for (let i = 0; i < 50; i++) {
      const { output, gasUsed } = evm.staticCall({ to: target, from: target, data, gas: 100_000n })
      expect([answer(output), gasUsed]).toEqual([42n, 27n])
    }
    // Lets compilations go on.
    await new Promise((resolve) => setTimeout(resolve))
  }
})

test('[EV16] compiling in the background leaves the result of the call that made it worth while alone', async () => {
  // The table of a large contract takes the room where the output of the last call was.
  const evm = await createWasmEvm({ tier: 'auto' })
  const target = '0x1000000000000000000000000000000000000001'
  evm.setCode(target, `${assemble('0x2a return')}${'00'.repeat(24_000)}`)
  for (let i = 0; i < 300; i++) {
    const { output } = evm.staticCall({ to: target, from: target, data: '0x', gas: 100_000n })
    expect(answer(output)).toBe(42n)
  }
})

test('[EV16] a push that the end of the code cuts off is compiled like any other', async () => {
  // Found by random programs: its data lies behind the end.
  const evm = await createWasmEvm({ tier: 'compiled' })
  const target = '0x1000000000000000000000000000000000000001'
  evm.setCode(target, '0x765b5b5b')
  expect(evm.staticCall({ to: target, from: target, data: '0x', gas: 100n })).toMatchObject({
    status: 'ok',
    gasUsed: 3n,
  })
})
