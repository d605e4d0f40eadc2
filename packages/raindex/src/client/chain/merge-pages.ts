import { startOf, type LogPage } from './log-page.ts'

/** The logs of two pages in their order. */
export function mergePages(one: LogPage, other: LogPage): LogPage {
  if (other.length === 0) return one
  const length = one.length + other.length
  const merged = {
    length,
    blockNumbers: new Float64Array(length),
    logIndexes: new Float64Array(length),
    timestamps: new Float64Array(length),
    originAt: new Uint32Array(length),
    origins: [...one.origins, ...other.origins],
    ends: new Uint32Array(length),
    bytes: new Uint8Array(sizeOf(one) + sizeOf(other)),
  }
  const encodings = isLookedThrough(one) && isLookedThrough(other) ? new Uint8Array(length) : undefined
  let [fromOne, fromOther, end] = [0, 0, 0]
  for (let to = 0; to < length; to++) {
    const isOne =
      fromOther === other.length || (fromOne < one.length && isBefore(one, fromOne, other, fromOther))
    const page = isOne ? one : other
    const at = isOne ? fromOne++ : fromOther++
    merged.blockNumbers[to] = page.blockNumbers[at] ?? 0
    merged.logIndexes[to] = page.logIndexes[at] ?? 0
    merged.timestamps[to] = page.timestamps[at] ?? NaN
    merged.originAt[to] = (page.originAt[at] ?? 0) + (isOne ? 0 : one.origins.length)
    if (encodings) encodings[to] = page.encodings?.[at] ?? 0
    const log = page.bytes.subarray(startOf(page, at), page.ends[at])
    merged.bytes.set(log, end)
    end += log.length
    merged.ends[to] = end
  }
  return { ...merged, encodings }
}

function isLookedThrough({ length, encodings }: LogPage): boolean {
  return length === 0 || encodings !== undefined
}

function isBefore(one: LogPage, at: number, other: LogPage, otherAt: number): boolean {
  const blocks = (one.blockNumbers[at] ?? 0) - (other.blockNumbers[otherAt] ?? 0)
  return blocks === 0 ? (one.logIndexes[at] ?? 0) <= (other.logIndexes[otherAt] ?? 0) : blocks < 0
}

function sizeOf({ length, ends }: LogPage): number {
  return ends[length - 1] ?? 0
}
