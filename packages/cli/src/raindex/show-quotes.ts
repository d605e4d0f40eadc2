import { createWasmEvm } from '@freshet/evm'
import {
  createEvmInterpreter,
  createStaticCodeCache,
  quoteOrder,
  replicaState,
  type Address,
  type Bytes32,
  type EnvRow,
  type OrderRow,
  type QuoteOutcome,
} from '@freshet/raindex/engine'
import { display, type Float } from '@freshet/raindex/float'
import { setImmediate } from 'node:timers/promises'
import { badCall } from '../parse-call.ts'
import { withProgress } from '../progress.ts'
import type { RaindexCall } from './raindex-command.ts'
import { readContracts } from './read-contracts.ts'
import { readLogFile } from './read-log-file.ts'
import { printColumns } from './print-columns.ts'
import { readAddress, readCount } from './read-option.ts'
import { replayBook, type ReplayedBook } from './replay-book.ts'

/** Prints what orders offer, their programs run on the code of a folder. */
export async function showQuotes(call: RaindexCall): Promise<number> {
  const { words, options, io } = call
  const { logs, contracts, at, chain, counterparty } = options.raindex
  const [what, ...rest] = words
  if (what !== 'quote')
    throw badCall('Say what to simulate: freshet raindex simulate quote. See freshet --help.')
  const pair = readPair(rest)
  const chainId = readCount('--chain', 'the id of the chain, such as 42161', chain)
  if (logs === undefined || contracts === undefined || chainId === undefined)
    throw badCall('Give what to compute with: --logs FILE.ndjson, --contracts DIR and --chain N.')
  const block = readCount('--at', 'the number of a block', at)
  const taker = readAddress('--counterparty', counterparty) ?? zeroAddress
  const { quoted, env } = await withProgress(io, `Quoting ${logs}`, async () => {
    const book = await replayBook(await readLogFile(logs), block, options.raindex)
    return quoteBook(book, { contracts, chainId, taker, pair })
  })
  if (options.json) for (const quote of quoted) io.out(toJson(quote))
  else if (quoted.length > 0) io.out(printColumns([heads, ...quoted.map(toCells)]))
  const pairs = quoted.length === 1 ? '1 pair' : `${quoted.length} pairs`
  io.err(`${pairs} at block ${env.blockNumber}, second ${env.timestamp}`)
  return 0
}

type Asked = {
  readonly contracts: string
  readonly chainId: number
  readonly taker: Address
  /** All unless told. */
  readonly pair: Pair | undefined
}

async function quoteBook(
  book: ReplayedBook,
  { contracts, chainId, taker, pair: only }: Asked,
): Promise<{ readonly quoted: readonly Quoted[]; readonly env: EnvRow }> {
  const { orderbook, replica } = book
  const orders = ordersOf(book)
  const interpreter = createEvmInterpreter({
    engine: await createWasmEvm(),
    cache: createStaticCodeCache(await readContracts(contracts, orders)),
    chainId: BigInt(chainId),
    orderbook: orderbook.address,
  })
  const state = replicaState(replica)
  const quoted: Quoted[] = []
  for (const pair of only === undefined ? orders.flatMap(pairsOf) : [only]) {
    const outcome = await quoteOrder({ orderbook, interpreter }, state, { ...pair, counterparty: taker })
    quoted.push({ ...pair, outcome })
    // So that progress can be shown.
    await setImmediate()
  }
  return { quoted, env: state.env }
}

const zeroAddress = `0x${'0'.repeat(40)}` as const

type Pair = { readonly order: Bytes32; readonly inputIOIndex: number; readonly outputIOIndex: number }
type Quoted = Pair & { readonly outcome: QuoteOutcome }

function readPair([hash, input = '0', output = '0', ...more]: readonly string[]): Pair | undefined {
  if (hash === undefined) return undefined
  const isPair = /^0x[0-9a-f]{64}$/i.test(hash) && [input, output].every((index) => /^\d{1,9}$/.test(index))
  if (!isPair || more.length > 0) {
    throw badCall('An order is named by its hash and the numbers of its tokens: simulate quote 0x… 0 0.')
  }
  // Its shape was checked above.
  return { order: hash.toLowerCase() as Bytes32, inputIOIndex: Number(input), outputIOIndex: Number(output) }
}

/** By hash, so that equal states print the same. */
function ordersOf({ replica }: ReplayedBook): readonly OrderRow[] {
  // The projection writes rows of this type into the table.
  const rows = [...replica.collection('orders').entries()].map(([, row]) => row as OrderRow)
  return rows.toSorted((a, b) => (a.hash < b.hash ? -1 : 1))
}

/** Every pair of an order that is one: a token is not traded for itself. */
function pairsOf({ hash, validInputs, validOutputs }: OrderRow): readonly Pair[] {
  return validInputs.flatMap((input, inputIOIndex) =>
    validOutputs.flatMap((output, outputIOIndex) =>
      input.token === output.token ? [] : [{ order: hash, inputIOIndex, outputIOIndex }],
    ),
  )
}

const heads = ['order', 'in', 'out', 'most', 'ratio']

function toCells({ order, inputIOIndex, outputIOIndex, outcome }: Quoted): readonly string[] {
  const offered =
    outcome.kind === 'quote'
      ? [display(outcome.outputMax), display(outcome.ioRatio)]
      : ['', `not comparable: ${outcome.reason.kind}`]
  return [order, String(inputIOIndex), String(outputIOIndex), ...offered]
}

function toJson({ outcome, ...pair }: Quoted): string {
  if (outcome.kind === 'quote') {
    const { outputMax, ioRatio, stack, writes } = outcome
    return JSON.stringify({
      ...pair,
      outputMax: display(outputMax),
      ioRatio: display(ioRatio),
      stack,
      writes,
    })
  }
  const plain = (name: string, value: unknown): unknown => {
    if (typeof value !== 'bigint') return value
    // Whatever else reasons hold as a bigint is a float.
    return name === 'gasLimit' ? String(value) : display(value as Float)
  }
  return JSON.stringify({ ...pair, notComparable: outcome.reason }, plain)
}
