import type { Address, Bytes32 } from '../../engine/index.ts'
import { olderTopics, topics } from '../../engine/topics.ts'
import type { LogFilter } from './read-logs.ts'

/** Of the events of V4 one is enough to tell such a book; each would cost every request. */
const bookTopics: ReadonlySet<Bytes32> = new Set([...Object.values(topics), olderTopics.AddOrderV2])
const storeTopics: ReadonlySet<Bytes32> = new Set([topics.Set])

/** The logs of an order book and the stores of its orders. */
export function bookFilter(orderbook: Address, stores: Iterable<Address>): LogFilter {
  return { addresses: new Set([orderbook, ...stores]), topics: bookTopics }
}

/** The logs of stores alone. */
export function storeFilter(stores: Iterable<Address>): LogFilter {
  return { addresses: new Set(stores), topics: storeTopics }
}
