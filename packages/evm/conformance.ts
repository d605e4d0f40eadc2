import { fileURLToPath } from 'node:url'
import { bytesToHex, type Hex } from './src/bytes.ts'
import { caller, contracts, makeProgram, nobody, wallet, type Program } from './src/testing/program.ts'
import { installRealEngines, openAnvil, openEdr, type RealEngine } from './src/testing/real-engines.ts'
import { assemble } from './src/testing/tiny-assembler.ts'
import { createWasmEvm } from './src/wasm/wasm-evm.ts'
import type { EvmEngine, ReadSet } from './src/engine.ts'

// Runs random programs on our engine, on anvil and on EDR (both revm) and compares status, gas and output.
//   node --conditions=source packages/evm/conformance.ts [programs] [seed]

const [programs = 5000, seed = 1] = process.argv.slice(2).map(Number)
const folder = fileURLToPath(new URL('../../.freshet/real-engines', import.meta.url))
const meter: Hex = '0x00000000000000000000000000000000000e7e70'

/** Calls its target with the gas in the first word and the rest as data; answers success, gas used and output. */
const meterCode = assemble(`
  0x20 CALLDATASIZE SUB DUP1 0x20 0x0 CALLDATACOPY
  GAS 0x0 0x0 DUP4 0x0 ${contracts[0]} 0x0 CALLDATALOAD STATICCALL
  GAS SWAP2 SWAP1 0x0 MSTORE SUB 0x20 MSTORE
  RETURNDATASIZE 0x0 0x40 RETURNDATACOPY RETURNDATASIZE 0x40 ADD 0x0 RETURN`)

if (installRealEngines(folder)) process.exitCode = await compareAll()
else console.log('The real engines cannot be installed here, so nothing was compared.')

async function compareAll(): Promise<number> {
  const ours = await createWasmEvm({ unknown: 'empty' })
  prepareOurs(ours)
  const engines = [await openAnvil(folder), await openEdr(folder)]
  let compared = 0
  let wrong = 0
  for (const engine of engines) await prepare(engine)
  for (let index = 0; compared < programs; index++) {
    const program = makeProgram(seed, index)
    const expected = runOurs(ours, program)
    // Blocks and hooks differ from node to node; everything else must not.
    if (program.fork !== 'osaka' || expected === undefined) continue
    compared++
    for (const engine of engines) {
      const got = await runReal(engine, program)
      if (got === expected) continue
      wrong++
      console.log(`${engine.name}, seed ${seed}, program ${index}\n  ours ${expected}\n  real ${String(got)}`)
    }
  }
  for (const engine of engines) engine.close()
  console.log(
    `conformance: ${compared} programs on ${engines.map(({ name }) => name).join(' and ')}, ${wrong} differ`,
  )
  return wrong === 0 ? 0 : 1
}

function dataOf(program: Program): Hex {
  return `0x${program.gas.toString(16).padStart(64, '0')}${bytesToHex(program.data).slice(2)}`
}

function prepareOurs(ours: EvmEngine): void {
  ours.setCode(meter, meterCode)
  ours.setBlock({ number: 1n, timestamp: 1n, chainId: 10n })
  for (const address of contracts) ours.setBalance(address, 100n)
  for (const [address, slot, value] of slots()) ours.setStorage(address, slot, value)
  ours.setBalance(wallet, 77n)
  ours.setKnownEmpty(nobody)
  // A sender exists: the nodes count its nonce up before they run.
  ours.setBalance(caller, 0n)
}

/** Undefined when the answer depends on the block or is not ours to give. */
function runOurs(ours: EvmEngine, program: Program): Hex | undefined {
  program.codes.forEach((code, index) => ours.setCode(contracts[index] ?? wallet, code))
  const result = ours.staticCall({ to: meter, from: caller, data: dataOf(program), gas: 20_000_000n })
  return result.status === 'ok' && !dependsOnBlock(result.reads) ? bytesToHex(result.output) : undefined
}

function dependsOnBlock({ time, number, block, accounts }: ReadSet): boolean {
  return (
    time || number || block || accounts.some((address) => BigInt(address) === BigInt(`0x${'cb'.repeat(20)}`))
  )
}

async function prepare(engine: RealEngine): Promise<void> {
  const prefix = engine.name === 'edr' ? 'hardhat' : 'anvil'
  await engine.request(`${prefix}_setCode`, [meter, meterCode])
  for (const address of contracts) await engine.request(`${prefix}_setBalance`, [address, '0x64'])
  for (const [address, slot, value] of slots()) {
    await engine.request(`${prefix}_setStorageAt`, [
      address,
      `0x${slot.toString(16)}`,
      `0x${value.toString(16).padStart(64, '0')}`,
    ])
  }
  await engine.request(`${prefix}_setBalance`, [wallet, '0x4d'])
}

async function runReal(engine: RealEngine, program: Program): Promise<unknown> {
  const prefix = engine.name === 'edr' ? 'hardhat' : 'anvil'
  const codes = program.codes.map(
    (code, at) => [`${prefix}_setCode`, [contracts[at] ?? wallet, bytesToHex(code)]] as const,
  )
  await engine.batch(codes)
  const call = { from: caller, to: meter, data: dataOf(program), gas: '0x1c9c380', gasPrice: '0x0' }
  return engine.request('eth_call', [call, 'latest']).catch((error: unknown) => String(error))
}

function* slots(): Generator<readonly [Hex, bigint, bigint]> {
  for (const address of contracts)
    for (let slot = 0n; slot < 4n; slot++) yield [address, slot, slot * 2n ** 240n + 5n]
}
