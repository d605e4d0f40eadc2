import { expect, test } from 'vitest'
import type { Hex } from '../bytes.ts'
import type { EvmEngine, EvmResult, StaticCall } from '../engine.ts'
import { answer, assemble } from '../testing/tiny-assembler.ts'
import { createWasmEvm, type WasmEvmOptions } from './wasm-evm.ts'

const target: Hex = '0x1000000000000000000000000000000000000001'
const other: Hex = '0x2000000000000000000000000000000000000002'
const sender: Hex = '0x3000000000000000000000000000000000000003'

async function engineWith(source: string, options: WasmEvmOptions = {}): Promise<EvmEngine> {
  const evm = await createWasmEvm(options)
  evm.setCode(target, assemble(source))
  return evm
}

function run(evm: EvmEngine, call: Partial<StaticCall> = {}): EvmResult {
  return evm.staticCall({ to: target, from: sender, data: '0x', gas: 1_000_000n, ...call })
}

test('[EV1] a call answers its output, its gas and what it read', async () => {
  const evm = await engineWith('0x0 SLOAD TIMESTAMP ADD return')
  evm.setStorage(target, 0n, 40n)
  evm.setBlock({ number: 1n, timestamp: 2n, chainId: 1n })
  const result = run(evm)
  expect(answer(result.output)).toBe(42n)
  expect(result).toMatchObject({ status: 'ok', gasUsed: 2121n })
  expect(result.reads).toEqual({
    time: true,
    number: false,
    block: false,
    slots: [[target, `0x${'00'.repeat(32)}`]],
    accounts: [target],
  })
})

test('[EV1] a revert carries its output, a halt uses all gas and carries none', async () => {
  const evm = await engineWith('0x7 0x0 MSTORE 0x20 0x0 REVERT')
  const reverted = run(evm)
  expect(reverted.status).toBe('revert')
  expect(answer(reverted.output)).toBe(7n)
  evm.setCode(target, assemble('0x1 0x0 MSTORE INVALID'))
  expect(run(evm)).toMatchObject({ status: 'halt', gasUsed: 1_000_000n, output: new Uint8Array(0) })
})

test.each(['SSTORE', 'TSTORE', 'LOG0', 'CREATE', 'CREATE2', 'SELFDESTRUCT'])(
  '[EV4] %s would change state, so it halts',
  async (name) => {
    const evm = await engineWith(`0x0 0x0 0x0 0x0 ${name} STOP`, { unknown: 'empty' })
    expect(run(evm).status).toBe('halt')
  },
)

test('[EV4] calls nest to a depth of 1,024 and no further', async () => {
  // Calls itself with all gas and adds one to what comes back.
  const source = '0x20 0x0 0x0 0x0 ADDRESS GAS STATICCALL POP 0x0 MLOAD 0x1 ADD return'
  const evm = await engineWith(source)
  // 63/64 of the gas at each level: what remains at level 1,024 is a ten-millionth.
  expect(answer(run(evm, { gas: 1_000_000_000_000n }).output)).toBe(1025n)
})

test('[EV4] code that delegates runs the code it names in its own storage', async () => {
  const evm = await engineWith('0x0 SLOAD return')
  evm.setCode(other, `0xef0100${target.slice(2)}`)
  evm.setStorage(other, 0n, 5n)
  const result = run(evm, { to: other })
  expect(answer(result.output)).toBe(5n)
  expect(result.reads.accounts.toSorted()).toEqual([target, other])
})

test('[EV9] nothing warm, written or returned survives a call', async () => {
  const evm = await engineWith('0x0 SLOAD POP 0x5 0x400 MSTORE RETURNDATASIZE MSIZE ADD return', {
    unknown: 'empty',
  })
  const first = run(evm)
  expect(run(evm)).toEqual(first)
  evm.setCode(other, assemble('0x400 MLOAD return'))
  expect(answer(run(evm, { to: other }).output)).toBe(0n)
  expect(run(evm)).toEqual(first)
})

test('[EV9] a result stays what it is when the engine goes on', async () => {
  const evm = await engineWith('CALLDATASIZE return')
  const first = run(evm, { data: '0x00' })
  run(evm, { data: '0x0000' })
  expect(answer(first.output)).toBe(1n)
})

test('[EV9] the number of a call may wrap', async () => {
  const { loadEvmModule } = await import('./evm-module.ts')
  const { WasmHost } = await import('./wasm-host.ts')
  const { module } = await loadEvmModule(new WasmHost('osaka'), 'wasm')
  module.init(1, 2, 1, 2)
  module.setCallNumber(0xfffffffe)
  module.setMemoryLimit(1_000_000)
  expect(module.run(0, 0, 100)).toBe(0)
  expect(module.run(0, 0, 100)).toBe(0)
})

test('[EV7] what nobody loaded is missing, by name', async () => {
  const slot: Hex = `0x${'00'.repeat(31)}09`
  const missing = async (source: string, prepare: (evm: EvmEngine) => void = () => {}) => {
    const evm = await engineWith(source)
    prepare(evm)
    const result = run(evm)
    return result.status === 'missing' ? result.missing : result.status
  }
  const account = { kind: 'account', address: other }
  expect(await missing('0x9 SLOAD return')).toEqual({ kind: 'slot', address: target, slot })
  for (const name of ['BALANCE', 'EXTCODESIZE', 'EXTCODEHASH']) {
    expect(await missing(`${other} ${name} return`)).toEqual(account)
  }
  expect(await missing(`0x1 0x0 0x0 ${other} EXTCODECOPY STOP`)).toEqual(account)
  for (const name of ['STATICCALL', 'DELEGATECALL']) {
    expect(await missing(`0x0 0x0 0x0 0x0 ${other} GAS ${name} return`)).toEqual(account)
  }
  expect(await missing('SELFBALANCE return')).toEqual({ kind: 'balance', address: target })
  expect(await missing(`${other} BALANCE return`, (evm) => evm.setCode(other, '0x00'))).toEqual({
    kind: 'balance',
    address: other,
  })
  expect(
    await missing('0x4 BLOCKHASH return', (evm) => evm.setBlock({ number: 5n, timestamp: 0n, chainId: 1n })),
  ).toEqual({
    kind: 'block-hash',
    number: 4n,
  })
  const evm = await createWasmEvm()
  expect(run(evm)).toMatchObject({ status: 'missing', missing: { kind: 'account', address: target } })
})

test('[EV7] an account declared empty or complete, and an empty world, miss nothing', async () => {
  const evm = await engineWith(
    `0x9 SLOAD ${other} EXTCODESIZE ADD ${other} EXTCODEHASH ADD ${other} BALANCE ADD return`,
  )
  evm.setKnownEmpty(other)
  evm.setComplete(target)
  expect(answer(run(evm).output)).toBe(0n)
  const empty = await engineWith(`0x9 SLOAD ${other} BALANCE ADD return`, { unknown: 'empty' })
  expect(answer(run(empty).output)).toBe(0n)
})

test('[EV7] out of gas comes before missing state', async () => {
  const evm = await engineWith('0x9 SLOAD return')
  expect(run(evm, { gas: 2000n }).status).toBe('halt')
  expect(run(evm, { gas: 2103n }).status).toBe('missing')
})

test('[EV8] a hook answers calls to its address and shows code', async () => {
  const source = `0x2a 0x0 MSTORE 0x20 0x20 0x20 0x0 ${other} GAS STATICCALL 0x20 MLOAD ADD ${other} EXTCODESIZE ADD return`
  const evm = await engineWith(source)
  evm.setHook(other, ({ data }) => ({ status: 'ok', output: data, gasUsed: 1000n }))
  const result = run(evm)
  expect(answer(result.output)).toBe(0x2an + 2n)
  expect(result.reads.accounts).toContain(other)
  evm.setHook(other, undefined)
  expect(run(evm)).toMatchObject({ status: 'missing', missing: { kind: 'account', address: other } })
})

test('[EV8] a hook may revert, run out of gas, decline, throw; the engine goes on', async () => {
  const evm = await engineWith(`0x0 0x0 0x0 0x0 ${other} 0x64 STATICCALL return`)
  evm.setHook(other, () => ({ status: 'revert', output: new Uint8Array(3) }))
  expect(answer(run(evm).output)).toBe(0n)
  evm.setHook(other, () => ({ status: 'ok', output: new Uint8Array(3), gasUsed: 101n }))
  expect(answer(run(evm).output)).toBe(0n)
  evm.setHook(other, () => undefined)
  expect(run(evm)).toMatchObject({ status: 'unsupported', reason: 'a hook did not answer' })
  evm.setHook(other, () => {
    throw new RangeError('mine')
  })
  expect(() => run(evm)).toThrow('mine')
  evm.setHook(other, () => {
    evm.setComplete(target)
    return undefined
  })
  expect(() => run(evm)).toThrow(expect.objectContaining({ code: 'evm/reentered' }))
  evm.setHook(other, () => ({ status: 'ok', output: new Uint8Array(0) }))
  expect(answer(run(evm).output)).toBe(1n)
})

test('[EV5] a precompile without an implementation is unsupported', async () => {
  const evm = await createWasmEvm()
  expect(run(evm, { to: '0x000000000000000000000000000000000000000a' })).toMatchObject({
    status: 'unsupported',
  })
})

test('[EV10] bad arguments are refused before anything runs', async () => {
  const evm = await engineWith('STOP')
  const code = (attempt: () => unknown): unknown => {
    try {
      return attempt()
    } catch (error) {
      return error instanceof Error && 'code' in error ? error.code : error
    }
  }
  expect(code(() => run(evm, { data: '0x123' }))).toBe('evm/bad-hex')
  // @ts-expect-error: not hex at all
  expect(code(() => run(evm, { data: '123' }))).toBe('evm/bad-hex')
  expect(code(() => run(evm, { to: '0x1234' }))).toBe('evm/bad-address')
  expect(code(() => run(evm, { from: new Uint8Array(32) }))).toBe('evm/bad-address')
  expect(code(() => run(evm, { gas: -1n }))).toBe('evm/bad-gas')
  expect(code(() => run(evm, { gas: 1n << 44n }))).toBe('evm/bad-gas')
  // @ts-expect-error: gas is a bigint
  expect(code(() => run(evm, { gas: 5 }))).toBe('evm/bad-gas')
  expect(code(() => evm.setCode(target, new Uint8Array(24_577)))).toBe('evm/code-too-large')
  expect(code(() => evm.setStorage(target, -1n, 0n))).toBe('evm/bad-word')
  expect(code(() => evm.setStorage(target, '0x00', 0n))).toBe('evm/bad-word')
  expect(code(() => evm.setBalance(target, 1n << 256n))).toBe('evm/bad-word')
  expect(run(evm).status).toBe('ok')
})

test('[EV1] addresses mean the same in any spelling', async () => {
  const mixed: Hex = '0xABcdEFABcdEFabcdEfAbCdefabcdeFABcDEFabCD'
  const evm = await createWasmEvm()
  evm.setCode(mixed, assemble('CALLER return'))
  const lower: Hex = '0xabcdefabcdefabcdefabcdefabcdefabcdefabcd'
  expect(run(evm, { to: lower, from: mixed })).toEqual(run(evm, { to: mixed, from: lower }))
})

test('[EV3] [EV7] an unknown account whose code is not needed is warm the second time', async () => {
  // Found at seed 1002, program 31610: copying no bytes of its code touches an account and misses nothing.
  const copyNothing = `0x0 0x0 0x0 ${other} EXTCODECOPY`
  const evm = await engineWith(`${copyNothing} GAS ${copyNothing} GAS SWAP1 SUB return`)
  expect(answer(run(evm).output)).toBe(100n + 4n * 3n + 2n)
})
