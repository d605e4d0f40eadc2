import { AbiView } from '../../engine/abi-view.ts'
import { decodeLog, type Address, type ChainLog, type Order } from '../../engine/index.ts'
import { readOrder } from '../../engine/order.ts'
import { topics } from '../../engine/topics.ts'
import { hashesBytes, startOf, unpackLog, type LogPage } from './log-page.ts'

/** What has to be known before logs can be turned into changes. */
export type LogScan = {
  /** Stores of added orders, with the block of the first of them. */
  readonly stores: ReadonlyMap<Address, number>
  /** Tokens of added orders and of deposits. */
  readonly tokens: ReadonlySet<Address>
}

/**
 * Looks through a page as `scanLogs` does, with less work: deposits name the same few tokens again and again, which are
 * told from their bytes, and whether an order has the hash it was given is left to whoever decodes it.
 */
export function scanPage(page: LogPage, orderbook: Address): LogScan {
  const { origins, originAt, bytes } = page
  const kinds = origins.map(({ address, topics: [topic] }) => (address === orderbook ? topic : undefined))
  const stores = new Map<Address, number>()
  const tokens = new Set<Address>()
  const seen: number[] = []
  for (let at = 0; at < page.length; at++) {
    const kind = kinds[originAt[at] ?? 0]
    if (kind === topics.DepositV2) {
      const token = startOf(page, at) + hashesBytes + 32
      if (seen.some((known) => areEqual(bytes, known, token, 32))) continue
      if (seen.length < mostCompared) seen.push(token)
      scanLog(unpackLog(page, at), orderbook, stores, tokens)
    } else if (kind === topics.AddOrderV3) {
      const log = unpackLog(page, at)
      const order = orderOf(log)
      if (order === undefined) scanLog(log, orderbook, stores, tokens)
      else addOrder(order, log.blockNumber, stores, tokens)
    }
  }
  return { stores, tokens }
}

/** The order of an event; undefined when it cannot be read. */
function orderOf({ data }: ChainLog): Order | undefined {
  try {
    return readOrder(new AbiView(data).tuple(2))
  } catch {
    return undefined
  }
}

/** Tokens that a page is searched for in this way. */
const mostCompared = 32

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
  if (!stores.has(evaluable.store)) stores.set(evaluable.store, block)
  for (const { token } of [...validInputs, ...validOutputs]) tokens.add(token)
}
