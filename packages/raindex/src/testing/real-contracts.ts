import { createWasmEvm } from '@freshet/evm'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  createEvmInterpreter,
  createStaticCodeCache,
  type Artifact,
  type Interpreter,
} from '../engine/index.ts'
import type { GoldenRun } from './golden-run.ts'

/** One file of the folder that `FRESHET_RAIN_CONTRACTS` names. */
type Contract = { readonly name: string; readonly address: string; readonly runtime: string }

/** The folder with the runtime code of the real contracts; undefined when none is named. */
export function contractsFolder(): string | undefined {
  return process.env['FRESHET_RAIN_CONTRACTS'] || undefined
}

/**
 * The real interpreter on the EVM, for a recorded run.
 *
 * The interpreter and the store of a run are found by their address, else by their name; everything in the
 * folder is there for programs to call, and nothing else is.
 */
export async function realInterpreter(folder: string, run: GoldenRun): Promise<Interpreter> {
  const contracts = readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    // Files of the documented shape; the cache refuses what is not.
    .map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as Contract)
  const find = (address: string, byName: RegExp): Contract | undefined =>
    contracts.find((contract) => contract.address.toLowerCase() === address) ??
    contracts.find(({ name }) => byName.test(name))
  const artifacts: Artifact[] = contracts.map(({ address, runtime }) => ({
    kind: 'Aux',
    address,
    bytecode: runtime,
  }))
  const interpreter = find(run.interpreter, /interpreter(?!.*(store|deployer|parser))/i)
  const store = find(run.store, /store/i)
  if (interpreter)
    artifacts.push({ kind: 'Interpreter', address: run.interpreter, bytecode: interpreter.runtime })
  if (store) artifacts.push({ kind: 'Store', address: run.store, bytecode: store.runtime })
  return createEvmInterpreter({
    // The folder holds what the recorded chain held: what is not in it did not exist there.
    engine: await createWasmEvm({ unknown: 'empty' }),
    cache: createStaticCodeCache(artifacts),
    chainId: BigInt(run.chainId),
    orderbook: run.orderbook,
    gasLimit: 30_000_000n,
  })
}
