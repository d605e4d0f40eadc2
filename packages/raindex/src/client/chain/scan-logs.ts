import { decodeLog, type Address, type ChainLog, type Order } from '../../engine/index.ts'
import { topics } from '../../engine/topics.ts'
import { createEncodingCheck, encodings } from './check-encoding.ts'
import { countAt, wordsBeforeOrder } from './in-place.ts'
import { hashesBytes, hexOfBytes, startOf, unpackLog, type LogPage } from './log-page.ts'

/** What has to be known before logs can be turned into changes. */
export type LogScan = {
  /** Stores of added orders, with the block of the first of them. */
  readonly stores: ReadonlyMap<Address, number>
  /** Tokens of added orders and of deposits. */
  readonly tokens: ReadonlySet<Address>
}

/**
 * Looks through a page as `scanLogs` does, with less work: its logs name the same few stores and tokens again and again,
 * which are told from their bytes.
 */
export function scanPage(page: LogPage, orderbook: Address): LogScan & { readonly encodings: Uint8Array } {
  const { origins, originAt, bytes } = page
  const kinds = origins.map(({ address, topics: [topic] }) => (address === orderbook ? topic : undefined))
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const check = createEncodingCheck(page, orderbook)
  const found = new Uint8Array(page.length)
  const stores = new Map<Address, number>()
  const tokens = new Set<Address>()
  const [seenStores, seenTokens] = [createSeen(bytes), createSeen(bytes)]
  const addToken = (word: number): void => {
    if (seenTokens(word)) tokens.add(hexOfBytes(bytes, word + 12, word + 32))
  }
  const addTokens = (list: number): void => {
    const count = countAt(view, list)
    for (let io = 0; io < count; io++) addToken(list + 32 + 64 * io)
  }
  for (let at = 0; at < page.length; at++) {
    const encoding = check.of(at)
    found[at] = encoding
    const kind = kinds[originAt[at] ?? 0]
    if (kind !== topics.DepositV2 && kind !== topics.AddOrderV3) continue
    const data = startOf(page, at) + hashesBytes
    if (encoding === encodings.other) scanLog(unpackLog(page, at), orderbook, stores, tokens)
    else if (kind === topics.DepositV2) addToken(data + 32)
    else {
      const store = data + (wordsBeforeOrder + 6) * 32
      if (seenStores(store))
        addStore(hexOfBytes(bytes, store + 12, store + 32), page.blockNumbers[at], stores)
      addTokens(check.places.inputs)
      addTokens(check.places.outputs)
    }
  }
  return { stores, tokens, encodings: found }
}

/** Words that a page is searched for in this way. */
const mostCompared = 32

/** Says of a word whether it is another than those before, as far as it remembers them. */
function createSeen(bytes: Uint8Array): (word: number) => boolean {
  const seen: number[] = []
  return (word) => {
    if (seen.some((known) => areEqual(bytes, known, word, 32))) return false
    if (seen.length < mostCompared) seen.push(word)
    return true
  }
}

function areEqual(bytes: Uint8Array, one: number, other: number, size: number): boolean {
  for (let i = 0; i < size; i++) if (bytes[one + i] !== bytes[other + i]) return false
  return true
}

/**
 * Looks through the logs of an order book for stores and tokens.
 *
 * @param logs - Ascending. Those of other addresses are passed over.
 * @throws {RaindexError} as `decodeLog`.
 */
export function scanLogs(logs: readonly ChainLog[], orderbook: Address): LogScan {
  const stores = new Map<Address, number>()
  const tokens = new Set<Address>()
  for (const log of logs) scanLog(log, orderbook, stores, tokens)
  return { stores, tokens }
}

function scanLog(
  log: ChainLog,
  orderbook: Address,
  stores: Map<Address, number>,
  tokens: Set<Address>,
): void {
  const [topic] = log.topics
  if (log.address !== orderbook || (topic !== topics.AddOrderV3 && topic !== topics.DepositV2)) return
  const event = decodeLog(log, orderbook)
  if (event.kind === 'DepositV2') tokens.add(event.token)
  if (event.kind === 'AddOrderV3') addOrder(event.order, log.blockNumber, stores, tokens)
}

function addOrder(
  { evaluable, validInputs, validOutputs }: Order,
  block: number,
  stores: Map<Address, number>,
  tokens: Set<Address>,
): void {
  addStore(evaluable.store, block, stores)
  for (const { token } of [...validInputs, ...validOutputs]) tokens.add(token)
}

function addStore(store: Address, block: number | undefined, stores: Map<Address, number>): void {
  if (block !== undefined && !stores.has(store)) stores.set(store, block)
}
