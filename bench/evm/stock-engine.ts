import { Common, Hardfork, Mainnet } from '@ethereumjs/common'
import { createEVM, type EVM } from '@ethereumjs/evm'
import { SimpleStateManager } from '@ethereumjs/statemanager'
import { Account, Address, hexToBytes } from '@ethereumjs/util'
import { bytesToHex, type BytesInput, type StaticCall, type WordInput } from '@freshet/evm'
import type { Workload } from '@freshet/evm/testing'

/** `@ethereumjs/evm` as its documentation says to use it: its own state manager, one `runCall` per call. */
export type StockEngine = { readonly run: (call: StaticCall) => Promise<Uint8Array> }

/** Makes a stock engine that holds the state of a workload. */
export async function stockEngine(workload: Workload): Promise<StockEngine> {
  const common = new Common({ chain: Mainnet, hardfork: Hardfork.Osaka })
  const stateManager = new SimpleStateManager({ common })
  const evm = await createEVM({ common, stateManager })
  const settings: (() => Promise<void>)[] = []
  let header = { number: 0n, timestamp: 0n }
  workload.setUp({
    setCode: (address, code) => {
      settings.push(async () => {
        await stateManager.putAccount(addressOf(address), new Account(1n))
        await stateManager.putCode(addressOf(address), bytesOf(code))
      })
    },
    setStorage: (address, slot, value) => {
      settings.push(() => stateManager.putStorage(addressOf(address), wordOf(slot), wordOf(value)))
    },
    setBlock: ({ number, timestamp }) => {
      header = { number, timestamp }
    },
    setBalance: () => {},
    setKnownEmpty: () => {},
    setComplete: () => {},
    setHook: () => {},
  })
  for (const set of settings) await set()
  return { run: (call) => runCall(evm, call, header) }
}

async function runCall(
  evm: EVM,
  call: StaticCall,
  at: { number: bigint; timestamp: bigint },
): Promise<Uint8Array> {
  const zero = new Address(new Uint8Array(20))
  const rest = { coinbase: zero, difficulty: 0n, prevRandao: new Uint8Array(32), gasLimit: 30_000_000n }
  const block = { header: { ...at, ...rest, baseFeePerGas: 0n, getBlobGasPrice: () => 0n } }
  // Without this, what one call warms is cheaper in the next.
  await evm.journal.cleanup()
  const { execResult } = await evm.runCall({
    to: addressOf(call.to),
    caller: addressOf(call.from),
    data: bytesOf(call.data),
    gasLimit: call.gas,
    isStatic: true,
    skipNonceIncrement: true,
    block,
  })
  return execResult.returnValue
}

function bytesOf(input: BytesInput): Uint8Array {
  return typeof input === 'string' ? hexToBytes(input) : input
}

function wordOf(input: WordInput): Uint8Array {
  return bytesOf(typeof input === 'bigint' ? `0x${input.toString(16).padStart(64, '0')}` : input)
}

function addressOf(input: BytesInput): Address {
  return new Address(hexToBytes(typeof input === 'string' ? input : bytesToHex(input)))
}
