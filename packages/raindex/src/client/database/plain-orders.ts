import { keccakOfBytes } from '../../engine/keccak.ts'
import type { Address } from '../../engine/index.ts'
import { hashAt, hashesBytes, hexOfBytes, startOf, type LogPage } from '../chain/log-page.ts'
import { createBulkInsert } from './bulk-insert.ts'
import { eventNumbers } from './event-views.ts'
import { indexAt, isPlainOrder, wordsBeforeOrder } from '../chain/in-place.ts'
import type { SqlDatabase } from './sql-database.ts'

/**
 * Writes the rows of added and removed orders from the bytes of their events, whose order is what its hash is of:
 * decoded, encoded again and hashed as text, three of a hundred logs are a fifth of the work of a fill.
 */
export function createPlainOrders(database: SqlDatabase, [chainId, orderbook]: readonly [number, Address]) {
  const orders = createBulkInsert(database, 'order_events', () => chainId, 13)
  const ios = createBulkInsert(database, 'order_ios', () => chainId, 7)
  const places = { inputs: 0, outputs: 0 }
  /** An order as it is hashed: behind the offset that `abi.encode` writes. */
  let encoded = new Uint8Array(4_096)
  encoded[31] = 32

  const encode = (bytes: Uint8Array, start: number, end: number): Uint8Array => {
    const size = 32 + end - start
    if (encoded.length < size) {
      encoded = new Uint8Array(2 * size)
      encoded[31] = 32
    }
    encoded.set(bytes.subarray(start, end), 32)
    return encoded.subarray(0, size)
  }
  return {
    flush(): void {
      orders.flush()
      ios.flush()
    },
    forget(): void {
      orders.forget()
      ios.forget()
    },
    /** @returns false when the event has to be decoded as a whole. */
    put(event: number, view: DataView, page: LogPage, at: number): boolean {
      const [start, end] = [startOf(page, at), page.ends[at] ?? 0]
      if (!isPlainOrder(view, start, end, places)) return false
      const { bytes } = page
      const data = start + hashesBytes
      const order = data + wordsBeforeOrder * 32
      const hash = hexOfBytes(bytes, data + 32, data + 64)
      const whole = encode(bytes, order, end)
      const isAdded = event === eventNumbers.AddOrderV3
      // Whether that is a fault is for whoever decodes it.
      if (isAdded && keccakOfBytes(whole) !== hash) return false
      const address = (word: number): Address => hexOfBytes(bytes, word + 12, word + 32)
      const program = order + 5 * 32
      const transaction = hashAt(page, at, 'transaction')
      const [block = 0, index = 0, time = NaN] = [
        page.blockNumbers[at],
        page.logIndexes[at],
        page.timestamps[at],
      ]
      orders.values.push(orderbook, transaction, index, block, Number.isNaN(time) ? 0 : time, address(data))
      orders.values.push(address(program), address(program + 32), hash)
      orders.values.push(isAdded ? 'AddOrderV3' : 'RemoveOrderV3', address(order))
      orders.values.push(hexOfBytes(bytes, order + 4 * 32, program), hexOfBytes(whole, 0, whole.length))
      orders.added()
      const put = (list: number, type: 'input' | 'output'): void => {
        const count = indexAt(view, list)
        for (let io = 0; io < count; io++) {
          const token = list + 32 + 64 * io
          ios.values.push(orderbook, transaction, index, io, type, address(token))
          ios.values.push(hexOfBytes(bytes, token + 32, token + 64))
          ios.added()
        }
      }
      put(places.inputs, 'input')
      put(places.outputs, 'output')
      return true
    },
  }
}
