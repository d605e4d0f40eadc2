import type { Derived } from './derived.ts'
import type { WorkCounter } from './ordered-rows.ts'
import { createRowSlots, type RowSlots, type Stamp, type Version } from './row-slots.ts'
import type { ColumnTypes } from './schema.ts'
import { rowsEqual } from './value-equality.ts'
import type { Row } from './value.ts'

/** What pending writes make of a confirmed row. */
export type RowFold = (confirmed: Row | undefined) => Row | undefined

export type LoadEntry = readonly [id: string, row: Row, version?: Version | undefined]

/** What a collection's writer, views and readers ask of its rows. */
export type LayeredRows = {
  readonly slots: RowSlots
  readonly columns: ColumnTypes
  /** How many rows are visible. */
  visible(): number
  /** Keeps something up to date from now on. */
  follow(derived: Derived): void
  unfollow(derived: Derived): void
  confirmedAt(slot: number): Row | undefined
  pending(slot: number): boolean
  knownAbsent(id: string): boolean
  get(id: string): Row | undefined
  confirmed(id: string): Row | undefined
  /** Number of the last put or removal. Of an id that may be a forgotten removal: the newest of those. */
  changedSeq(id: string): number
  verifiedEpoch(id: string): number
  version(id: string): Version | undefined
  verify(id: string, stamp: Stamp): void
  put(id: string, row: Row, stamp: Stamp, version?: Version): boolean
  remove(id: string, stamp?: Stamp): boolean
  /** Lets a row go without saying that it is gone; one with a layer stays. Returns whether it went. */
  forget(id: string): boolean
  layer(id: string, fold: RowFold | undefined): void
  /** From now on no derived result follows row by row; they start again at `endBulk`. */
  startBulk(): void
  endBulk(): void
  clear(): void
}

/**
 * Confirmed rows with the layers over them.
 *
 * The slots hold the visible rows, so that a read asks for no layer at all;
 * only the few ids with a layer keep their confirmed row aside.
 *
 * @param noteChanged - Hears that the visible row or the pending state of an id
 *   changed, and whether this batch may have noted the id before.
 */
export function createLayeredRows(
  columns: ColumnTypes,
  work: WorkCounter,
  noteChanged: (id: string, mayRepeat: boolean) => void,
): LayeredRows {
  const slots = createRowSlots()
  const { ids, rows, find, findAgain } = slots
  /** Replaced and never changed in place: an array is walked faster than a set. */
  let followers: readonly Derived[] = []
  const layers = new Map<number, Layered>()
  /** Sequence number by id known to be absent, oldest removal first. */
  const absent = new Map<string, number>()
  /** Newest removal among those forgotten. */
  let forgottenSeq = 0
  let bulk = false
  let visible = 0

  const layerAt = (slot: number): Layered | undefined => (layers.size > 0 ? layers.get(slot) : undefined)
  const confirmedAt = (slot: number): Row | undefined => {
    if (slot < 0) return undefined
    const layer = layerAt(slot)
    return layer ? layer.confirmed : rows[slot]
  }
  const slotFor = (id: string): number => {
    const slot = findAgain(id)
    return slot < 0 ? slots.take(id) : slot
  }
  const show = (slot: number, after: Row | undefined): void => {
    const before = rows[slot]
    if (before === after) return
    rows[slot] = after
    visible += Number(after !== undefined) - Number(before !== undefined)
    if (bulk) return
    for (const follower of followers) follower.change(slot, before, after)
  }
  /** Shows a row, as the object that is shown while that equals it [Q4]. */
  const showSame = (slot: number, row: Row | undefined): void => {
    const shown = rows[slot]
    show(slot, shown && row && rowsEqual(shown, row, columns) ? shown : row)
  }
  const fold = (slot: number, layer: Layered): void => showSame(slot, layer.fold(layer.confirmed))
  const letGo = (slot: number): void => {
    show(slot, undefined)
    slots.release(slot)
  }
  /** Takes away the confirmed row, and leaves what is shown to its layer. */
  const unconfirm = (slot: number): void => {
    const layer = layerAt(slot)
    if (!layer) return letGo(slot)
    layer.confirmed = undefined
    slots.forgetMeta(slot)
    fold(slot, layer)
  }
  const noteAbsent = (id: string, seq: number): void => {
    absent.delete(id)
    absent.set(id, seq)
    if (absent.size <= maxAbsent) return
    for (const [oldest, oldestSeq] of absent) {
      absent.delete(oldest)
      forgottenSeq = Math.max(forgottenSeq, oldestSeq)
      return
    }
  }
  const dropLayer = (id: string): void => {
    const slot = findAgain(id)
    const layer = layerAt(slot)
    if (!layer) return
    layers.delete(slot)
    showSame(slot, layer.confirmed)
    if (!layer.confirmed) slots.release(slot)
    noteChanged(id, true)
  }

  return {
    slots,
    columns,
    visible: () => visible,
    follow(derived) {
      derived.rebuild()
      followers = [...followers, derived]
    },
    unfollow(derived) {
      followers = followers.filter((other) => other !== derived)
    },
    confirmedAt,
    pending: (slot) => layers.has(slot),
    knownAbsent: (id) => absent.has(id),
    get(id) {
      const slot = find(id)
      return slot < 0 ? undefined : rows[slot]
    },
    confirmed: (id) => confirmedAt(find(id)),
    changedSeq(id) {
      const slot = findAgain(id)
      return (slot < 0 ? 0 : slots.seq(slot)) || (absent.get(id) ?? forgottenSeq)
    },
    verifiedEpoch: (id) => slots.epoch(findAgain(id)),
    version: (id) => slots.version(findAgain(id)),
    verify(id, stamp) {
      const slot = findAgain(id)
      if (slot >= 0) slots.verify(slot, stamp)
    },
    put(id, row, stamp, version) {
      work.rows++
      const slot = slotFor(id)
      const layer = layerAt(slot)
      const held = layer ? layer.confirmed : rows[slot]
      if (held && rowsEqual(held, row, columns)) {
        slots.verify(slot, stamp)
        if (version !== undefined) slots.setVersion(slot, version)
        return false
      }
      const isPutAgain = slots.seq(slot) === stamp.seq
      slots.change(slot, stamp, version)
      if (!held && absent.size > 0) absent.delete(id)
      if (layer) {
        layer.confirmed = row
        fold(slot, layer)
      } else show(slot, row)
      noteChanged(id, isPutAgain)
      return true
    },
    remove(id, stamp) {
      noteAbsent(id, stamp?.seq ?? 0)
      const slot = findAgain(id)
      if (!confirmedAt(slot)) return false
      unconfirm(slot)
      noteChanged(id, true)
      return true
    },
    forget(id) {
      const slot = findAgain(id)
      if (slot < 0 || layers.has(slot)) return false
      letGo(slot)
      noteChanged(id, true)
      return true
    },
    layer(id, folding) {
      if (!folding) return dropLayer(id)
      const slot = slotFor(id)
      const layer = layerAt(slot) ?? { fold: folding, confirmed: rows[slot] }
      layer.fold = folding
      layers.set(slot, layer)
      fold(slot, layer)
      noteChanged(id, true)
    },
    startBulk() {
      bulk = true
    },
    endBulk() {
      if (!bulk) return
      bulk = false
      for (const follower of followers) follower.rebuild()
    },
    clear() {
      for (const [slot, id] of ids.entries()) if (id !== undefined) unconfirm(slot)
      absent.clear()
      forgottenSeq = 0
    },
  }
}

type Layered = { fold: RowFold; confirmed: Row | undefined }

/** Removals remembered one by one; about 1 MB. */
const maxAbsent = 10_000
