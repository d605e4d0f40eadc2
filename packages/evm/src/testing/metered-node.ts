import { bytesToHex, type Hex } from '../bytes.ts'
import type { EvmEngine, EvmResult, EvmState } from '../engine.ts'
import { caller, contracts, nobody, wallet } from './program.ts'
import type { RealEngine } from './real-engines.ts'
import { assemble } from './tiny-assembler.ts'

// Nodes do not say what gas an eth_call used, so a contract measures it: the same on ours and on theirs.

const meter: Hex = '0x00000000000000000000000000000000000e7e70'

/** Calls its target with the gas in the first word and the rest as data; answers success, gas used and output. */
const meterCode = assemble(`
  0x20 CALLDATASIZE SUB DUP1 0x20 0x0 CALLDATACOPY
  GAS 0x0 0x0 DUP4 0x0 ${contracts[0]} 0x0 CALLDATALOAD STATICCALL
  GAS SWAP2 SWAP1 0x0 MSTORE SUB 0x20 MSTORE
  RETURNDATASIZE 0x0 0x40 RETURNDATACOPY RETURNDATASIZE 0x40 ADD 0x0 RETURN`)

/** A call of the first contract, and the code of all. */
export type MeteredCall = {
  readonly codes: readonly (Uint8Array | Hex)[]
  readonly data: Uint8Array | Hex
  readonly gas: bigint
}

/** Sets what a node is prepared with on an engine. */
export function prepareEngine(engine: EvmState): void {
  engine.setCode(meter, meterCode)
  engine.setBlock({ number: 1n, timestamp: 1n, chainId: 10n })
  for (const address of contracts) engine.setBalance(address, 100n)
  for (const [address, slot, value] of slots()) engine.setStorage(address, slot, value)
  engine.setBalance(wallet, 77n)
  engine.setKnownEmpty(nobody)
  // A sender exists: the nodes count its nonce up before they run.
  engine.setBalance(caller, 0n)
}

/** Runs a call with the meter. */
export function runMetered(engine: EvmEngine, call: MeteredCall): EvmResult {
  call.codes.forEach((code, index) => engine.setCode(contracts[index] ?? wallet, code))
  return engine.staticCall({ to: meter, from: caller, data: dataOf(call), gas: 20_000_000n })
}

export async function prepareNode(node: RealEngine): Promise<void> {
  const prefix = prefixOf(node)
  await node.request(`${prefix}_setCode`, [meter, meterCode])
  for (const address of contracts) await node.request(`${prefix}_setBalance`, [address, '0x64'])
  for (const [address, slot, value] of slots()) {
    await node.request(`${prefix}_setStorageAt`, [
      address,
      `0x${slot.toString(16)}`,
      `0x${value.toString(16).padStart(64, '0')}`,
    ])
  }
  await node.request(`${prefix}_setBalance`, [wallet, '0x4d'])
}

/** What the meter answers on a node, or the node's error as text. */
export async function runOnNode(node: RealEngine, metered: MeteredCall): Promise<unknown> {
  const prefix = prefixOf(node)
  const codes = metered.codes.map(
    (code, at) => [`${prefix}_setCode`, [contracts[at] ?? wallet, hexOf(code)]] as const,
  )
  await node.batch(codes)
  const call = { from: caller, to: meter, data: dataOf(metered), gas: '0x1c9c380', gasPrice: '0x0' }
  return node.request('eth_call', [call, 'latest']).catch((error: unknown) => String(error))
}

function prefixOf(node: RealEngine): 'hardhat' | 'anvil' {
  return node.name === 'edr' ? 'hardhat' : 'anvil'
}

function dataOf({ gas, data }: MeteredCall): Hex {
  return `0x${gas.toString(16).padStart(64, '0')}${hexOf(data).slice(2)}`
}

function hexOf(bytes: Uint8Array | Hex): Hex {
  return typeof bytes === 'string' ? bytes : bytesToHex(bytes)
}

function* slots(): Generator<readonly [Hex, bigint, bigint]> {
  for (const address of contracts)
    for (let slot = 0n; slot < 4n; slot++) yield [address, slot, slot * 2n ** 240n + 5n]
}
