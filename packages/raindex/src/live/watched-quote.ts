import {
  quoteOrder,
  rowState,
  type Address,
  type Bytes32,
  type ClockReads,
  type EnvRow,
  type EvaluationHost,
  type Interpreter,
  type OrderPair,
  type OrderbookState,
  type QuoteOutcome,
  type RowReader,
} from '../engine/index.ts'

/** One pair of a live order. */
export type QuotePair = OrderPair & { readonly order: Bytes32 }

/** What a quote depends on. While none of it changes, the quote stays what it is. */
export type QuoteReads = {
  /** Rows of the state, each as `table/id`; rows that are not there are among them. */
  readonly rows: ReadonlySet<string>
  /** The second and the number of the block. */
  readonly clock: ClockReads
  /** Code that is not loaded. */
  readonly lacksCode: boolean
}

export type WatchedQuote = {
  readonly outcome: QuoteOutcome
  readonly asOf: EnvRow
  readonly reads: QuoteReads
}

/** Quotes one pair of a state in rows and says what was looked at. One at a time. */
export type QuoteWatcher = (pair: QuotePair, counterparty: Address) => Promise<WatchedQuote>

const whole: ClockReads = { time: true, number: true }
const nothing: ClockReads = { time: false, number: false }

/** @param wallet - Tells nobody when it changes, so what asks it is asked again with every block. */
export function createQuoteWatcher(
  host: EvaluationHost,
  read: RowReader,
  wallet: OrderbookState['wallet'],
): QuoteWatcher {
  let rows = new Set<string>()
  let clock = nothing
  const note = (more: ClockReads = whole): void => {
    clock = { time: clock.time || more.time, number: clock.number || more.number }
  }
  const state = rowState(
    (table, id) => {
      if (table !== 'env') rows.add(`${table}/${id}`)
      return read(table, id)
    },
    (owner, token) => {
      note()
      return wallet?.(owner, token)
    },
  )
  const watched: EvaluationHost = { ...host, interpreter: watchedInterpreter(host.interpreter, note) }
  return async (pair, counterparty) => {
    rows = new Set()
    clock = nothing
    const asOf = state.env
    const outcome = await quoteOrder(watched, state, { ...pair, counterparty }).catch(faultOf)
    const lacksCode = outcome.kind === 'not-comparable' && codeReasons.has(outcome.reason.kind)
    return { outcome, asOf, reads: { rows, clock, lacksCode } }
  }
}

const codeReasons: ReadonlySet<string> = new Set(['MissingBytecode', 'ExternalAccount'])

function watchedInterpreter(
  interpreter: Interpreter,
  note: (clock: ClockReads | undefined) => void,
): Interpreter {
  const noted: typeof interpreter.evaluate = (evaluation) => {
    const result = interpreter.evaluate(evaluation)
    if (result instanceof Promise) {
      note(undefined)
      return result
    }
    // What is unavailable does not become available with the clock.
    if (result.kind !== 'unavailable') note(result.clock)
    return result
  }
  return { evaluate: noted }
}

/** A fault of the host is shown where the quote would be: a loop in the background never throws. */
function faultOf(error: unknown): QuoteOutcome {
  const message = error instanceof Error ? error.message : String(error)
  return { kind: 'not-comparable', reason: { kind: 'HostFault', message } }
}
