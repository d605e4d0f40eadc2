import { createWasmEvm } from '@freshet/evm'
import {
  createEvmInterpreter,
  createStaticCodeCache,
  orderPairs,
  replicaState,
  type Address,
  type Bytes32,
  type EvaluationHost,
  type OrderbookState,
  type OrderRow,
} from '@freshet/raindex/engine'
import { display, type Float } from '@freshet/raindex/float'
import type { QuotePair } from '@freshet/raindex/live'
import { badCall } from '../parse-call.ts'
import type { Report } from '../progress.ts'
import type { RaindexCall } from './raindex-command.ts'
import { readContracts } from './read-contracts.ts'
import { readLogFile } from './read-log-file.ts'
import { readAddress, readCount } from './read-option.ts'
import { replayBook, type ReplayedBook } from './replay-book.ts'

/** An order book at a block, whose orders can be run. */
export type Simulation = {
  readonly host: EvaluationHost
  readonly state: OrderbookState
  /** By hash, so that equal states print the same. */
  readonly orders: readonly OrderRow[]
}

/** What `simulate` was told to run on. */
export type SimulationCall = {
  readonly logs: string
  readonly contracts: string
  readonly chainId: number
  readonly block: number | undefined
  /** Who would take; the zero address unless told. */
  readonly taker: Address
}

/** @throws {FreshetError} `cli/bad-call`. */
export function readSimulation({ options }: RaindexCall): SimulationCall {
  const { logs, contracts, at, chain, counterparty } = options.raindex
  const chainId = readCount('--chain', 'the id of the chain, such as 42161', chain)
  if (logs === undefined || contracts === undefined || chainId === undefined)
    throw badCall('Give what to compute with: --logs FILE.ndjson, --contracts DIR and --chain N.')
  const block = readCount('--at', 'the number of a block', at)
  return {
    logs,
    contracts,
    chainId,
    block,
    taker: readAddress('--counterparty', counterparty) ?? zeroAddress,
  }
}

/** Replays the logs and loads the code of the folder. */
export async function openSimulation(
  { logs, contracts, chainId, block }: SimulationCall,
  { options }: RaindexCall,
  report: Report,
): Promise<Simulation> {
  const book = await replayBook(await readLogFile(logs), block, options.raindex, report)
  const orders = ordersOf(book)
  const { orderbook, replica } = book
  const interpreter = createEvmInterpreter({
    engine: await createWasmEvm(),
    cache: createStaticCodeCache(await readContracts(contracts, orders)),
    chainId: BigInt(chainId),
    orderbook: orderbook.address,
  })
  return { host: { orderbook, interpreter }, state: replicaState(replica), orders }
}

/** An order's pair from its hash and the numbers of its tokens, each 0 unless told. */
export function readPair(hash: string, input = '0', output = '0'): QuotePair {
  const isPair = /^0x[0-9a-f]{64}$/i.test(hash) && [input, output].every((index) => /^\d{1,9}$/.test(index))
  if (!isPair) throw badPair()
  // Its shape was checked above.
  return { order: hash.toLowerCase() as Bytes32, inputIOIndex: Number(input), outputIOIndex: Number(output) }
}

/** Every pair of an order. */
export function pairsOf(order: OrderRow): readonly QuotePair[] {
  return orderPairs(order).map((pair) => ({ ...pair, order: order.hash }))
}

export function badPair(): Error {
  return badCall('An order is named by its hash and the numbers of its tokens, such as quote 0x… 0 0.')
}

/** Writes what reasons hold: whatever is a bigint there is a float, but for the gas limit. */
export function plainReason(name: string, value: unknown): unknown {
  if (typeof value !== 'bigint') return value
  return name === 'gasLimit' ? String(value) : display(value as Float)
}

const zeroAddress = `0x${'0'.repeat(40)}` as const

function ordersOf({ replica }: ReplayedBook): readonly OrderRow[] {
  // The projection writes rows of this type into the table.
  const rows = [...replica.collection('orders').entries()].map(([, row]) => row as OrderRow)
  return rows.toSorted((a, b) => (a.hash < b.hash ? -1 : 1))
}
