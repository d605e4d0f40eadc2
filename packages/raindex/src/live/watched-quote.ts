import {
  prepareQuote,
  rowState,
  runPreparedQuote,
  storeRowId,
  type Address,
  type Bytes32,
  type ClockReads,
  type EnvRow,
  type EvaluationHost,
  type OrderPair,
  type OrderbookState,
  type PreparedQuote,
  type QuoteOffer,
  type QuoteRun,
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

/** A word that a program has read, in the order of its reading. */
export type ReadWord = { readonly key: Bytes32; readonly value: Bytes32; readonly row: string }

/** What a quote was made from. The same object while nothing of it is different. */
export type QuoteBasis = {
  /** Rows read before the program ran. */
  readonly rows: ReadonlySet<string>
  readonly words: readonly ReadWord[]
  readonly clock: ClockReads
  readonly lacksCode: boolean
  /** To be run again when nothing but the clock has moved; undefined where that does not do. */
  readonly prepared: PreparedQuote | undefined
}

/** A basis that can be run again. */
export type RunnableBasis = QuoteBasis & { readonly prepared: PreparedQuote }

export type WatchedQuote = {
  readonly offer: QuoteOffer
  readonly asOf: EnvRow
  readonly basis: QuoteBasis
}

/** Quotes pairs of a state in rows and says what was looked at, one at a time; at once where the interpreter does. */
export type QuoteWatcher = {
  quote(pair: QuotePair, counterparty: Address): WatchedQuote | Promise<WatchedQuote>
  /** Quotes where only the clock has moved since. */
  again(basis: RunnableBasis): WatchedQuote | Promise<WatchedQuote>
}

/** @param wallet - Tells nobody when it changes, so what asks it is asked again with every block. */
export function createQuoteWatcher(
  host: EvaluationHost,
  read: RowReader,
  wallet: OrderbookState['wallet'],
): QuoteWatcher {
  let rows = new Set<string>()
  let asksWallet = false
  const state = rowState(
    (table, id) => {
      if (table !== 'env') rows.add(`${table}/${id}`)
      return read(table, id)
    },
    (owner, token) => {
      asksWallet = true
      return wallet?.(owner, token)
    },
  )
  const plain = rowState(read)

  const run = (
    prepared: PreparedQuote,
    before: QuoteBasis | undefined,
  ): WatchedQuote | Promise<WatchedQuote> => {
    const { env: asOf } = plain
    const { interpreter } = host
    const [ownRows, mayRepeat] = [before?.rows ?? rows, before !== undefined || !asksWallet]
    const words = followWords(before?.words ?? [], (key) => {
      const { store } = prepared.evaluable
      return { key, value: plain.word(store, prepared.fqn, key), row: rowOf(store, prepared.fqn, key) }
    })
    const finish = ({ offer, clock }: QuoteRun): WatchedQuote => {
      const basis: QuoteBasis = {
        rows: ownRows,
        words: words.all(),
        clock: mayRepeat ? clock : whole,
        lacksCode: lacksCode(offer),
        prepared: mayRepeat ? prepared : undefined,
      }
      return { offer, asOf, basis: before !== undefined && isSame(before, basis) ? before : basis }
    }
    const failed = (error: unknown): WatchedQuote => finish({ offer: faultOf(error), clock: nothing })
    try {
      const found = runPreparedQuote(interpreter, prepared, asOf, words.read)
      return found instanceof Promise ? found.then(finish).catch(failed) : finish(found)
    } catch (error) {
      return failed(error)
    }
  }
  return {
    quote(pair, counterparty) {
      rows = new Set()
      asksWallet = false
      const prepared = prepare(host, state, { ...pair, counterparty })
      if (prepared.kind === 'prepared') return run(prepared, undefined)
      const clock = asksWallet ? whole : nothing
      const basis = { rows, words: [], clock, lacksCode: lacksCode(prepared), prepared: undefined }
      return { offer: prepared, asOf: plain.env, basis }
    },
    again: (basis) => run(basis.prepared, basis),
  }
}

const whole: ClockReads = { time: true, number: true }
const nothing: ClockReads = { time: false, number: false }
const codeReasons: ReadonlySet<string> = new Set(['MissingBytecode', 'ExternalAccount'])

/** Every row a basis depends on. */
export function rowsOf({ rows, words }: QuoteBasis): readonly string[] {
  return [...rows, ...words.map(({ row }) => row)]
}

/** Whether two bases depend on the same rows, read in the same order; mostly they do. */
export function readsSameRows(left: QuoteBasis, right: QuoteBasis | undefined): boolean {
  if (right === undefined || left.words.length !== right.words.length) return false
  if (left.words !== right.words && left.words.some(({ row }, i) => row !== right.words[i]?.row)) return false
  if (left.rows === right.rows) return true
  if (left.rows.size !== right.rows.size) return false
  const others = right.rows.values()
  for (const row of left.rows) if (others.next().value !== row) return false
  return true
}

/**
 * Follows a program along the words that it read before. Mostly they are the same, and then nothing is made anew.
 */
export function followWords(
  known: readonly ReadWord[],
  look: (key: Bytes32) => ReadWord,
): { read(key: Bytes32): Bytes32; all(): readonly ReadWord[] } {
  let at = 0
  let others: ReadWord[] | undefined
  return {
    read(key) {
      const next = known[at]
      if (others === undefined && next?.key === key) {
        at++
        return next.value
      }
      others ??= known.slice(0, at)
      const found = known.find((word) => word.key === key) ?? look(key)
      others.push(found)
      return found.value
    },
    all: () => others ?? (at === known.length ? known : known.slice(0, at)),
  }
}

function rowOf(store: Address, fqn: Bytes32, key: Bytes32): string {
  return `store/${storeRowId(store, fqn, key)}`
}

function lacksCode(offer: QuoteOffer): boolean {
  return offer.kind === 'not-comparable' && codeReasons.has(offer.reason.kind)
}

function isSame(before: QuoteBasis, { words, clock, lacksCode: lacks }: QuoteBasis): boolean {
  const { time, number } = before.clock
  return (
    before.words === words && time === clock.time && number === clock.number && before.lacksCode === lacks
  )
}

function prepare(...args: Parameters<typeof prepareQuote>): ReturnType<typeof prepareQuote> {
  try {
    return prepareQuote(...args)
  } catch (error) {
    return faultOf(error)
  }
}

/** A fault of the host is shown where the quote would be: a loop in the background never throws. */
function faultOf(error: unknown): Extract<QuoteOffer, { readonly kind: 'not-comparable' }> {
  const message = error instanceof Error ? error.message : String(error)
  return { kind: 'not-comparable', reason: { kind: 'HostFault', message } }
}
