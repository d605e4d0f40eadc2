import { keccak_256 } from '@noble/hashes/sha3.js'
import type { Address } from '../../engine/index.ts'
import { topics } from '../../engine/topics.ts'
import {
  isDepositInPlace,
  isPlainOrder,
  isPlainTake,
  isTakeInPlace,
  isWithdrawalInPlace,
  wordsBeforeOrder,
  type OrderPlaces,
} from './in-place.ts'
import { hashesBytes, startOf, type LogPage } from './log-page.ts'

/**
 * How the data of a log is encoded: `plain` when all of it can be read where it lies, `inPlace` when its own words can
 * but something hangs on them, `other` when it has to be decoded as a whole, which finds what is wrong with it.
 */
export const encodings = { other: 0, inPlace: 1, plain: 2 } as const

type Encoding = (typeof encodings)[keyof typeof encodings]

/** Looks through the logs of a page: done while others are written, it is not done by whoever writes. */
export type EncodingCheck = {
  of(at: number): Encoding
  /** Where the lists are of the order that was found plain last. */
  readonly places: OrderPlaces
}

export function createEncodingCheck(page: LogPage, orderbook: Address): EncodingCheck {
  const { bytes } = page
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const kinds = page.origins.map(({ address, topics: [topic, ...others] }) =>
    others.length > 0 || (address === orderbook) === (topic === topics.Set) ? undefined : topic,
  )
  const places = { inputs: 0, outputs: 0 }
  return {
    places,
    of(at) {
      const [start, end] = [startOf(page, at), page.ends[at] ?? 0]
      switch (kinds[page.originAt[at] ?? 0]) {
        case topics.DepositV2:
          return plainIf(isDepositInPlace(view, start, end))
        case topics.WithdrawV2:
          return plainIf(isWithdrawalInPlace(view, start, end))
        case topics.Set:
          return plainIf(end - start === hashesBytes + 3 * 32)
        case topics.TakeOrderV3:
          if (!isTakeInPlace(view, start, end)) return encodings.other
          return isPlainTake(view, start, end, places) ? encodings.plain : encodings.inPlace
        case topics.AddOrderV3:
          return plainIf(isPlainOrder(view, start, end, places) && hasItsHash(bytes, start, end))
        case topics.RemoveOrderV3:
          return plainIf(isPlainOrder(view, start, end, places))
        default:
          return encodings.other
      }
    },
  }
}

/** All logs of a page. */
export function encodingsOf(page: LogPage, orderbook: Address): Uint8Array {
  const check = createEncodingCheck(page, orderbook)
  return Uint8Array.from({ length: page.length }, (_, at) => check.of(at))
}

/** An order as it is hashed: behind the offset that `abi.encode` writes. */
export function encodedOrder(bytes: Uint8Array, start: number, end: number): Uint8Array {
  const order = start + hashesBytes + wordsBeforeOrder * 32
  const size = 32 + end - order
  if (encoded.length < size) {
    encoded = new Uint8Array(2 * size)
    encoded[31] = 32
  }
  encoded.set(bytes.subarray(order, end), 32)
  return encoded.subarray(0, size)
}

let encoded = new Uint8Array(4_096)
encoded[31] = 32

function hasItsHash(bytes: Uint8Array, start: number, end: number): boolean {
  const hash = keccak_256(encodedOrder(bytes, start, end))
  const given = start + hashesBytes + 32
  for (let i = 0; i < 32; i++) if (hash[i] !== bytes[given + i]) return false
  return true
}

function plainIf(isPlain: boolean): Encoding {
  return isPlain ? encodings.plain : encodings.other
}
