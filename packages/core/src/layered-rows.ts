import type { Derived } from './derived.ts'
import type { WorkCounter } from './ordered-rows.ts'
import { RowSlots, type Stamp, type Version } from './row-slots.ts'
import type { ColumnTypes } from './schema.ts'
import { rowsEqual } from './value-equality.ts'
import type { Row } from './value.ts'

/** What pending writes make of a confirmed row. */
export type RowFold = (confirmed: Row | undefined) => Row | undefined

export type LoadEntry = readonly [id: string, row: Row, version?: Version | undefined]

/**
 * Confirmed rows with the layers over them.
 *
 * The slots hold the visible rows, so that a read asks for no layer at all;
 * only the few ids with a layer keep their confirmed row aside.
 */
export abstract class LayeredRows {
  readonly slots = new RowSlots()
  readonly columns: ColumnTypes
  readonly #work: WorkCounter
  /** Replaced and never changed in place: an array is walked faster than a set. */
  #derived: readonly Derived[] = []
  readonly #layers = new Map<number, Layered>()
  /** Sequence number by id known to be absent, oldest removal first. */
  readonly #absent = new Map<string, number>()
  /** Newest removal among those forgotten. */
  #forgottenSeq = 0
  #bulk = false
  visible = 0

  constructor(columns: ColumnTypes, work: WorkCounter) {
    this.columns = columns
    this.#work = work
  }

  /**
   * The visible row or the pending state of an id changed.
   *
   * @param mayRepeat - Whether this batch may have noted the id before.
   */
  protected abstract noteChanged(id: string, mayRepeat: boolean): void

  /** Keeps something up to date from now on. */
  follow(derived: Derived): void {
    derived.rebuild()
    this.#derived = [...this.#derived, derived]
  }

  unfollow(derived: Derived): void {
    this.#derived = this.#derived.filter((other) => other !== derived)
  }

  get(id: string): Row | undefined {
    const slot = this.slots.find(id)
    return slot < 0 ? undefined : this.slots.rows[slot]
  }

  confirmed(id: string): Row | undefined {
    const slot = this.slots.find(id)
    return slot < 0 ? undefined : this.confirmedAt(slot)
  }

  confirmedAt(slot: number): Row | undefined {
    const layer = this.#layers.size > 0 ? this.#layers.get(slot) : undefined
    return layer === undefined ? this.slots.rows[slot] : layer.confirmed
  }

  pending(slot: number): boolean {
    return this.#layers.has(slot)
  }

  knownAbsent(id: string): boolean {
    return this.#absent.has(id)
  }

  /** Number of the last put or removal. Of an id that may be a forgotten removal: the newest of those. */
  changedSeq(id: string): number {
    const slot = this.slots.findAgain(id)
    const seq = slot < 0 ? 0 : this.slots.seq(slot)
    return seq > 0 ? seq : (this.#absent.get(id) ?? this.#forgottenSeq)
  }

  verifiedEpoch(id: string): number {
    const slot = this.slots.findAgain(id)
    return slot < 0 ? 0 : this.slots.epoch(slot)
  }

  version(id: string): Version | undefined {
    const slot = this.slots.findAgain(id)
    return slot < 0 ? undefined : this.slots.version(slot)
  }

  *idsVerifiedBefore(epoch: number): IterableIterator<string> {
    for (const [slot, id] of this.slots.ids.entries()) {
      const held = id !== undefined && this.confirmedAt(slot) !== undefined
      if (held && this.slots.epoch(slot) < epoch) yield id
    }
  }

  verify(id: string, stamp: Stamp): void {
    const slot = this.slots.findAgain(id)
    if (slot >= 0) this.slots.verify(slot, stamp)
  }

  put(id: string, row: Row, stamp: Stamp, version?: Version): boolean {
    const { slots } = this
    this.#work.rows++
    const slot = this.#slotFor(id)
    const layer = this.#layers.size > 0 ? this.#layers.get(slot) : undefined
    const held = layer === undefined ? slots.rows[slot] : layer.confirmed
    if (held !== undefined && rowsEqual(held, row, this.columns)) {
      slots.verify(slot, stamp)
      if (version !== undefined) slots.setVersion(slot, version)
      return false
    }
    const isPutAgain = slots.seq(slot) === stamp.seq
    slots.change(slot, stamp, version)
    if (held === undefined && this.#absent.size > 0) this.#absent.delete(id)
    if (layer === undefined) this.#show(slot, row)
    else {
      layer.confirmed = row
      this.#fold(slot, layer)
    }
    this.noteChanged(id, isPutAgain)
    return true
  }

  remove(id: string, stamp?: Stamp): boolean {
    this.#noteAbsent(id, stamp?.seq ?? 0)
    const slot = this.slots.findAgain(id)
    if (slot < 0) return false
    const layer = this.#layers.get(slot)
    if (layer === undefined) {
      this.#show(slot, undefined)
      this.slots.release(slot)
    } else {
      if (layer.confirmed === undefined) return false
      this.#unconfirm(slot, layer)
    }
    this.noteChanged(id, true)
    return true
  }

  /** Lets a row go without saying that it is gone; one with a layer stays. Returns whether it went. */
  forget(id: string): boolean {
    const slot = this.slots.findAgain(id)
    if (slot < 0 || this.#layers.has(slot)) return false
    this.#forget(slot)
    this.noteChanged(id, true)
    return true
  }

  layer(id: string, fold: RowFold | undefined): void {
    if (fold === undefined) return this.#dropLayer(id)
    const slot = this.#slotFor(id)
    const layer = this.#layers.get(slot) ?? { fold, confirmed: this.slots.rows[slot] }
    layer.fold = fold
    this.#layers.set(slot, layer)
    this.#fold(slot, layer)
    this.noteChanged(id, true)
  }

  /** From now on no derived result follows row by row; they start again at `endBulk`. */
  startBulk(): void {
    this.#bulk = true
  }

  endBulk(): void {
    if (!this.#bulk) return
    this.#bulk = false
    for (const derived of this.#derived) derived.rebuild()
  }

  clear(): void {
    const { ids } = this.slots
    for (const [slot, id] of ids.entries()) if (id !== undefined) this.#forget(slot)
    this.#absent.clear()
    this.#forgottenSeq = 0
  }

  #forget(slot: number): void {
    const layer = this.#layers.get(slot)
    if (layer === undefined) {
      this.#show(slot, undefined)
      this.slots.release(slot)
    } else this.#unconfirm(slot, layer)
  }

  /** Leaves a row to its layer alone. */
  #unconfirm(slot: number, layer: Layered): void {
    layer.confirmed = undefined
    this.slots.forgetMeta(slot)
    this.#fold(slot, layer)
  }

  #slotFor(id: string): number {
    const slot = this.slots.findAgain(id)
    return slot >= 0 ? slot : this.slots.take(id)
  }

  #dropLayer(id: string): void {
    const slot = this.slots.findAgain(id)
    const layer = slot < 0 ? undefined : this.#layers.get(slot)
    if (layer === undefined) return
    this.#layers.delete(slot)
    this.#show(slot, this.#keepIdentity(slot, layer.confirmed))
    if (layer.confirmed === undefined) this.slots.release(slot)
    this.noteChanged(id, true)
  }

  #fold(slot: number, layer: Layered): void {
    this.#show(slot, this.#keepIdentity(slot, layer.fold(layer.confirmed)))
  }

  /** The shown object while it equals the new one [Q4]. */
  #keepIdentity(slot: number, row: Row | undefined): Row | undefined {
    const shown = this.slots.rows[slot]
    const same = shown !== undefined && row !== undefined && rowsEqual(shown, row, this.columns)
    return same ? shown : row
  }

  #show(slot: number, after: Row | undefined): void {
    const { rows } = this.slots
    const before = rows[slot]
    if (before === after) return
    rows[slot] = after
    this.visible += Number(after !== undefined) - Number(before !== undefined)
    if (this.#bulk) return
    for (const derived of this.#derived) derived.change(slot, before, after)
  }

  #noteAbsent(id: string, seq: number): void {
    this.#absent.delete(id)
    this.#absent.set(id, seq)
    if (this.#absent.size <= maxAbsent) return
    for (const [oldest, oldestSeq] of this.#absent) {
      this.#absent.delete(oldest)
      this.#forgottenSeq = Math.max(this.#forgottenSeq, oldestSeq)
      return
    }
  }
}

type Layered = { fold: RowFold; confirmed: Row | undefined }

/** Removals remembered one by one; about 1 MB. */
const maxAbsent = 10_000
