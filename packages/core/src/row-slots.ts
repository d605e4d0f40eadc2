import { IdIndex } from './id-index.ts'
import type { Row } from './value.ts'

/** When and by what a row was last heard of. */
export type Stamp = {
  /** Number of the applied batch. */
  readonly seq: number
  /** The epoch in which the row was verified [S3]. */
  readonly epoch: number
  /** Milliseconds since the Unix epoch. */
  readonly nowUnixMs: number
}

/** What a source orders the states of one row by, where it has such a thing. */
export type Version = number | bigint | string

/**
 * Rows by slot, a small number that is reused once its row is gone.
 *
 * Metadata lives in typed arrays by slot, 14 B per row, never in an object per
 * row [R9]: number and epoch in 32 bits, the time in 48.
 */
export class RowSlots {
  /** Id by slot; undefined where the slot is free. */
  readonly ids: (string | undefined)[] = []
  /** Visible row by slot: the confirmed one, or what a layer makes of it. */
  readonly rows: (Row | undefined)[] = []
  readonly #index = new IdIndex(this.ids)
  readonly #free: number[] = []
  #seqs = new Uint32Array(0)
  #epochs = new Uint32Array(0)
  #fetchedLow = new Uint32Array(0)
  #fetchedHigh = new Uint16Array(0)
  #versions: (Version | undefined)[] | undefined
  #lastId = ''
  #lastSlot = -1

  /** Slots in use. */
  get used(): number {
    return this.ids.length - this.#free.length
  }

  find(id: string): number {
    return this.#index.find(id)
  }

  /** As `find`, for the writer: it asks for one id several times in a row. */
  findAgain(id: string): number {
    if (this.#lastSlot < 0 || this.#lastId !== id) {
      this.#lastSlot = this.#index.find(id)
      this.#lastId = id
    }
    return this.#lastSlot
  }

  /** Takes a slot for an id that has none. */
  take(id: string): number {
    const slot = this.#free.pop() ?? this.ids.length
    this.ids[slot] = id
    this.rows[slot] = undefined
    this.#index.add(id, slot)
    if (slot >= this.#seqs.length) this.#growMeta(Math.ceil((slot + 1) * growth))
    this.#lastSlot = -1
    return slot
  }

  release(slot: number): void {
    const id = this.ids[slot]
    if (id === undefined) return
    this.#index.remove(id)
    this.ids[slot] = undefined
    this.rows[slot] = undefined
    this.forgetMeta(slot)
    this.#free.push(slot)
    this.#lastSlot = -1
  }

  /** Makes room for so many rows in all, once instead of step by step. */
  reserve(total: number): void {
    this.#index.reserve(total)
    if (total > this.#seqs.length) this.#growMeta(total)
  }

  /** Notes that the row is as given at this stamp. */
  verify(slot: number, stamp: Stamp): void {
    this.#epochs[slot] = stamp.epoch
    // The array keeps the low 32 bits of what it is given.
    this.#fetchedLow[slot] = stamp.nowUnixMs
    this.#fetchedHigh[slot] = stamp.nowUnixMs / 2 ** 32
  }

  /** Notes that the row changed at this stamp. */
  change(slot: number, stamp: Stamp, version: Version | undefined): void {
    this.verify(slot, stamp)
    this.#seqs[slot] = stamp.seq
    this.setVersion(slot, version)
  }

  /** There is no confirmed row in this slot. */
  forgetMeta(slot: number): void {
    this.change(slot, unknown, undefined)
  }

  setVersion(slot: number, version: Version | undefined): void {
    if (version === undefined && this.#versions === undefined) return
    this.#versions ??= []
    while (this.#versions.length < slot) this.#versions.push(undefined)
    this.#versions[slot] = version
  }

  seq(slot: number): number {
    return this.#seqs[slot] ?? 0
  }

  epoch(slot: number): number {
    return this.#epochs[slot] ?? 0
  }

  fetchedAtUnixMs(slot: number): number {
    return (this.#fetchedHigh[slot] ?? 0) * 2 ** 32 + (this.#fetchedLow[slot] ?? 0)
  }

  version(slot: number): Version | undefined {
    return this.#versions?.[slot]
  }

  #growMeta(length: number): void {
    this.#seqs = longer(this.#seqs, new Uint32Array(length))
    this.#epochs = longer(this.#epochs, new Uint32Array(length))
    this.#fetchedLow = longer(this.#fetchedLow, new Uint32Array(length))
    this.#fetchedHigh = longer(this.#fetchedHigh, new Uint16Array(length))
  }
}

function longer<A extends Uint32Array | Uint16Array>(old: A, fresh: A): A {
  fresh.set(old)
  return fresh
}

const unknown: Stamp = { seq: 0, epoch: 0, nowUnixMs: 0 }

/** Small steps: copying 14 B nine times over is cheaper than keeping a quarter of it empty. */
const growth = 1.125
