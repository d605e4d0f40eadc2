import {
  add,
  div,
  gt,
  isZero,
  lt,
  min,
  mul,
  sub,
  toFixedDecimalLossy,
  zero,
  type Float,
} from '../float/index.ts'
import { calculateIO, pairIOs, type Calculation, type EvaluationHost } from './calculate-io.ts'
import type { SignedContext } from './event.ts'
import { handleIO, type HandledOrder } from './handle-io.ts'
import type { Address, Bytes32 } from './hex.ts'
import type { Mutation } from './mutation.ts'
import { reasonOf, Unquotable, type NotComparable } from './not-comparable.ts'
import { hashOrder, type Order } from './order.ts'
import type { OrderbookState } from './orderbook-state.ts'
import { createWorkingState, type WorkingState } from './working-state.ts'

export type TakeOrderConfig = {
  /** A hash, or the order itself as the chain wants it. */
  readonly order: Bytes32 | Order
  readonly inputIOIndex: number
  readonly outputIOIndex: number
  readonly signedContext?: readonly SignedContext[] | undefined
}

/** What a taker asks for, in the taker's view: input is what the taker receives. */
export type TakeOrdersConfig = {
  /** Taken in this order, as far as they are needed. All of one pair of tokens. */
  readonly orders: readonly TakeOrderConfig[]
  readonly minimumIO: Float
  readonly maximumIO: Float
  /** The most the taker gives per unit received. */
  readonly maximumIORatio: Float
  /** Whether minimum and maximum mean what the taker receives; false, in V6 only, what the taker gives. Default true. */
  readonly ioIsInput?: boolean | undefined
  readonly taker: Address
}

export type TakenOrder = { readonly orderHash: Bytes32; readonly input: Float; readonly output: Float }

/** An order that was passed over. */
export type TakeWarning = {
  readonly kind: 'OrderNotFound' | 'RatioExceeded' | 'ZeroAmount'
  readonly orderHash: Bytes32
}

export type TakeOutcome =
  | {
      readonly kind: 'taken'
      /** What the taker receives. */
      readonly totalInput: Float
      /** What the taker gives. */
      readonly totalOutput: Float
      readonly taken: readonly TakenOrder[]
      readonly warnings: readonly TakeWarning[]
      /** What the take would change: at most one of vaults and one of store words. */
      readonly mutations: readonly Mutation[]
    }
  | { readonly kind: 'not-comparable'; readonly reason: NotComparable }

/**
 * Simulates taking orders, as `takeOrders3` and `takeOrders4` do. Changes nothing.
 *
 * Programs of handle-io run after all orders have been taken. That the taker has the tokens to give is assumed.
 */
export async function simulateTakeOrders(
  host: EvaluationHost,
  state: OrderbookState,
  config: TakeOrdersConfig,
): Promise<TakeOutcome> {
  try {
    return await takeAll(host, createWorkingState(state, host.orderbook.version), config)
  } catch (error) {
    return { kind: 'not-comparable', reason: reasonOf(error) }
  }
}

type Candidate = {
  readonly orderHash: Bytes32
  /** Undefined when the hash is not that of a live order. */
  readonly order: Order | undefined
  readonly inputIOIndex: number
  readonly outputIOIndex: number
  readonly signedContext: readonly SignedContext[]
}

type Pair = { readonly inputToken: Address; readonly outputToken: Address }

type Taken = TakenOrder & HandledOrder

type Progress = {
  readonly taken: Taken[]
  readonly warnings: TakeWarning[]
  remaining: Float
  totalInput: Float
  totalOutput: Float
}

async function takeAll(
  host: EvaluationHost,
  working: WorkingState,
  config: TakeOrdersConfig,
): Promise<TakeOutcome> {
  const candidates = config.orders.map((order) => candidateOf(working, order))
  const pair = pairOf(candidates)
  if (!gt(config.maximumIO, zero))
    throw new Unquotable({ kind: 'ZeroMaximum', version: host.orderbook.version })
  const progress: Progress = {
    taken: [],
    warnings: [],
    remaining: config.maximumIO,
    totalInput: zero,
    totalOutput: zero,
  }
  for (const candidate of candidates) {
    if (!gt(progress.remaining, zero)) break
    const step = takeOne(host, working, config, candidate, pair, progress)
    if (step instanceof Promise) await step
  }
  checkMinimum(host, config, progress)
  checkTransfers(working, pair, progress)
  for (const taken of progress.taken) {
    const step = handleIO(host, working, taken)
    if (step instanceof Promise) await step
  }
  const { totalInput, totalOutput, warnings } = progress
  const taken = progress.taken.map(({ orderHash, input, output }) => ({ orderHash, input, output }))
  return { kind: 'taken', totalInput, totalOutput, taken, warnings, mutations: working.mutations() }
}

function candidateOf(state: OrderbookState, config: TakeOrderConfig): Candidate {
  const { order, inputIOIndex, outputIOIndex, signedContext = [] } = config
  const rest = { inputIOIndex, outputIOIndex, signedContext }
  return typeof order === 'string'
    ? { order: state.order(order), orderHash: order, ...rest }
    : { order, orderHash: hashOrder(order), ...rest }
}

/** The pair of the first order that is known; undefined when none is. */
function pairOf(candidates: readonly Candidate[]): Pair | undefined {
  if (candidates.length === 0) throw new Unquotable({ kind: 'NoOrders' })
  const first = candidates.find(({ order }) => order !== undefined)
  if (first?.order === undefined) return undefined
  const { input, output } = pairIOs(first.order, first.inputIOIndex, first.outputIOIndex)
  return { inputToken: input.token, outputToken: output.token }
}

/** Takes what is needed of one order, or says why it was passed over. */
function takeOne(
  host: EvaluationHost,
  working: WorkingState,
  config: TakeOrdersConfig,
  candidate: Candidate,
  pair: Pair | undefined,
  progress: Progress,
): void | Promise<void> {
  const { order, orderHash, inputIOIndex, outputIOIndex, signedContext } = candidate
  if (order !== undefined && pair !== undefined) checkPair(order, candidate, pair)
  if (order === undefined || working.order(orderHash) === undefined) {
    progress.warnings.push({ kind: 'OrderNotFound', orderHash })
    return
  }
  const asked = { order, inputIOIndex, outputIOIndex, counterparty: config.taker, signedContext }
  const found = calculateIO(host, working, asked)
  const settle = (calculation: Calculation): void => settleOne(working, config, calculation, progress)
  return found instanceof Promise ? found.then(settle) : settle(found)
}

/** @throws {Unquotable} in the order of the chain, which looks at the output only when the input matches. */
function checkPair(order: Order, { inputIOIndex, outputIOIndex }: Candidate, pair: Pair): void {
  const first = order.validInputs[inputIOIndex]
  if (first !== undefined && first.token !== pair.inputToken) throw new Unquotable({ kind: 'TokenMismatch' })
  const { input, output } = pairIOs(order, inputIOIndex, outputIOIndex)
  if (output.token !== pair.outputToken) throw new Unquotable({ kind: 'TokenMismatch' })
  if (input.token === output.token) throw new Unquotable({ kind: 'TokenSelfTrade' })
}

function settleOne(
  working: WorkingState,
  config: TakeOrdersConfig,
  calculation: Calculation,
  progress: Progress,
): void {
  const { orderHash, ioRatio, outputMax, parts } = calculation
  if (gt(ioRatio, config.maximumIORatio)) {
    progress.warnings.push({ kind: 'RatioExceeded', orderHash })
    return
  }
  if (isZero(outputMax)) {
    progress.warnings.push({ kind: 'ZeroAmount', orderHash })
    return
  }
  const { input, output } = amountsOf(calculation, config, progress)
  progress.totalOutput = add(progress.totalOutput, output)
  progress.totalInput = add(progress.totalInput, input)
  working.increase(parts.order.owner, parts.input, output)
  working.decrease(parts.order.owner, parts.output, input)
  const calculated = { outputMax, ioRatio, inputDiff: output, outputDiff: input }
  progress.taken.push({ orderHash, input, output, calculation, calculated })
}

/** What the taker receives and gives, and what then remains to be asked for. */
function amountsOf(
  { ioRatio, outputMax }: Calculation,
  { ioIsInput = true }: TakeOrdersConfig,
  progress: Progress,
): { readonly input: Float; readonly output: Float } {
  if (ioIsInput) {
    const input = min(outputMax, progress.remaining)
    const output = mul(ioRatio, input)
    progress.remaining = sub(progress.remaining, input)
    return { input, output }
  }
  const output = min(mul(ioRatio, outputMax), progress.remaining)
  const input = div(output, ioRatio)
  progress.remaining = sub(progress.remaining, output)
  return { input, output }
}

function checkMinimum(host: EvaluationHost, config: TakeOrdersConfig, progress: Progress): void {
  const { minimumIO: minimum, ioIsInput = true } = config
  const actual = ioIsInput ? progress.totalInput : progress.totalOutput
  if (!lt(actual, minimum)) return
  throw new Unquotable({ kind: 'MinimumNotMet', version: host.orderbook.version, minimum, actual })
}

/** The totals must be amounts of the tokens; a negative or too large one reverts. */
function checkTransfers(working: WorkingState, pair: Pair | undefined, progress: Progress): void {
  if (pair === undefined || progress.taken.length === 0) return
  toFixedDecimalLossy(progress.totalInput, working.tokenDecimals(pair.outputToken) ?? 0)
  toFixedDecimalLossy(progress.totalOutput, working.tokenDecimals(pair.inputToken) ?? 0)
}
