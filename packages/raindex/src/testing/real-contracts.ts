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
 * The interpreter and the store of a run are found by their address, else by their name; everything in the folder is
 * there for programs to call, and nothing else is. Of several interpreters that only have the name the one is taken
 * that gives the first recorded stacks: the code of another version gives others.
 *
 * @returns undefined when the folder has not the code of the run.
 */
export async function realInterpreter(folder: string, run: GoldenRun): Promise<Interpreter | undefined> {
  const contracts = readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    // Files of the documented shape; the cache refuses what is not.
    .map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as Contract)
  const named = (address: string, name: RegExp): readonly Contract[] => {
    const exact = contracts.filter((contract) => contract.address.toLowerCase() === address)
    return exact.length > 0 ? exact : contracts.filter((contract) => name.test(contract.name))
  }
  // Its answers come from the state: any of them will do.
  const [store] = named(run.store, /store/i)
  if (store === undefined) return undefined
  for (const interpreter of named(run.interpreter, /interpreter(?!.*(store|deployer|parser))/i)) {
    const found = await createReal(run, contracts, interpreter, store)
    if (interpreter.address.toLowerCase() === run.interpreter || (await givesRecorded(found, run)))
      return found
  }
  return undefined
}

async function createReal(
  run: GoldenRun,
  contracts: readonly Contract[],
  interpreter: Contract,
  store: Contract,
): Promise<Interpreter> {
  const artifacts: readonly Artifact[] = [
    ...contracts.map(({ address, runtime }) => ({ kind: 'Aux', address, bytecode: runtime }) as const),
    { kind: 'Interpreter', address: run.interpreter, bytecode: interpreter.runtime },
    { kind: 'Store', address: run.store, bytecode: store.runtime },
  ]
  return createEvmInterpreter({
    // The folder holds what the recorded chain held: what is not in it did not exist there.
    engine: await createWasmEvm({ unknown: 'empty' }),
    cache: createStaticCodeCache(artifacts),
    chainId: BigInt(run.chainId),
    orderbook: run.orderbook,
    gasLimit: 30_000_000n,
  })
}

const samples = 40

/** Whether nearly all of the first recorded stacks come out. */
async function givesRecorded(interpreter: Interpreter, run: GoldenRun): Promise<boolean> {
  const orders = new Map(run.orders.map(({ orderHash, order }) => [orderHash, order]))
  const quotes = run.checkpoints.flatMap(({ quotes: recorded, ...clock }) =>
    recorded.map((quote) => ({ ...quote, env: quote.env ?? clock })),
  )
  let tried = 0
  let same = 0
  for (const { orderHash, env, eval: recorded } of quotes) {
    const order = orders.get(orderHash)
    if (tried === samples || order === undefined || recorded?.stack === undefined) continue
    tried++
    const words = new Map(recorded.reads)
    const result = await interpreter.evaluate({
      evaluable: order.evaluable,
      entryPoint: 'calculate-io',
      fqn: recorded.namespace,
      context: recorded.context,
      env: { blockNumber: env.blockNumber, timestamp: env.timestamp },
      readWord: (key) => words.get(key) ?? `0x${'0'.repeat(64)}`,
    })
    if (result.kind === 'ok' && result.stack.join() === recorded.stack.join()) same++
  }
  return same >= tried * 0.95
}

/** What is said of a run whose code is not in the folder. */
export function lacksCode({ name, interpreter, store }: GoldenRun): string {
  return `FRESHET_RAIN_CONTRACTS has no code of ${interpreter} and ${store}, which ${name} ran on`
}
