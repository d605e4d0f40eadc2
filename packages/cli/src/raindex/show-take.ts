import {
  mutationToJson,
  simulateTakeOrders,
  type EnvRow,
  type TakeOrdersConfig,
  type TakeOutcome,
} from '@freshet/raindex/engine'
import { display, FloatError, parse, zero, type Float } from '@freshet/raindex/float'
import type { QuotePair } from '@freshet/raindex/live'
import { badCall } from '../parse-call.ts'
import { withProgress } from '../progress.ts'
import { printColumns } from './print-columns.ts'
import type { RaindexCall } from './raindex-command.ts'
import { openSimulation, plainReason, readPair, readSimulation } from './simulation.ts'

/** Prints what taking orders would give and cost, and what it would change. Nothing is sent. */
export async function showTake(call: RaindexCall): Promise<number> {
  const { words, options, io } = call
  if (words.length === 0)
    throw badCall('Name the orders to take, each with its tokens: simulate take 0x…:0:0 0x…:0:1 --max 10.')
  const limits = readLimits(call)
  const orders = words.map(readChoice)
  const asked = readSimulation(call)
  const { outcome, env } = await withProgress(io, `Taking from ${asked.logs}`, async (report) => {
    const { host, state } = await openSimulation(asked, call, report)
    const outcome = await simulateTakeOrders(host, state, { ...limits, orders, taker: asked.taker })
    return { outcome, env: state.env }
  })
  io.out(options.json ? toJson(outcome) : toText(outcome))
  io.err(saying(outcome, env))
  return 0
}

type Limits = Pick<TakeOrdersConfig, 'minimumIO' | 'maximumIO' | 'maximumIORatio' | 'ioIsInput'>

function readLimits({ options }: RaindexCall): Limits {
  const { max, min, ratio, byOutput, v6 } = options.raindex
  if (max === undefined) throw badCall('Say how much to take at most: --max 10.')
  if (byOutput && !v6) throw badCall('--by-output is of order book V6 only. Give --v6, or leave it out.')
  return {
    maximumIO: readAmount('--max', max),
    minimumIO: min === undefined ? zero : readAmount('--min', min),
    // Any ratio is below it.
    maximumIORatio: ratio === undefined ? parse('1e60') : readAmount('--ratio', ratio),
    ioIsInput: !byOutput,
  }
}

function readAmount(option: string, text: string): Float {
  try {
    return parse(text)
  } catch (error) {
    if (!(error instanceof FloatError)) throw error
    throw badCall(`${option} takes a decimal number, not ${JSON.stringify(text.slice(0, 80))}.`)
  }
}

/** `HASH`, or `HASH:IN:OUT`. */
function readChoice(text: string): QuotePair {
  const [hash = '', input, output, ...more] = text.split(':')
  if (more.length > 0) throw badCall('An order to take is its hash and the numbers of its tokens: 0x…:0:0.')
  return readPair(hash, input, output)
}

function toText(outcome: TakeOutcome): string {
  if (outcome.kind === 'not-comparable') return `not comparable: ${outcome.reason.kind}`
  const { taken, warnings, totalInput, totalOutput } = outcome
  return printColumns([
    ['order', 'receives', 'gives', ''],
    ...taken.map(({ orderHash, input, output }) => [orderHash, display(input), display(output), '']),
    ...warnings.map(({ orderHash, kind }) => [orderHash, '', '', `passed over: ${kind}`]),
    ['total', display(totalInput), display(totalOutput), ''],
  ])
}

function toJson(outcome: TakeOutcome): string {
  if (outcome.kind === 'not-comparable') {
    return JSON.stringify({ notComparable: outcome.reason }, plainReason)
  }
  const { totalInput, totalOutput, taken, warnings, mutations } = outcome
  return JSON.stringify({
    totalInput: display(totalInput),
    totalOutput: display(totalOutput),
    taken: taken.map(({ orderHash, input, output }) => ({
      orderHash,
      input: display(input),
      output: display(output),
    })),
    warnings,
    mutations: mutations.map(mutationToJson),
  })
}

function saying(outcome: TakeOutcome, { blockNumber, timestamp }: EnvRow): string {
  const at = `at block ${blockNumber}, second ${timestamp}`
  if (outcome.kind === 'not-comparable') return `Nothing can be said ${at}`
  const { taken } = outcome
  return `${taken.length === 1 ? '1 order' : `${taken.length} orders`} taken ${at}, nothing was sent`
}
