import type { Float } from '../float/index.ts'
import { prepareCalculation, readOffer, type EvaluationHost } from './calculate-io.ts'
import type { Bytes32 } from './hex.ts'
import type { ClockReads, EvaluationResult, Interpreter } from './interpreter.ts'
import { reasonOf, type NotComparable } from './not-comparable.ts'
import type { Evaluable } from './order.ts'
import type { OrderbookState } from './orderbook-state.ts'
import { resolvePair, type QuoteRequest } from './quote.ts'
import type { EnvRow } from './tables.ts'

/**
 * A quote but for the clock and the words that its program reads. While the order, its vaults and the decimals of its
 * tokens stay, so does this: plain data, which may go to another thread.
 */
export type PreparedQuote = {
  readonly kind: 'prepared'
  readonly evaluable: Evaluable
  readonly fqn: Bytes32
  readonly context: readonly (readonly Bytes32[])[]
  /** What the output vault holds. */
  readonly balance: Float
}

/** What running a prepared quote comes to. */
export type QuoteRun = {
  readonly offer: QuoteOffer
  /** What the program saw of the clock. */
  readonly clock: ClockReads
}

/** The numbers of a quote, or why there are none. */
export type QuoteOffer =
  | { readonly kind: 'quote'; readonly ioRatio: Float; readonly outputMax: Float }
  | { readonly kind: 'not-comparable'; readonly reason: NotComparable }

const whole: ClockReads = { time: true, number: true }
const nothing: ClockReads = { time: false, number: false }

/**
 * Takes from a state all that a quote needs of it before its program runs. Overrides are of the words, which come
 * later.
 *
 * @throws what the state throws beside its contract.
 */
export function prepareQuote(
  host: EvaluationHost,
  state: OrderbookState,
  request: Omit<QuoteRequest, 'overrides'>,
): PreparedQuote | Extract<QuoteOffer, { readonly kind: 'not-comparable' }> {
  try {
    const { parts, fqn, context } = prepareCalculation(host, state, resolvePair(state, request))
    const { evaluable } = parts.order
    return { kind: 'prepared', evaluable, fqn, context, balance: parts.output.balance }
  } catch (error) {
    return { kind: 'not-comparable', reason: reasonOf(error) }
  }
}

/**
 * Runs a prepared quote at a block: the numbers of `quoteOrder`.
 *
 * @throws what the interpreter throws beside its contract.
 */
export function runPreparedQuote(
  interpreter: Interpreter,
  { evaluable, fqn, context, balance }: PreparedQuote,
  env: EnvRow,
  readWord: (key: Bytes32) => Bytes32,
): QuoteRun | Promise<QuoteRun> {
  const entryPoint = 'calculate-io'
  const result = interpreter.evaluate({ evaluable, entryPoint, fqn, context, env, readWord })
  return result instanceof Promise ? result.then((later) => runOf(later, balance)) : runOf(result, balance)
}

function runOf(result: EvaluationResult, balance: Float): QuoteRun {
  switch (result.kind) {
    case 'ok':
      return { offer: offerOf(result.stack, balance), clock: result.clock ?? whole }
    case 'revert':
      return {
        offer: { kind: 'not-comparable', reason: { kind: 'Reverted', data: result.data } },
        clock: result.clock ?? whole,
      }
    case 'unavailable':
      // It does not become available with the clock.
      return { offer: { kind: 'not-comparable', reason: result.reason }, clock: nothing }
  }
}

function offerOf(stack: readonly Bytes32[], balance: Float): QuoteOffer {
  try {
    return { kind: 'quote', ...readOffer(stack, balance) }
  } catch (error) {
    return { kind: 'not-comparable', reason: reasonOf(error) }
  }
}
