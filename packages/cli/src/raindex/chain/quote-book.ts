import { createWasmEvm } from '@freshet/evm'
import {
  chainRaindex,
  createChainHeads,
  openChainRaindex,
  quoteBeside,
  readHeadNumber,
  type ComparedQuote,
  type QuoteVerdict,
  type RpcQuote,
} from '@freshet/raindex/client'
import { createEvmInterpreter, type OrderRow, type QuoteOutcome } from '@freshet/raindex/engine'
import { display } from '@freshet/raindex/float'
import { badCall } from '../../parse-call.ts'
import { withProgress } from '../../progress.ts'
import type { QuotePair } from '@freshet/raindex/live'
import { printColumns } from '../print-columns.ts'
import type { RaindexCall } from '../raindex-command.ts'
import { readAddress } from '../read-option.ts'
import { readSigned } from '../read-signed.ts'
import { badPair, pairsOf, plainReason, readPair } from '../simulation.ts'
import { findFollowedTargets } from './book-target.ts'
import { findBook, openDatabase } from './open-book.ts'

/** Catches up with the chain, then prints what orders offer: as computed here, and as the chain answers. */
export async function quoteBook(call: RaindexCall): Promise<number> {
  const { words, options, io } = call
  const [hash, input, output, ...more] = words
  if (more.length > 0) throw badPair()
  const only = hash === undefined ? undefined : readPair(hash, input, output)
  const counterparty = readAddress('--counterparty', options.raindex.counterparty) ?? `0x${'0'.repeat(40)}`
  if (options.raindex.signed === 'as-taken')
    throw badCall('--signed as-taken is for a replay. For a quote give the file of what was signed.')
  const signedContext = await readSigned(call)
  const targets = await findFollowedTargets(call)
  const database = await openDatabase(call)
  try {
    const { chainId, orderbook, pool, fromBlock, pace } = await findBook(call, database, targets)
    const { pollMs, ...windows } = pace
    const heads = createChainHeads({ pollMs, clock: io.clock })
    const engine = await createWasmEvm()
    const raindex = await openChainRaindex({
      ...{ chainId, orderbook, pool, database, fromBlock, heads, clock: io.clock, ...windows },
      interpreter: (cache) =>
        createEvmInterpreter({ engine, cache, chainId: BigInt(chainId), orderbook: orderbook.address }),
    })
    try {
      const signal = io.interrupted()
      await withProgress(io, 'Catching up with the chain', () => raindex.caughtUp(signal))
      const sides = chainRaindex(raindex, { pool, orderbook: orderbook.address })
      // Rows of the projection.
      const orders = [...raindex.live.orders.entries()].map(([, row]) => row as OrderRow)
      const pairs = only === undefined ? orders.flatMap(pairsOf) : [only]
      const quotes = await withProgress(io, 'Asking the chain', () =>
        Promise.all(
          pairs.map((pair) => quoteBeside(sides, { ...pair, counterparty, signedContext }, signal)),
        ),
      )
      const [first] = quotes
      if (only !== undefined && first !== undefined && isUnknown(first))
        throw badCall(
          `The order book ${orderbook.address} has no order ${only.order} at block ${first.block?.number ?? 'none'}. Check the hash; it may have been removed.`,
        )
      const rows = pairs.flatMap((pair, i) => {
        const quote = quotes[i]
        return quote === undefined ? [] : [{ pair, quote }]
      })
      if (options.json) for (const row of rows) io.out(toJson(row))
      else if (rows.length > 0) io.out(printColumns([heading, ...rows.map(toCells)]))
      const head = await readHeadNumber(pool, signal).catch(() => undefined)
      io.err(freshnessLine(first?.block, head, io.clock.now()))
      return 0
    } finally {
      await raindex.close()
    }
  } finally {
    await database.close()
  }
}

/** Whether there is no such order here, and the chain has none either as far as it has answered. */
function isUnknown({ virtual, rpc }: ComparedQuote): boolean {
  if (virtual.kind !== 'not-comparable' || virtual.reason.kind !== 'OrderNotFound') return false
  return rpc === undefined || rpc.kind === 'no-order' || rpc.kind === 'unavailable'
}

type Row = { readonly pair: QuotePair; readonly quote: ComparedQuote }

const heading = [
  'order',
  'in',
  'out',
  'ratio here',
  'on chain',
  'most here',
  'on chain',
  'difference',
  'verdict',
]

function toCells(row: Row): readonly string[] {
  const { pair, quote } = row
  const { virtual, rpc, verdict } = quote
  const here = virtual.kind === 'quote' ? virtual : undefined
  const chain = rpc?.kind === 'quote' ? rpc : undefined
  return [
    pair.order,
    String(pair.inputIOIndex),
    String(pair.outputIOIndex),
    here ? display(here.ioRatio) : refusal(virtual),
    chain ? display(chain.ioRatio) : answer(rpc),
    here ? display(here.outputMax) : '',
    chain ? display(chain.outputMax) : '',
    differenceText(differenceOf(row.quote)),
    verdict === undefined ? '' : verdictText(verdict),
  ]
}

function refusal(virtual: QuoteOutcome): string {
  return virtual.kind === 'not-comparable' ? virtual.reason.kind : ''
}

function answer(rpc: RpcQuote | undefined): string {
  switch (rpc?.kind) {
    case undefined:
    case 'quote':
      return ''
    case 'no-order':
      return 'no order'
    case 'order':
      return 'an order'
    case 'reverted':
      return `reverted ${rpc.data.slice(0, 10)}`
    case 'unavailable':
      return 'no answer'
  }
}

function verdictText(verdict: QuoteVerdict): string {
  switch (verdict.kind) {
    case 'match':
    case 'drift':
      return verdict.kind
    case 'disagree':
      return 'they disagree'
    case 'unanswered':
      return verdict.message
    case 'not-comparable':
      return `not comparable: ${verdict.reason.kind}`
  }
}

/** In basis points; null where one side is nothing. */
type Difference = { readonly ratio: number | null; readonly most: number | null }

/** How far the two quotes are apart; undefined where one of them is none. */
function differenceOf({ virtual, verdict }: ComparedQuote): Difference | undefined {
  if (verdict?.kind === 'drift')
    return { ratio: verdict.ioRatioBasisPoints, most: verdict.outputMaxBasisPoints }
  return verdict?.kind === 'match' && virtual.kind === 'quote' ? { ratio: 0, most: 0 } : undefined
}

function differenceText(difference: Difference | undefined): string {
  if (difference === undefined) return ''
  const { ratio, most } = difference
  return most === 0 ? basisPoints(ratio) : `${basisPoints(ratio)}, most ${basisPoints(most)}`
}

function basisPoints(value: number | null): string {
  return value === null ? 'from nothing' : `${value > 0 ? '+' : ''}${value} bp`
}

function toJson({ pair, quote }: Row): string {
  const { virtual, rpc, verdict, block } = quote
  const here =
    virtual.kind === 'quote'
      ? { ratio: display(virtual.ioRatio), most: display(virtual.outputMax) }
      : { notComparable: virtual.reason }
  const chain = rpc?.kind === 'quote' ? { ratio: display(rpc.ioRatio), most: display(rpc.outputMax) } : rpc
  const basisPoints = differenceOf(quote) ?? null
  return JSON.stringify({ ...pair, virtual: here, rpc: chain, basisPoints, verdict, block }, plainReason)
}

function freshnessLine(block: ComparedQuote['block'], head: number | undefined, nowUnixMs: number): string {
  if (block === undefined) return 'Nothing is known yet.'
  const behind = head === undefined ? 'head unknown' : `${Math.max(0, head - block.number)} behind the head`
  const seconds = Math.max(0, Math.round(nowUnixMs / 1_000 - block.timestamp))
  return `Both at block ${block.number}, ${behind}, ${seconds} s old.`
}
