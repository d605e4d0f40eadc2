import { expect, test } from 'vitest'
import { bytesToBigInt, bytesToHex } from './bytes.ts'
import type { AsyncEvmEngine, EvmEngine, EvmResult, StaticCall } from './engine.ts'
import { createReferenceEvm } from './reference/index.ts'
import { encodeCall, mappingSlot } from './testing/compile-solidity.ts'
import {
  addresses,
  interpreterWorkload,
  openZeppelinWorkload,
  quoterWorkload,
  tokenWorkload,
  type Workload,
} from './testing/workloads.ts'
import { createWasmEvm } from './wasm/wasm-evm.ts'

async function engines(workload: Workload): Promise<{ evm: EvmEngine; reference: AsyncEvmEngine }> {
  const evm = await createWasmEvm()
  const reference = await createReferenceEvm()
  workload.setUp(evm)
  workload.setUp(reference)
  return { evm, reference }
}

/** What must be equal, reads in any order. */
function comparable({ reads, ...result }: EvmResult) {
  const slots = reads.slots.map((slot) => slot.join(' ')).toSorted()
  return { ...result, output: bytesToHex(result.output), slots, accounts: reads.accounts.toSorted() }
}

test.each([
  ['the interpreter', interpreterWorkload(12)],
  ['the token', tokenWorkload(12)],
  ['the ERC-20 of OpenZeppelin', openZeppelinWorkload()],
  ['the pools', quoterWorkload(3, 120)],
])(
  '[EV15] %s, compiled by solc, answers as on the reference engine',
  { timeout: 60_000 },
  async (_, workload) => {
    const { evm, reference } = await engines(workload)
    for (const call of workload.calls) {
      expect(comparable(evm.staticCall(call))).toEqual(comparable(await reference.staticCall(call)))
    }
  },
)

test(
  '[EV3] [EV15] the interpreter contract ends alike at gas limits all the way',
  { timeout: 60_000 },
  async () => {
    const { evm, reference } = await engines(interpreterWorkload(1))
    const [call] = interpreterWorkload(1).calls
    if (call === undefined) throw new RangeError('no call')
    const { gasUsed } = evm.staticCall(call)
    const limits = Array.from({ length: 60 }, (_, index) => (gasUsed * BigInt(index)) / 58n)
    for (const gas of [...limits, gasUsed - 1n, gasUsed, gasUsed + 1n]) {
      const at = { ...call, gas }
      const [{ status, gasUsed: used, output }, expected] = [
        evm.staticCall(at),
        await reference.staticCall(at),
      ]
      expect({ gas, status, used, output }).toEqual({
        gas,
        status: expected.status,
        used: expected.gasUsed,
        output: expected.output,
      })
    }
  },
)

test('[EV15] an order that calls for state says which slot it needs, and runs when it is there', async () => {
  const evm = await createWasmEvm()
  const workload = interpreterWorkload(1)
  workload.setUp(evm)
  const owner = BigInt(addresses.caller)
  const balance: StaticCall = {
    to: addresses.token,
    from: addresses.caller,
    data: encodeCall('balanceOf(address)', owner),
    gas: 100_000n,
  }
  expect(bytesToBigInt(evm.staticCall(balance).output)).toBe(12_345n * 10n ** 18n)
  const fresh = await createWasmEvm()
  workload.setUp({
    ...fresh,
    setComplete: () => {},
    setStorage: () => {},
    setCode: (address, code) => fresh.setCode(address, code),
    setBlock: (env) => fresh.setBlock(env),
  })
  const result = fresh.staticCall(balance)
  const slot = `0x${mappingSlot(0n, owner).toString(16).padStart(64, '0')}`
  expect(result).toMatchObject({
    status: 'missing',
    missing: { kind: 'slot', address: addresses.token, slot },
  })
})

test("[EV15] OpenZeppelin's ERC-20 says balances and names, refuses in its words, and cannot write", async () => {
  const evm = await createWasmEvm()
  const { setUp, calls } = openZeppelinWorkload()
  setUp(evm)
  const results = calls.map((call) => evm.staticCall(call))
  expect(results.map(({ status }) => status).join(' ')).toBe(
    `${'ok '.repeat(13)}revert revert halt revert halt revert`,
  )
  expect(results.slice(0, 3).map(({ output }) => bytesToBigInt(output) / 10n ** 18n)).toEqual([1n, 2n, 3n])
  expect(new TextDecoder().decode(results[11]?.output.subarray(64, 71))).toBe('Freshet')
  // ERC20InsufficientBalance(address,uint256,uint256)
  expect(bytesToHex(results[13]?.output.subarray(0, 4) ?? new Uint8Array())).toBe('0xe450d38c')
})
