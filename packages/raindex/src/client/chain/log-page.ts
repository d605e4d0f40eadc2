import { toHex } from '../../engine/hex.ts'
import type { Bytes32, ChainLog, Hex } from '../../engine/index.ts'

/**
 * Logs as bytes in a few lists: it goes to another thread without a copy, and its bytes go into a database as they are.
 * Objects of text cost more to make, to send and to collect than all else that is done with a log.
 */
export type LogPage = {
  readonly length: number
  readonly blockNumbers: Float64Array
  readonly logIndexes: Float64Array
  /** Seconds since 1970; NaN where the node does not say so. */
  readonly timestamps: Float64Array
  /** Which of `origins` a log has. */
  readonly originAt: Uint32Array
  readonly origins: readonly LogOrigin[]
  /** How the data of each log is encoded, where the page has been looked through: as `createEncodingCheck` says. */
  readonly encodings?: Uint8Array | undefined
  /** Where the bytes of each log end; they begin where those of the one before end. */
  readonly ends: Uint32Array
  /** Of each log the hash of its transaction, the hash of its block, and its data. */
  readonly bytes: Uint8Array<ArrayBuffer>
}

/** Whose log it is and what kind of: few of these make up a page. */
export type LogOrigin = Pick<ChainLog, 'address' | 'topics'>

/** Bytes of the two hashes ahead of a log's data. */
export const hashesBytes = 64

/** Memory of pages that are written: megabytes made anew for each would have the heap looked through again and again. */
const spare: ArrayBuffer[] = []
const mostSpare = 6
const largestSpare = 8 * 2 ** 20
const memoryStep = 2 ** 18

/** Takes back the memory of a page that nobody needs any more. */
export function giveBackMemory(memory: ArrayBuffer): void {
  if (spare.length < mostSpare && memory.byteLength <= largestSpare) spare.push(memory)
}

/** Memory for the bytes of a page, of what has been given back or new. It holds anything. */
export function takeMemory(size: number): Uint8Array<ArrayBuffer> {
  const at = spare.findIndex(({ byteLength }) => byteLength >= size)
  const [known] = at < 0 ? [] : spare.splice(at, 1)
  // Pages are as long as one another but for some bytes: those of the next shall not lack one of them.
  return new Uint8Array(known ?? new ArrayBuffer(roundedUp(size)), 0, size)
}

function roundedUp(size: number): number {
  return memoryStep * Math.ceil(size / memoryStep)
}

/** Whether logs are packed already. No JSON, whoever wrote it, passes for a page. */
export function isLogPage(logs: unknown): logs is LogPage {
  return typeof logs === 'object' && logs !== null && 'bytes' in logs && logs.bytes instanceof Uint8Array
}

/** Where the bytes of a log begin. */
export function startOf(page: LogPage, at: number): number {
  return at === 0 ? 0 : (page.ends[at - 1] ?? 0)
}

/** The same logs, packed. */
export function packLogs(logs: readonly ChainLog[]): LogPage {
  const origins: LogOrigin[] = []
  const known = new Map<string, number>()
  let size = 0
  for (const { data } of logs) size += hashesBytes + (data.length - 2) / 2
  const bytes = new Uint8Array(size)
  const ends = new Uint32Array(logs.length)
  const originAt = new Uint32Array(logs.length)
  let end = 0
  logs.forEach(({ address, topics, transactionHash, blockHash, data }, at) => {
    const name = `${address}${topics.join('')}`
    const origin = known.get(name) ?? origins.push({ address, topics }) - 1
    known.set(name, origin)
    originAt[at] = origin
    end = writeHexInto(bytes, writeHexInto(bytes, writeHexInto(bytes, end, transactionHash), blockHash), data)
    ends[at] = end
  })
  return {
    length: logs.length,
    blockNumbers: Float64Array.from(logs, ({ blockNumber }) => blockNumber),
    logIndexes: Float64Array.from(logs, ({ logIndex }) => logIndex),
    timestamps: Float64Array.from(logs, ({ blockTimestamp }) => blockTimestamp ?? NaN),
    originAt,
    origins,
    ends,
    bytes,
  }
}

/** All logs of a page as objects. */
export function unpackLogs(page: LogPage): ChainLog[] {
  return Array.from({ length: page.length }, (_, at) => unpackLog(page, at))
}

/** One log of a page as an object. */
export function unpackLog(page: LogPage, at: number): ChainLog {
  const { address = '0x', topics = [] } = page.origins[page.originAt[at] ?? 0] ?? {}
  const timestamp = page.timestamps[at] ?? NaN
  return {
    address,
    topics,
    blockNumber: page.blockNumbers[at] ?? 0,
    blockTimestamp: Number.isNaN(timestamp) ? undefined : timestamp,
    logIndex: page.logIndexes[at] ?? 0,
    ...unpackBytes(page.bytes, startOf(page, at), page.ends[at] ?? 0),
  }
}

/** What the bytes of a log say. */
export function unpackBytes(
  bytes: Uint8Array,
  start: number,
  end: number,
): Pick<ChainLog, 'transactionHash' | 'blockHash' | 'data'> {
  const text = hexText(bytes, start, end)
  // 64 digits each.
  const word = (at: number): Bytes32 => `0x${text.slice(at, at + 64)}`
  return { transactionHash: word(0), blockHash: word(64), data: `0x${text.slice(2 * hashesBytes)}` }
}

/** Bytes as text. */
export function hexOfBytes(bytes: Uint8Array, start: number, end: number): Hex {
  return `0x${hexText(bytes, start, end)}`
}

/** A hash of a log: that of its transaction, or of its block. */
export function hashAt(page: LogPage, at: number, which: 'transaction' | 'block'): Bytes32 {
  const start = startOf(page, at) + (which === 'block' ? 32 : 0)
  return hexOfBytes(page.bytes, start, start + 32)
}

const decoder = new TextDecoder()
const digits = new TextEncoder().encode('0123456789abcdef')
let letters = new Uint8Array(8_192)

function hexText(bytes: Uint8Array, start: number, end: number): string {
  const size = 2 * (end - start)
  if (letters.length < size) letters = new Uint8Array(2 * size)
  let to = 0
  for (let at = start; at < end; at++) {
    const byte = bytes[at] ?? 0
    letters[to++] = digits[byte >> 4] ?? 0
    letters[to++] = digits[byte & 15] ?? 0
  }
  return decoder.decode(letters.subarray(0, size))
}

/** Half bytes by the code of their digit; -1 for what is none, upper case among them. */
export const halfBytes: Int8Array = new Int8Array(256).fill(-1)
digits.forEach((code, value) => (halfBytes[code] = value))

/** @returns where the next bytes go. */
export function writeHexInto(bytes: Uint8Array, start: number, hex: Hex): number {
  let to = start
  for (let at = 2; at < hex.length; at += 2) {
    const [high = -1, low = -1] = [halfBytes[hex.charCodeAt(at)], halfBytes[hex.charCodeAt(at + 1)]]
    if ((high | low) < 0) return writeHexInto(bytes, start, lowerCase(hex))
    bytes[to++] = (high << 4) | low
  }
  return to
}

function lowerCase(hex: Hex): Hex {
  const lower = toHex(hex)
  if (lower === undefined || lower === hex) throw new RangeError(`${hex.slice(0, 80)} is no hex of bytes.`)
  return lower
}
