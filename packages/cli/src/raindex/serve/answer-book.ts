import { FreshetError, type Clock, type Collection, type Row } from '@freshet/core'
import type { VaultRow } from '@freshet/raindex/engine'
import type { QuoteRow } from '@freshet/raindex/live'
import type { ServerResponse } from 'node:http'
import { historyPage } from './book-history.ts'
import { besideJson, healthOf, quoteJson, vaultJson } from './book-json.ts'
import { orderReplica } from './order-replica.ts'
import { quoteGrounds } from './quote-grounds.ts'
import { noCounterparty, readCounterparty, readHex, zeroAddress } from './read-query.ts'
import { notHere, sendJson, sendText } from './send.ts'
import { quotesOf, type ServedBook } from './served-book.ts'

/** What is asked of one book. */
export type BookQuestion = {
  readonly book: ServedBook
  /** Behind `/books/ADDRESS`. */
  readonly path: readonly string[]
  readonly query: URLSearchParams
  readonly signal: AbortSignal
  readonly clock: Clock
}

/**
 * Answers `orders`, `vaults` and `quotes`, page by page or those of some `id`; `quotes/ORDER` with both quotes at one block; `grounds?id=` with
 * what a quote was computed from; `replica?order=` with all it takes to compute one elsewhere; `history?after=` with the
 * events that are kept.
 */
export async function answerBook(question: BookQuestion, response: ServerResponse): Promise<void> {
  const { book, path, query, signal, clock } = question
  const [what, order, ...more] = path
  if (what === undefined) return sendJson(response, 200, healthOf(book, clock.now()))
  if (more.length > 0 || (order !== undefined && what !== 'quotes')) return sendText(response, 404, notHere)
  if (order !== undefined) {
    const pair = readPair(order, query)
    if (typeof pair === 'string') return sendText(response, 400, pair)
    return sendJson(response, 200, besideJson(await book.beside(pair, signal)))
  }
  const { live } = book.raindex
  switch (what) {
    // Rows of the projection, and of the quotes.
    case 'orders':
      return sendRows(response, query, live.orders, (row) => row)
    case 'vaults':
      return sendRows(response, query, live.vaults, (row) => vaultJson(row as VaultRow))
    case 'quotes':
      return sendQuotes(response, query, book)
    case 'grounds':
      return sendFound(response, await quoteGrounds(book, query.get('id') ?? ''))
    case 'replica':
      return sendFound(response, await orderReplica(book, query.get('order') ?? ''))
    case 'history': {
      const after = Number(query.get('after') ?? -1)
      if (!Number.isSafeInteger(after)) return sendText(response, 400, 'after takes the number of a block.')
      return sendJson(response, 200, await historyPage(book, after))
    }
    default:
      return sendText(response, 404, notHere)
  }
}

const mostRows = 1_000

/** What is asked for, or what is wrong with it. */
function readPair(order: string, query: URLSearchParams) {
  const hash = readHex(order, 32)
  const counterparty = readCounterparty(query)
  const [inputIOIndex, outputIOIndex] = [Number(query.get('input') ?? 0), Number(query.get('output') ?? 0)]
  if (hash === undefined) return 'Name an order by its hash of 32 bytes.'
  if (counterparty === undefined) return noCounterparty
  if (!isIndex(inputIOIndex) || !isIndex(outputIOIndex)) return 'input and output take the numbers of tokens.'
  return { order: hash, inputIOIndex, outputIOIndex, counterparty }
}

/** Of the zero address at once; of another as soon as they are made. */
async function sendQuotes(response: ServerResponse, query: URLSearchParams, book: ServedBook): Promise<void> {
  const counterparty = readCounterparty(query)
  if (counterparty === undefined) return sendText(response, 400, noCounterparty)
  if (counterparty === zeroAddress)
    // Rows of the quotes.
    return sendRows(response, query, quotesOf(book), (row) => quoteJson(row as QuoteRow))
  const { counterparties } = book
  if (counterparties === undefined) return sendText(response, 404, 'Nobody else is quoted for here.')
  const page = readPage(query, quotesOf(book))
  if (typeof page === 'string') return sendText(response, 400, page)
  const found = await counterparties.rows(counterparty, page.ids).catch((error: unknown) => {
    if (error instanceof FreshetError && error.code.startsWith('quotes/')) return error.message
    throw error
  })
  if (typeof found === 'string') return sendText(response, 503, found)
  sendJson(response, 200, { rows: found.map(([id, row]) => ({ id, ...quoteJson(row) })), next: page.next })
}

function isIndex(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value < 65_536
}

/** Rows in the order of their ids, `limit` of them behind `after`. */
function sendRows(
  response: ServerResponse,
  query: URLSearchParams,
  collection: Collection,
  toJson: (row: Row) => object,
): void {
  const page = readPage(query, collection)
  if (typeof page === 'string') return sendText(response, 400, page)
  const rows = page.ids.flatMap((id) => {
    const row = collection.get(id)
    return row === undefined ? [] : [{ id, ...toJson(row) }]
  })
  sendJson(response, 200, { rows, next: page.next })
}

type Page = { readonly ids: readonly string[]; readonly next: string | null }

/** The rows that are named, or the page that is asked for, or what is wrong with it. */
function readPage(query: URLSearchParams, collection: Collection): Page | string {
  const named = query.getAll('id')
  if (named.length > 0) return { ids: named.slice(0, mostRows), next: null }
  const asked = Number(query.get('limit') ?? mostRows)
  if (!Number.isInteger(asked) || asked < 1) return 'limit takes a number above 0.'
  const after = query.get('after')
  const ids = [...collection.ids()].filter((id) => after === null || id > after).sort()
  const page = ids.slice(0, Math.min(asked, mostRows))
  return { ids: page, next: page.length < ids.length ? (page.at(-1) ?? null) : null }
}

function sendFound(response: ServerResponse, found: object | undefined): void {
  if (found === undefined) return sendText(response, 404, 'There is no such thing in this book.')
  sendJson(response, 200, found)
}
