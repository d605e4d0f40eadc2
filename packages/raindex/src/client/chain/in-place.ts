import { asFloat } from '../../float/float.ts'
import { coefficientOf } from '../../float/pack.ts'
import { hashesBytes } from './log-page.ts'

/**
 * Whether the data of an event is encoded as contracts encode it, so that its words lie at fixed places.
 *
 * What says no may be well formed in another way: then it is decoded as a whole, which finds what is wrong.
 *
 * @param start - Where the bytes of the log begin, its two hashes ahead of the data.
 */
export type InPlaceCheck = (view: DataView, start: number, end: number) => boolean

/** Below 2^223 and not nothing, an amount is the coefficient of its float. */
export const isDepositInPlace: InPlaceCheck = (view, start, end) => {
  const data = start + hashesBytes
  if (end - data < 4 * 32 || !isAddress(view, data) || !isAddress(view, data + 32)) return false
  const amount = data + 3 * 32
  return view.getUint32(amount) === 0 && view.getUint8(amount + 4) < 0x80 && !isZeroWord(view, amount)
}

export const isWithdrawalInPlace: InPlaceCheck = (view, start, end) => {
  const data = start + hashesBytes
  return end - data >= 6 * 32 && isAddress(view, data) && isAddress(view, data + 32)
}

/** Its two inner offsets: a take's own words and those of its order then lie where `takeWords` says. */
export const isTakeInPlace: InPlaceCheck = (view, start, end) => {
  const data = start + hashesBytes
  if (end - data < 13 * 32 || !isAddress(view, data) || !isAddress(view, data + 8 * 32)) return false
  return indexAt(view, data + 32) === 4 * 32 && indexAt(view, data + 4 * 32) === 4 * 32
}

/** Where the inputs and outputs of an order begin: at the count of each. */
export type OrderPlaces = { inputs: number; outputs: number }

/**
 * Looks through all of a take that `isTakeInPlace` has accepted: whether every part of it is as contracts encode it
 * and nobody has signed words for it, which have rows of their own.
 *
 * @param places - Is given where its lists are.
 */
export function isPlainTake(view: DataView, start: number, end: number, places: OrderPlaces): boolean {
  const order = start + hashesBytes + 8 * 32
  const signed = endOfOrder(view, order, end, places)
  if (!(signed + 32 <= end)) return false
  // Which of its inputs and outputs, written behind where its order begins.
  if (Number.isNaN(indexAt(view, order - 3 * 32) + indexAt(view, order - 2 * 32))) return false
  return indexAt(view, order - 32) === signed - (order - 4 * 32) && isZeroWord(view, signed)
}

/** The words ahead of the order of an event that adds or removes it: who did, the hash, and where the order is. */
export const wordsBeforeOrder = 3

/** Looks through an event that adds or removes an order, as `isPlainTake` does. */
export function isPlainOrder(view: DataView, start: number, end: number, places: OrderPlaces): boolean {
  const data = start + hashesBytes
  const order = data + wordsBeforeOrder * 32
  if (end - order < 5 * 32 || !isAddress(view, data) || !isAddress(view, order)) return false
  return indexAt(view, order - 32) === wordsBeforeOrder * 32 && endOfOrder(view, order, end, places) === end
}

/** Behind an order, whose owner is known to be one; `NaN` when it is encoded in another way. */
function endOfOrder(view: DataView, order: number, end: number, places: OrderPlaces): number {
  const program = order + 5 * 32
  if (end - program < 4 * 32 || indexAt(view, order + 32) !== 5 * 32) return NaN
  if (!isAddress(view, program) || !isAddress(view, program + 32)) return NaN
  if (indexAt(view, program + 2 * 32) !== 3 * 32) return NaN
  const inputs = program + 4 * 32 + 32 * Math.ceil(indexAt(view, program + 3 * 32) / 32)
  const outputs = endOfList(view, inputs, end)
  const orderEnd = endOfList(view, outputs, end)
  const areThere =
    indexAt(view, order + 2 * 32) === inputs - order && indexAt(view, order + 3 * 32) === outputs - order
  places.inputs = inputs
  places.outputs = outputs
  return areThere ? orderEnd : NaN
}

/** Behind a list of tokens and vaults; `NaN` when it is none. */
function endOfList(view: DataView, start: number, end: number): number {
  if (!(start + 32 <= end)) return NaN
  const listEnd = start + 32 + 64 * indexAt(view, start)
  if (!(listEnd <= end)) return NaN
  for (let at = start + 32; at < listEnd; at += 64) if (!isAddress(view, at)) return NaN
  return listEnd
}

/** Finds the lists of an order that was looked through before. */
export function findLists(view: DataView, order: number, places: OrderPlaces): void {
  places.inputs = order + view.getUint32(order + 2 * 32 + 28)
  places.outputs = order + view.getUint32(order + 3 * 32 + 28)
}

/** A count, an index or an offset of what was looked through before. */
export function countAt(view: DataView, at: number): number {
  return view.getUint32(at + 28)
}

/** A count or an offset; `NaN` when it is none. */
function indexAt(view: DataView, at: number): number {
  for (let i = 0; i < 28; i += 4) if (view.getUint32(at + i) !== 0) return NaN
  const index = view.getUint32(at + 28)
  return index < 2 ** 31 ? index : NaN
}

export function isZeroWord(view: DataView, at: number): boolean {
  for (let i = 0; i < 32; i += 4) if (view.getUint32(at + i) !== 0) return false
  return true
}

function isAddress(view: DataView, at: number): boolean {
  return view.getUint32(at) === 0 && view.getUint32(at + 4) === 0 && view.getUint32(at + 8) === 0
}

/** A word as a number. */
export function wordAt(view: DataView, at: number): bigint {
  const low = (view.getBigUint64(at + 16) << 64n) | view.getBigUint64(at + 24)
  if (view.getBigUint64(at) === 0n && view.getBigUint64(at + 8) === 0n) return low
  return (view.getBigUint64(at) << 192n) | (view.getBigUint64(at + 8) << 128n) | low
}

/** The coefficient of a float; its exponent is the word's first 4 bytes. */
export function coefficientAt(view: DataView, at: number): bigint {
  // Of most amounts the last 8 bytes are all there is.
  for (let i = 4; i < 24; i += 4)
    if (view.getUint32(at + i) !== 0) return coefficientOf(asFloat(wordAt(view, at)))
  return view.getBigUint64(at + 24)
}

export function exponentAt(view: DataView, at: number): number {
  return view.getInt32(at)
}

/** Writes a float by its parts. */
export function putFloat(view: DataView, at: number, coefficient: bigint, exponent: number): void {
  // Each takes the low bits of what it is given.
  view.setBigUint64(at, coefficient >> 192n)
  view.setInt32(at, exponent)
  view.setBigUint64(at + 8, coefficient >> 128n)
  view.setBigUint64(at + 16, coefficient >> 64n)
  view.setBigUint64(at + 24, coefficient)
}
