import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'

/** A node that runs on revm, asked by JSON-RPC. */
export type RealEngine = {
  readonly name: string
  readonly request: (method: string, params: readonly unknown[]) => Promise<unknown>
  /** Several requests at once, where the engine has a way for that. */
  readonly batch: (
    requests: readonly (readonly [method: string, params: readonly unknown[]])[],
  ) => Promise<unknown[]>
  readonly close: () => void
}

const versions = {
  '@nomicfoundation/edr': '0.22.0',
  '@nomicfoundation/edr-linux-x64-gnu': '0.22.0',
  '@foundry-rs/anvil-linux-amd64': '1.7.1',
  '@rainlanguage/float': '0.0.0-alpha.22',
} as const

/**
 * Installs the engines into a folder, once. They are 170 MB of native code that only this comparison needs, so they
 * are no dependency of the repository. Their install scripts do not run.
 *
 * @returns Whether they are there: not on another platform than Linux x64, nor without the registry.
 */
export function installRealEngines(folder: string): boolean {
  if (existsSync(join(folder, 'node_modules/@rainlanguage/float'))) return true
  if (process.platform !== 'linux' || process.arch !== 'x64') return false
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n')
  const packages = Object.entries(versions).map(([name, version]) => `${name}@${version}`)
  try {
    execFileSync('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', ...packages], {
      cwd: folder,
      stdio: 'ignore',
    })
    return true
  } catch {
    return false
  }
}

/** Starts anvil on a free port, with the clock at `timestamp` or the present. */
export async function openAnvil(folder: string, timestamp?: number): Promise<RealEngine> {
  const binary = join(folder, 'node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil')
  const options = [
    '--port',
    '0',
    '--chain-id',
    '10',
    '--hardfork',
    'osaka',
    '--gas-limit',
    '1000000000',
    '--no-mining',
    ...(timestamp === undefined ? [] : ['--timestamp', String(timestamp)]),
  ]
  const child = spawn(binary, options, { stdio: ['ignore', 'pipe', 'inherit'] })
  const url = await new Promise<string>((resolve, reject) => {
    let text = ''
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString()
      const port = /Listening on 127\.0\.0\.1:(\d+)/.exec(text)?.[1]
      if (port !== undefined) resolve(`http://127.0.0.1:${port}`)
    })
    child.once('exit', (code) => reject(new Error(`anvil ended with ${code}`)))
  })
  const post = async (body: unknown): Promise<unknown> => {
    const headers = { 'content-type': 'application/json' }
    const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) })
    return response.json()
  }
  // Before the first block, calls see no clock.
  if (timestamp !== undefined) await post({ jsonrpc: '2.0', id: 0, method: 'anvil_mine', params: ['0x1'] })
  return {
    name: 'anvil',
    request: async (method, params) => resultOf(await post({ jsonrpc: '2.0', id: 1, method, params })),
    batch: async (requests) => {
      const answers = await post(
        requests.map(([method, params], id) => ({ jsonrpc: '2.0', id, method, params })),
      )
      if (!Array.isArray(answers)) throw new Error('anvil does not answer in batches')
      return answers.map((answer) => resultOf(answer))
    },
    close: () => child.kill(),
  }
}

/** EDR, the engine of Hardhat, in this process, with the clock at `timestamp` or the present. */
export async function openEdr(folder: string, timestamp?: number): Promise<RealEngine> {
  // It has types, but is not installed where the compiler could see them.
  const edr = createRequire(join(folder, 'package.json'))('@nomicfoundation/edr') as EdrLibrary
  edrContext ??= openContext(edr)
  const context = await edrContext
  const provider = await context.createProvider(
    edr.L1_CHAIN_TYPE,
    {
      allowBlocksWithSameTimestamp: true,
      allowUnlimitedContractSize: true,
      bailOnCallFailure: false,
      bailOnTransactionFailure: false,
      chainId: 10n,
      coinbase: new Uint8Array(20).fill(0xcb),
      defaultTransactionGasLimit: 500_000_000n,
      genesisState: [],
      hardfork: 'osaka',
      initialBaseFeePerGas: 0n,
      initialParentBeaconBlockRoot: new Uint8Array(32),
      minGasPrice: 0n,
      mining: { autoMine: true, blockGasLimit: 1_000_000_000n, memPool: { order: 'Fifo' } },
      network: {
        genesisBlockGasLimit: 1_000_000_000n,
        ...(timestamp === undefined ? {} : { genesisBlockTime: BigInt(timestamp) }),
      },
      networkId: 10n,
      observability: {},
      ownedAccounts: [],
      precompileOverrides: [],
      transactionGasCap: false,
    },
    { enable: false, decodeConsoleLogInputsCallback: () => [], printLineCallback: () => {} },
    { subscriptionCallback: () => {} },
    new edr.ContractDecoder(),
  )
  const request = async (method: string, params: readonly unknown[]): Promise<unknown> => {
    const { data } = await provider.handleRequest(JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }))
    return resultOf(typeof data === 'string' ? JSON.parse(data) : data)
  }
  return {
    name: 'edr',
    request,
    batch: (requests) => Promise.all(requests.map(([method, params]) => request(method, params))),
    close: () => {},
  }
}

/** It has room for one in a process. */
let edrContext: Promise<EdrContext> | undefined

async function openContext(edr: EdrLibrary): Promise<EdrContext> {
  const context = new edr.EdrContext()
  await context.registerProviderFactory(edr.L1_CHAIN_TYPE, edr.l1ProviderFactory())
  return context
}

type EdrLibrary = {
  readonly L1_CHAIN_TYPE: string
  readonly l1ProviderFactory: () => unknown
  readonly ContractDecoder: new () => unknown
  readonly EdrContext: new () => EdrContext
}
type EdrContext = {
  readonly registerProviderFactory: (chainType: string, factory: unknown) => Promise<void>
  readonly createProvider: (chainType: string, ...config: readonly unknown[]) => Promise<EdrProvider>
}
type EdrProvider = { readonly handleRequest: (request: string) => Promise<{ readonly data: unknown }> }

function resultOf(answer: unknown): unknown {
  if (typeof answer === 'object' && answer !== null && 'result' in answer) return answer.result
  throw new Error(JSON.stringify(answer).slice(0, 400))
}
