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
      const rows = pairs.flatMap((pair, i) => {
        const quote = quotes[i]
        return quote === undefined ? [] : [{ pair, quote }]
      })
      if (options.json) for (const row of rows) io.out(toJson(row))
      else if (rows.length > 0) io.out(printColumns([heading, ...rows.map(toCells)]))
      const head = await readHeadNumber(pool, signal).catch(() => undefined)
      io.err(freshnessLine(quotes[0]?.block, head, io.clock.now()))
      return 0
    } finally {
      await raindex.close()
    }
  } finally {
    await database.close()
  }
}

type Row = { readonly pair: QuotePair; readonly quote: ComparedQuote }

const heading = ['order', 'in', 'out', 'ratio here', 'on chain', 'most here', 'on chain', 'verdict']

function toCells({ pair, quote: { virtual, rpc, verdict } }: Row): readonly string[] {
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
      return 'match'
    case 'disagree':
      return 'they disagree'
    case 'drift':
      return `drift ${basisPoints(verdict.ioRatioBasisPoints)} in ratio, ${basisPoints(verdict.outputMaxBasisPoints)} in most`
    case 'unanswered':
      return verdict.message
    case 'not-comparable':
      return `not comparable: ${verdict.reason.kind}`
  }
}

function basisPoints(value: number | null): string {
  return value === null ? 'from nothing' : `${value > 0 ? '+' : ''}${value} bp`
}

function toJson({ pair, quote: { virtual, rpc, verdict, block } }: Row): string {
  const here =
    virtual.kind === 'quote'
      ? { ratio: display(virtual.ioRatio), most: display(virtual.outputMax) }
      : { notComparable: virtual.reason }
  const chain = rpc?.kind === 'quote' ? { ratio: display(rpc.ioRatio), most: display(rpc.outputMax) } : rpc
  return JSON.stringify({ ...pair, virtual: here, rpc: chain, verdict, block }, plainReason)
}

function freshnessLine(block: ComparedQuote['block'], head: number | undefined, nowUnixMs: number): string {
  if (block === undefined) return 'Nothing is known yet.'
  const behind = head === undefined ? 'head unknown' : `${Math.max(0, head - block.number)} behind the head`
  const seconds = Math.max(0, Math.round(nowUnixMs / 1_000 - block.timestamp))
  return `Both at block ${block.number}, ${behind}, ${seconds} s old.`
}
