import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createWasmEvm, type EvmEngine, type StaticCall } from '@freshet/evm'
import type { Workload } from '@freshet/evm/testing'
import {
  createEvmInterpreter,
  createStaticCodeCache,
  decodeOrder,
  quoteOrder,
  type Address,
  type Bytes32,
  type Hex,
  type Order,
  type OrderbookState,
  type SignedContext,
} from '@freshet/raindex/engine'
import { floatToHex, packLossless } from '@freshet/raindex/float'
import { readGolden } from '../../packages/raindex/src/testing/golden-folder.ts'

/** One file of the folder that `FRESHET_RAIN_CONTRACTS` names. */
type Contract = { readonly address: Hex; readonly runtime: Hex }

/** One of the recorded orders, as the README of the data describes it; the fields used here. */
type RealOrder = {
  readonly chainId: number
  readonly orderBytes: Hex
  readonly signedContext?: readonly SignedContext[]
  readonly quote?: {
    readonly orderbookUsed: Address
    readonly blockNumber: number
    readonly timestamp: number
    readonly tokenDecimals: { readonly input: number; readonly output: number }
    readonly ioRatio: Bytes32
  }
}

/** Where interpreters send their stack for a debugger to see; no code is ever deployed there. */
const stackTracer: Address = '0xf06cd48c98d7321649db7d8b2c396a81a2046555'

/**
 * Quotes of a real order, one that a signed oracle prices, each for another taker and vault, with the code of the real
 * interpreter and store.
 *
 * @returns Why not, where the code or the recorded order is not at hand.
 */
export async function realOrderWorkload(
  count = 64,
): Promise<(Workload & { readonly timestamp: number }) | string> {
  const folder = process.env['FRESHET_RAIN_CONTRACTS']
  if (!folder) return 'set FRESHET_RAIN_CONTRACTS to a folder of {name, address, runtime} files'
  // Recorded data of a documented shape.
  const orders = JSON.parse(readGolden('real-orders.json') ?? '[]') as readonly RealOrder[]
  const found = orders.find((order) => order.quote !== undefined)
  if (found?.quote === undefined) return 'real-orders.json is not in the folder of recorded data'
  const { quote, chainId } = found
  const { interpreter, store } = decodeOrder(found.orderBytes).evaluable
  const contracts = readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    // Files of the documented shape; engines refuse what is not.
    .map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as Contract)
  const codeOf = (address: Address): Hex | undefined =>
    contracts.find((contract) => contract.address.toLowerCase() === address)?.runtime
  const [interpreterCode, storeCode] = [codeOf(interpreter), codeOf(store)]
  if (interpreterCode === undefined || storeCode === undefined) {
    return `${folder} has no code of ${interpreter} and ${store}`
  }
  const setUp: Workload['setUp'] = (state) => {
    state.setCode(interpreter, interpreterCode)
    state.setCode(store, storeCode)
    state.setComplete(store)
    state.setKnownEmpty(stackTracer)
    const { blockNumber, timestamp } = quote
    state.setBlock({ number: BigInt(blockNumber), timestamp: BigInt(timestamp), chainId: BigInt(chainId) })
  }
  return { setUp, calls: await callsOf(found, quote, codeOf, count), timestamp: quote.timestamp }
}

/** What the engine of the order book asks the interpreter for quotes of the order. */
async function callsOf(
  { orderBytes, chainId, signedContext = [] }: RealOrder,
  quote: NonNullable<RealOrder['quote']>,
  codeOf: (address: Address) => Hex | undefined,
  count: number,
): Promise<readonly StaticCall[]> {
  const order = decodeOrder(orderBytes)
  const { interpreter, store } = order.evaluable
  const calls: StaticCall[] = []
  const engine = await createWasmEvm()
  const listening: EvmEngine = {
    name: engine.name,
    setCode: (address, code) => engine.setCode(address, code),
    setBalance: (address, balance) => engine.setBalance(address, balance),
    setStorage: (address, slot, value) => engine.setStorage(address, slot, value),
    setKnownEmpty: (address) => engine.setKnownEmpty(address),
    setComplete: (address) => engine.setComplete(address),
    setHook: (address, hook) => engine.setHook(address, hook),
    setBlock: (env) => engine.setBlock(env),
    staticCall(call) {
      // The data is good until the next call only.
      calls.push({ ...call, data: typeof call.data === 'string' ? call.data : call.data.slice() })
      return engine.staticCall(call)
    },
  }
  const host = {
    orderbook: { address: quote.orderbookUsed, version: 'v6' },
    interpreter: createEvmInterpreter({
      engine: listening,
      cache: createStaticCodeCache([
        { kind: 'Interpreter', address: interpreter, bytecode: codeOf(interpreter) ?? '0x' },
        { kind: 'Store', address: store, bytecode: codeOf(store) ?? '0x' },
      ]),
      chainId: BigInt(chainId),
      orderbook: quote.orderbookUsed,
      gasLimit: 3_000_000n,
    }),
  } as const
  for (let index = 0; index < count; index++) {
    const outcome = await quoteOrder(host, stateOf(quote, order, BigInt(100 + index)), {
      ...{ order, inputIOIndex: 0, outputIOIndex: 0 },
      counterparty: `0x${(index + 1).toString(16).padStart(40, '0')}`,
      signedContext: signedContext.map(lowerCase),
    })
    const ratio = outcome.kind === 'quote' ? floatToHex(outcome.ioRatio) : outcome.reason.kind
    if (ratio !== quote.ioRatio) throw new Error(`the real order quotes ${ratio} and not ${quote.ioRatio}`)
  }
  return calls
}

function stateOf(
  { blockNumber, timestamp, tokenDecimals }: NonNullable<RealOrder['quote']>,
  { validInputs }: Order,
  balance: bigint,
): OrderbookState {
  const input = validInputs[0]?.token
  return {
    env: { blockNumber, timestamp },
    order: () => undefined,
    vaultBalance: () => packLossless(balance, 0),
    word: () => `0x${'0'.repeat(64)}`,
    tokenDecimals: (token) => (token === input ? tokenDecimals.input : tokenDecimals.output),
  }
}

/** The recorded signer has the upper case of its checksum. */
function lowerCase({ signer, context, signature }: SignedContext): SignedContext {
  return { signer: toHex(signer), context, signature }
}

function toHex(text: Hex): Hex {
  return `0x${text.slice(2).toLowerCase()}`
}
