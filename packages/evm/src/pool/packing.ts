import { bytesToBigInt, type Hex } from '../bytes.ts'
import type { CheckedCall } from '../check-call.ts'
import type { EvmResult, ReadSet, SlotRead, StaticCall } from '../engine.ts'

// Calls and results cross to a worker as one block of bytes: cloning them as objects takes as long as running them.

const noBytes = new Uint8Array(0)
const statuses = ['ok', 'revert', 'halt'] as const
/** Stands for a result that travels as an object beside the block: `missing` and `unsupported`. */
const apart = 3
/** In place of the flags of a read set. */
const sameAsBefore = 8
const nothingRead: ReadSet = { time: false, number: false, block: false, slots: [], accounts: [] }

/**
 * Numbers and bytes in a block; addresses and slots, which repeat, once each as text; results that are no plain end
 * as they are.
 */
export type Packed = { readonly block: Uint8Array<ArrayBuffer>; readonly texts: readonly Hex[] }
export type PackedResults = Packed & { readonly apart: readonly EvmResult[] }

/** Each call: to, from, gas, gas price, blob hashes, data. */
export function packCalls(calls: readonly CheckedCall[]): Packed {
  const size = calls.reduce((sum, { data, blobHashes }) => sum + 64 + data.length + blobHashes.length * 32, 0)
  const writer = new Writer(size)
  for (const { to, from, gas, gasPrice, blobHashes, data } of calls) {
    writer.text(to)
    writer.text(from)
    writer.big(gas)
    writer.sized(gasPrice ?? noBytes)
    writer.number(blobHashes.length)
    for (const hash of blobHashes) writer.bytes(hash)
    writer.sized(data)
  }
  return writer.done()
}

export function unpackCalls(packed: Packed, count: number): readonly StaticCall[] {
  const reader = new Reader(packed)
  return Array.from({ length: count }, () => {
    const [to, from, gas, gasPrice] = [reader.text(), reader.text(), reader.big(), reader.sized()]
    const blobHashes = Array.from({ length: reader.number() }, () => reader.bytes(32))
    const price = gasPrice.length === 0 ? undefined : bytesToBigInt(gasPrice)
    return { to, from, gas, gasPrice: price, blobHashes, data: reader.view(reader.number()) }
  })
}

/** Each result: status, gas, reads, output. Read sets that are equal to the one before are named, not repeated. */
export function packResults(results: readonly EvmResult[]): PackedResults {
  const sizeOf = ({ output, reads }: EvmResult): number =>
    32 + output.length + reads.accounts.length * 4 + reads.slots.length * 8
  const writer = new Writer(results.reduce((sum, result) => sum + sizeOf(result), 0))
  const others: EvmResult[] = []
  let last: ReadSet | undefined
  for (const result of results) {
    if (result.status === 'missing' || result.status === 'unsupported') {
      writer.number(apart)
      others.push(result)
      continue
    }
    const { status, gasUsed, reads, output } = result
    writer.number(statuses.indexOf(status))
    writer.big(gasUsed)
    if (last !== undefined && sameReads(last, reads)) writer.number(sameAsBefore)
    else writeReads(writer, reads)
    last = reads
    writer.sized(output)
  }
  return { ...writer.done(), apart: others }
}

/** The outputs are views of the block, and equal read sets that follow each other are one object. */
export function unpackResults(packed: PackedResults, count: number): readonly EvmResult[] {
  const reader = new Reader(packed)
  const rest = packed.apart.values()
  const results: EvmResult[] = []
  let reads: ReadSet = nothingRead
  for (let i = 0; i < count; i++) {
    const status = statuses[reader.number()]
    if (status === undefined) {
      const other = rest.next()
      if (other.done === true) break
      results.push(other.value)
      continue
    }
    const gasUsed = reader.big()
    const flags = reader.number()
    if (flags !== sameAsBefore) reads = readReads(reader, flags)
    results.push({ status, gasUsed, reads, output: reader.view(reader.number()) })
  }
  return results
}

function sameReads(left: ReadSet, right: ReadSet): boolean {
  return (
    left.time === right.time &&
    left.number === right.number &&
    left.block === right.block &&
    left.accounts.length === right.accounts.length &&
    left.slots.length === right.slots.length &&
    left.accounts.every((account, index) => account === right.accounts[index]) &&
    left.slots.every(([address, slot], index) => {
      const other = right.slots[index]
      return other !== undefined && address === other[0] && slot === other[1]
    })
  )
}

function writeReads(writer: Writer, { time, number, block, slots, accounts }: ReadSet): void {
  writer.number((time ? 1 : 0) | (number ? 2 : 0) | (block ? 4 : 0))
  writer.number(slots.length)
  for (const [address, slot] of slots) {
    writer.text(address)
    writer.text(slot)
  }
  writer.number(accounts.length)
  for (const address of accounts) writer.text(address)
}

function readReads(reader: Reader, flags: number): ReadSet {
  const slots = Array.from({ length: reader.number() }, (): SlotRead => [reader.text(), reader.text()])
  const accounts = Array.from({ length: reader.number() }, () => reader.text())
  return { time: (flags & 1) !== 0, number: (flags & 2) !== 0, block: (flags & 4) !== 0, slots, accounts }
}

class Writer {
  readonly #bytes: Uint8Array<ArrayBuffer>
  readonly #view: DataView
  readonly #texts = new Map<Hex, number>()
  #at = 0

  constructor(size: number) {
    this.#bytes = new Uint8Array(size)
    this.#view = new DataView(this.#bytes.buffer)
  }

  bytes(bytes: Uint8Array): void {
    this.#bytes.set(bytes, this.#at)
    this.#at += bytes.length
  }

  text(text: Hex): void {
    let index = this.#texts.get(text)
    if (index === undefined) {
      index = this.#texts.size
      this.#texts.set(text, index)
    }
    this.number(index)
  }

  sized(bytes: Uint8Array): void {
    this.number(bytes.length)
    this.bytes(bytes)
  }

  number(value: number): void {
    this.#view.setUint32(this.#at, value)
    this.#at += 4
  }

  /** Gas, which is below 2^53. */
  big(value: bigint): void {
    this.#view.setFloat64(this.#at, Number(value))
    this.#at += 8
  }

  done(): Packed {
    return { block: this.#bytes, texts: [...this.#texts.keys()] }
  }
}

class Reader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  readonly #texts: readonly Hex[]
  #at = 0

  constructor({ block, texts }: Packed) {
    this.#bytes = block
    this.#view = new DataView(block.buffer, block.byteOffset, block.byteLength)
    this.#texts = texts
  }

  /** A copy. */
  bytes(length: number): Uint8Array {
    return this.view(length).slice()
  }

  /** A tenth of what a copy costs, which is allocated and freed outside of the heap. */
  view(length: number): Uint8Array {
    const bytes = this.#bytes.subarray(this.#at, this.#at + length)
    this.#at += length
    return bytes
  }

  text(): Hex {
    return this.#texts[this.number()] ?? '0x'
  }

  sized(): Uint8Array {
    return this.bytes(this.number())
  }

  number(): number {
    const value = this.#view.getUint32(this.#at)
    this.#at += 4
    return value
  }

  big(): bigint {
    const value = BigInt(this.#view.getFloat64(this.#at))
    this.#at += 8
    return value
  }
}
