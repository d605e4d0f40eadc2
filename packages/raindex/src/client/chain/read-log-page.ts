import type { Bytes32, Hex } from '../../engine/index.ts'
import {
  giveBackMemory,
  halfBytes,
  hashesBytes,
  takeMemory,
  type LogOrigin,
  type LogPage,
} from './log-page.ts'

/** What was read from the text of an answer, and where the text goes on behind it. */
export type ReadInPlace = (
  text: Uint8Array,
  start: number,
) => { readonly value: unknown; readonly end: number } | undefined

/**
 * Reads the list of logs that nodes write, straight from the bytes of the answer: parsed as JSON, each log would be a
 * dozen strings first.
 *
 * Takes only what is written as nodes do, in lower case and without blanks, and all of it checked as `readRpcLog`
 * checks it. Whether the logs are those that were asked for is not its matter.
 *
 * @returns undefined for any other text, which is then to be read as JSON; that finds what is wrong.
 */
export const readLogPage: ReadInPlace = (text, start) => {
  if (text[start] !== bracket) return undefined
  const reader = new PageReader(text, start)
  if (reader.read()) return { value: reader.page(), end: reader.at }
  reader.drop()
  return undefined
}

const code = (letter: string): number => letter.charCodeAt(0)
const [bracket, bracketEnd, brace, braceEnd] = [code('['), code(']'), code('{'), code('}')]
const [quote, comma, backslash, zero, letterX] = [code('"'), code(','), code('\\'), code('0'), code('x')]

/** Bytes by the codes of their two digits; -1 for what is none. */
const pairBytes = new Int16Array(65_536).fill(-1)
for (let high = 0; high < 256; high++)
  for (let low = 0; low < 256; low++) {
    const [h = -1, l = -1] = [halfBytes[high], halfBytes[low]]
    if ((h | l) >= 0) pairBytes[(high << 8) | low] = (h << 4) | l
  }

/** Fields of a log, each a bit of what has been read. */
const fields = new Map<string, number>(
  ['address', 'topics', 'data', 'blockNumber', 'transactionHash', 'blockHash', 'logIndex'].map((name, at) => [
    name,
    1 << at,
  ]),
)
const allFields = (1 << fields.size) - 1
const otherFields = new Map([
  ['blockTimestamp', 1 << 7],
  ['removed', 1 << 8],
  ['transactionIndex', 1 << 9],
])
const names = [...fields, ...otherFields].map(([name, bit]) => ({
  bit,
  letters: new TextEncoder().encode(`${name}":`),
}))
const no = new TextEncoder().encode('false')
const nothing = new TextEncoder().encode('null')

/** A part of the text that was found to be well written. */
type Seen = { readonly start: number; readonly end: number }

/** Hot: fields of a class, so that no object is made for a log. */
class PageReader {
  at: number
  readonly #text: Uint8Array
  readonly #start: number
  /** Two digits are a byte, so that half the text is enough. */
  readonly #bytes: Uint8Array<ArrayBuffer>
  readonly #view: DataView
  #end = 0
  #dataEnd = 0
  #block = 0
  #index = 0
  #timestamp = NaN
  #address = 0
  #topics = 0
  /** Few addresses and lists of topics make up a page: each is looked through once, and compared from then on. */
  readonly #addresses: Seen[] = []
  readonly #topicLists: Seen[] = []
  /** Pairs of the two, as they come. */
  readonly #origins: { readonly address: number; readonly topics: number }[] = []
  readonly #blocks: number[] = []
  readonly #indexes: number[] = []
  readonly #timestamps: number[] = []
  readonly #originAt: number[] = []
  readonly #ends: number[] = []
  #nextName = 0

  constructor(text: Uint8Array, start: number) {
    this.at = start
    this.#text = text
    this.#start = start
    this.#bytes = takeMemory((text.length - start) >> 1)
    this.#view = new DataView(text.buffer, text.byteOffset, text.byteLength)
  }

  read(): boolean {
    this.at = this.#start + 1
    if (this.#text[this.at] === bracketEnd) return this.#next(bracketEnd)
    do if (!this.#readLog()) return false
    while (this.#next(comma))
    return this.#next(bracketEnd)
  }

  drop(): void {
    giveBackMemory(this.#bytes.buffer)
  }

  page(): LogPage {
    return {
      length: this.#ends.length,
      blockNumbers: Float64Array.from(this.#blocks),
      logIndexes: Float64Array.from(this.#indexes),
      timestamps: Float64Array.from(this.#timestamps),
      originAt: Uint32Array.from(this.#originAt),
      origins: this.#origins.map((origin) => this.#originOf(origin)),
      ends: Uint32Array.from(this.#ends),
      bytes: this.#bytes,
    }
  }

  #readLog(): boolean {
    if (!this.#next(brace)) return false
    let seen = 0
    this.#timestamp = NaN
    this.#nextName = 0
    do {
      const name = this.#readName()
      if (name === 0 || !this.#readField(name)) return false
      seen |= name
    } while (this.#next(comma))
    if (!this.#next(braceEnd) || (seen & allFields) !== allFields) return false
    this.#originAt.push(this.#findOrigin())
    this.#blocks.push(this.#block)
    this.#indexes.push(this.#index)
    this.#timestamps.push(this.#timestamp)
    this.#end = this.#dataEnd
    this.#ends.push(this.#end)
    return true
  }

  /** The bit of a field. Nodes write them in the same order in every log. */
  #readName(): number {
    if (!this.#next(quote)) return 0
    for (let tried = 0; tried < names.length; tried++) {
      const name = names[this.#nextName]
      this.#nextName = (this.#nextName + 1) % names.length
      if (name !== undefined && this.#skip(name.letters)) return name.bit
    }
    return 0
  }

  #readField(name: number): boolean {
    switch (name) {
      case 1:
        this.#address = this.#skipSeen(this.#addresses)
        if (this.#address >= 0) return true
        this.#address = this.#addresses.length
        return this.#see(this.#addresses, this.at, this.#skipHex(20))
      case 1 << 1:
        this.#topics = this.#skipSeen(this.#topicLists)
        if (this.#topics >= 0) return true
        this.#topics = this.#topicLists.length
        return this.#see(this.#topicLists, this.at, this.#skipTopics())
      case 1 << 2:
        return this.#readData()
      case 1 << 3:
        this.#block = this.#readQuantity()
        return this.#block >= 0
      case 1 << 4:
        return this.#readHash(this.#end)
      case 1 << 5:
        return this.#readHash(this.#end + 32)
      case 1 << 6:
        this.#index = this.#readQuantity()
        return this.#index >= 0
      case 1 << 7:
        if (this.#skip(nothing)) return true
        this.#timestamp = this.#readQuantity()
        return this.#timestamp >= 0
      case 1 << 8:
        return this.#skip(no)
      default:
        return this.#skipText()
    }
  }

  #next(letter: number): boolean {
    if (this.#text[this.at] !== letter) return false
    this.at++
    return true
  }

  #skip(letters: Uint8Array): boolean {
    for (let i = 0; i < letters.length; i++) if (this.#text[this.at + i] !== letters[i]) return false
    this.at += letters.length
    return true
  }

  /** Any text without escapes. */
  #skipText(): boolean {
    if (!this.#next(quote)) return false
    for (;;) {
      const letter = this.#text[this.at++]
      if (letter === quote) return true
      if (letter === undefined || letter === backslash || letter < 32 || letter > 126) return false
    }
  }

  #beginHex(): boolean {
    return this.#next(quote) && this.#next(zero) && this.#next(letterX)
  }

  #skipHex(bytes: number): boolean {
    if (!this.#beginHex()) return false
    const end = this.at + 2 * bytes
    for (; this.at < end; this.at++) if ((halfBytes[this.#text[this.at] ?? 0] ?? -1) < 0) return false
    return this.#next(quote)
  }

  #skipTopics(): boolean {
    if (!this.#next(bracket)) return false
    let count = 0
    if (this.#text[this.at] !== bracketEnd) {
      do if (++count > 4 || !this.#skipHex(32)) return false
      while (this.#next(comma))
    }
    return this.#next(bracketEnd)
  }

  #see(list: Seen[], start: number, isWell: boolean): boolean {
    if (isWell) list.push({ start, end: this.at })
    return isWell
  }

  /** Skips what is written as something seen before. @returns its number; -1 when there is none. */
  #skipSeen(list: readonly Seen[]): number {
    const text = this.#text
    for (let number = 0; number < list.length; number++) {
      const { start, end } = list[number] ?? { start: 0, end: 0 }
      let at = start
      for (let here = this.at; at < end && text[at] === text[here]; at++) here++
      if (at < end) continue
      this.at += end - start
      return number
    }
    return -1
  }

  #readHash(to: number): boolean {
    return this.#beginHex() && this.#readBytes(to) === to + 32
  }

  #readData(): boolean {
    if (!this.#beginHex()) return false
    this.#dataEnd = this.#readBytes(this.#end + hashesBytes)
    return this.#dataEnd >= 0
  }

  /** Bytes up to the quote. @returns where they end; -1 when they are none. */
  #readBytes(start: number): number {
    const view = this.#view
    const bytes = this.#bytes
    const last = this.#text.length - 2
    let at = this.at
    let to = start
    for (; at <= last; at += 2) {
      const byte = pairBytes[view.getUint16(at)] ?? -1
      if (byte < 0) break
      bytes[to++] = byte
    }
    this.at = at
    return this.#next(quote) ? to : -1
  }

  /** @returns -1 when it is none, or has more than 14 digits. */
  #readQuantity(): number {
    if (!this.#beginHex()) return -1
    let value = 0
    const first = this.at
    for (;;) {
      const digit = halfBytes[this.#text[this.at] ?? 0] ?? -1
      if (digit < 0) break
      value = 16 * value + digit
      this.at++
    }
    const digits = this.at - first
    if (digits < 1 || digits > 14 || !Number.isSafeInteger(value) || !this.#next(quote)) return -1
    return value
  }

  #findOrigin(): number {
    for (let number = 0; number < this.#origins.length; number++) {
      const origin = this.#origins[number]
      if (origin?.address === this.#address && origin.topics === this.#topics) return number
    }
    return this.#origins.push({ address: this.#address, topics: this.#topics }) - 1
  }

  #originOf({ address, topics }: { readonly address: number; readonly topics: number }): LogOrigin {
    // Found to be hex above.
    const text = this.#textOf(this.#addresses[address]).replaceAll('"', '') as Hex
    const list = this.#textOf(this.#topicLists[topics]).replaceAll(/["[\]]/g, '')
    return { address: text, topics: list === '' ? [] : (list.split(',') as readonly Bytes32[]) }
  }

  #textOf({ start, end }: Seen = { start: 0, end: 0 }): string {
    return String.fromCharCode(...this.#text.subarray(start, end))
  }
}
