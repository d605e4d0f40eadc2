import { bytesToHex, toBytes, type Hex } from '../bytes.ts'
import type { CheckedCall } from '../check-call.ts'
import type { EvmResult, ReadSet, SlotRead, StaticCall } from '../engine.ts'

// Calls and results cross to a worker as one block of bytes: cloning them as objects takes as long as running them.

const noBytes = new Uint8Array(0)
const statuses = ['ok', 'revert', 'halt'] as const
/** Stands for a result that travels as an object beside the block: `missing` and `unsupported`. */
const apart = 3

/** Calls as bytes: to, from, gas, gas price, blob hashes, data. */
export function packCalls(calls: readonly CheckedCall[]): Uint8Array<ArrayBuffer> {
  const writer = new Writer(
    calls.reduce((size, { data, blobHashes }) => size + 120 + data.length + blobHashes.length * 32, 0),
  )
  for (const { to, from, gas, gasPrice, blobHashes, data } of calls) {
    writer.bytes(to)
    writer.bytes(from)
    writer.big(gas)
    writer.sized(gasPrice ?? noBytes)
    writer.number(blobHashes.length)
    for (const hash of blobHashes) writer.bytes(hash)
    writer.sized(data)
  }
  return writer.done()
}

export function unpackCalls(block: Uint8Array, count: number): readonly StaticCall[] {
  const reader = new Reader(block)
  return Array.from({ length: count }, () => {
    const [to, from, gas, gasPrice] = [reader.bytes(20), reader.bytes(20), reader.big(), reader.sized()]
    const blobHashes = Array.from({ length: reader.number() }, () => reader.bytes(32))
    const price = gasPrice.length === 0 ? undefined : BigInt(bytesToHex(gasPrice))
    return { to, from, gas, gasPrice: price, blobHashes, data: reader.sized() }
  })
}

/** Results as bytes, and those that are no plain end beside them. */
export type PackedResults = { readonly block: Uint8Array<ArrayBuffer>; readonly apart: readonly EvmResult[] }

export function packResults(results: readonly EvmResult[]): PackedResults {
  const plain = results.map(
    ({ output, reads }) => 30 + output.length + reads.accounts.length * 20 + reads.slots.length * 52,
  )
  const writer = new Writer(plain.reduce((sum, size) => sum + size, 0))
  const others: EvmResult[] = []
  for (const result of results) {
    if (result.status === 'missing' || result.status === 'unsupported') {
      writer.number(apart)
      others.push(result)
      continue
    }
    writer.number(statuses.indexOf(result.status))
    writer.big(result.gasUsed)
    writeReads(writer, result.reads)
    writer.sized(result.output)
  }
  return { block: writer.done(), apart: others }
}

export function unpackResults({ block, apart: others }: PackedResults, count: number): readonly EvmResult[] {
  const reader = new Reader(block)
  const rest = others.values()
  const results: EvmResult[] = []
  for (let i = 0; i < count; i++) {
    const kind = reader.number()
    const status = statuses[kind]
    if (status === undefined) {
      const other = rest.next()
      if (other.done === true) break
      results.push(other.value)
      continue
    }
    const gasUsed = reader.big()
    const reads = readReads(reader)
    results.push({ status, gasUsed, reads, output: reader.sized() })
  }
  return results
}

function writeReads(writer: Writer, { time, number, block, slots, accounts }: ReadSet): void {
  writer.number((time ? 1 : 0) | (number ? 2 : 0) | (block ? 4 : 0))
  writer.number(slots.length)
  for (const [address, slot] of slots) {
    writer.hex(address)
    writer.hex(slot)
  }
  writer.number(accounts.length)
  for (const address of accounts) writer.hex(address)
}

function readReads(reader: Reader): ReadSet {
  const flags = reader.number()
  const slots = Array.from({ length: reader.number() }, (): SlotRead => [reader.hex(20), reader.hex(32)])
  const accounts = Array.from({ length: reader.number() }, () => reader.hex(20))
  return { time: (flags & 1) !== 0, number: (flags & 2) !== 0, block: (flags & 4) !== 0, slots, accounts }
}

class Writer {
  readonly #bytes: Uint8Array<ArrayBuffer>
  readonly #view: DataView
  #at = 0

  constructor(size: number) {
    this.#bytes = new Uint8Array(size)
    this.#view = new DataView(this.#bytes.buffer)
  }

  bytes(bytes: Uint8Array): void {
    this.#bytes.set(bytes, this.#at)
    this.#at += bytes.length
  }

  hex(hex: Hex): void {
    this.bytes(toBytes(hex, 'hex'))
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

  done(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#at)
  }
}

class Reader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  /** A copy, so that one result does not keep the block of a whole batch. */
  bytes(length: number): Uint8Array {
    const bytes = this.#bytes.slice(this.#at, this.#at + length)
    this.#at += length
    return bytes
  }

  hex(length: number): Hex {
    const hex = bytesToHex(this.#bytes.subarray(this.#at, this.#at + length))
    this.#at += length
    return hex
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
