import { decodeOrder, encodeOrder, hashOrder, type Hex } from '../engine/index.ts'
import { keccak256 } from '../engine/keccak.ts'
import type { GoldenCheck } from './golden-check.ts'

/** Orders published on Base: their hashes, and for those of this order book their bytes read and written again. */
export const goldenOrders: GoldenCheck = {
  title: '[RX1] published orders have their published hashes',
  file: 'real-orders.json',
  compare(text) {
    // Recorded data of a documented shape; a row of another one comes out as a difference.
    const rows = JSON.parse(text) as readonly Row[]
    const differences = rows.flatMap((row) => {
      const got = hashesOf(row)
      return got.every((hash) => hash === row.orderHash)
        ? []
        : [`${row.orderHash} came out as ${got.join(' or ')}`]
    })
    return { checked: rows.length, differences }
  },
}

type Row = { readonly struct: 'OrderV3' | 'OrderV4'; readonly orderHash: string; readonly orderBytes: Hex }

function hashesOf({ struct, orderBytes }: Row): readonly string[] {
  const plain = keccak256(orderBytes)
  // Orders of the version before are other tuples; only their bytes can be hashed.
  if (struct === 'OrderV3') return [plain]
  const order = decodeOrder(orderBytes)
  return [plain, hashOrder(order), encodeOrder(order) === orderBytes ? plain : 'other bytes']
}
