import type { Address } from '../../engine/index.ts'
import { encodedOrder } from '../chain/check-encoding.ts'
import { hashAt, hashesBytes, hexOfBytes, startOf, type LogPage } from '../chain/log-page.ts'
import { createBulkInsert } from './bulk-insert.ts'
import { eventNumbers } from './event-views.ts'
import { countAt, findLists, wordsBeforeOrder } from '../chain/in-place.ts'
import type { SqlDatabase } from './sql-database.ts'

/**
 * Writes the rows of added and removed orders from the bytes of their events: decoded, and encoded again as text, three
 * of a hundred logs are a fifth of the work of a fill.
 */
export function createPlainOrders(database: SqlDatabase, [chainId, orderbook]: readonly [number, Address]) {
  const orders = createBulkInsert(database, 'order_events', () => chainId, 13)
  const ios = createBulkInsert(database, 'order_ios', () => chainId, 7)
  const places = { inputs: 0, outputs: 0 }
  return {
    flush(): void {
      orders.flush()
      ios.flush()
    },
    forget(): void {
      orders.forget()
      ios.forget()
    },
    /** Writes the rows of an event that was found plain. */
    put(event: number, view: DataView, page: LogPage, at: number): void {
      const { bytes } = page
      const [start, end] = [startOf(page, at), page.ends[at] ?? 0]
      const data = start + hashesBytes
      const order = data + wordsBeforeOrder * 32
      const whole = encodedOrder(bytes, start, end)
      findLists(view, order, places)
      const address = (word: number): Address => hexOfBytes(bytes, word + 12, word + 32)
      const program = order + 5 * 32
      const transaction = hashAt(page, at, 'transaction')
      const [block = 0, index = 0, time = NaN] = [
        page.blockNumbers[at],
        page.logIndexes[at],
        page.timestamps[at],
      ]
      orders.values.push(orderbook, transaction, index, block, Number.isNaN(time) ? 0 : time, address(data))
      orders.values.push(address(program), address(program + 32))
      orders.values.push(hexOfBytes(bytes, data + 32, data + 64))
      orders.values.push(event === eventNumbers.AddOrderV3 ? 'AddOrderV3' : 'RemoveOrderV3', address(order))
      orders.values.push(hexOfBytes(bytes, order + 4 * 32, program), hexOfBytes(whole, 0, whole.length))
      orders.added()
      const put = (list: number, type: 'input' | 'output'): void => {
        const count = countAt(view, list)
        for (let io = 0; io < count; io++) {
          const token = list + 32 + 64 * io
          ios.values.push(orderbook, transaction, index, io, type, address(token))
          ios.values.push(hexOfBytes(bytes, token + 32, token + 64))
          ios.added()
        }
      }
      put(places.inputs, 'input')
      put(places.outputs, 'output')
    },
  }
}
