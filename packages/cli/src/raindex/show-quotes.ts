import { quoteOrder, type EnvRow, type QuoteOutcome } from '@freshet/raindex/engine'
import { display } from '@freshet/raindex/float'
import type { QuotePair } from '@freshet/raindex/live'
import { setImmediate } from 'node:timers/promises'
import { withProgress, type Report } from '../progress.ts'
import { printColumns } from './print-columns.ts'
import type { RaindexCall } from './raindex-command.ts'
import {
  badPair,
  openSimulation,
  pairsOf,
  plainReason,
  readPair,
  readSimulation,
  type SimulationCall,
} from './simulation.ts'

/** Prints what orders offer, their programs run on the code of a folder. */
export async function showQuotes(call: RaindexCall): Promise<number> {
  const { words, options, io } = call
  const [hash, input, output, ...more] = words
  if (more.length > 0) throw badPair()
  const only = hash === undefined ? undefined : readPair(hash, input, output)
  const asked = readSimulation(call)
  const { quoted, env } = await withProgress(io, `Quoting ${asked.logs}`, (report) =>
    quoteBook(asked, call, only, report),
  )
  if (options.json) for (const quote of quoted) io.out(toJson(quote))
  else if (quoted.length > 0) io.out(printColumns([heads, ...quoted.map(toCells)]))
  const pairs = quoted.length === 1 ? '1 pair' : `${quoted.length} pairs`
  io.err(`${pairs} at block ${env.blockNumber}, second ${env.timestamp}`)
  return 0
}

async function quoteBook(
  asked: SimulationCall,
  call: RaindexCall,
  only: QuotePair | undefined,
  report: Report,
): Promise<{ readonly quoted: readonly Quoted[]; readonly env: EnvRow }> {
  const { host, state, orders } = await openSimulation(asked, call, report)
  const pairs = only === undefined ? orders.flatMap(pairsOf) : [only]
  const quoted: Quoted[] = []
  for (const pair of pairs) {
    const outcome = await quoteOrder(host, state, { ...pair, counterparty: asked.taker })
    quoted.push({ ...pair, outcome })
    report(quoted.length, pairs.length)
    // So that progress can be shown.
    await setImmediate()
  }
  return { quoted, env: state.env }
}

type Quoted = QuotePair & { readonly outcome: QuoteOutcome }

const heads = ['order', 'in', 'out', 'most', 'ratio']

function toCells({ order, inputIOIndex, outputIOIndex, outcome }: Quoted): readonly string[] {
  const offered =
    outcome.kind === 'quote'
      ? [display(outcome.outputMax), display(outcome.ioRatio)]
      : ['', `not comparable: ${outcome.reason.kind}`]
  return [order, String(inputIOIndex), String(outputIOIndex), ...offered]
}

function toJson({ outcome, ...pair }: Quoted): string {
  if (outcome.kind !== 'quote') return JSON.stringify({ ...pair, notComparable: outcome.reason }, plainReason)
  const { outputMax, ioRatio, stack, writes } = outcome
  return JSON.stringify({ ...pair, outputMax: display(outputMax), ioRatio: display(ioRatio), stack, writes })
}
