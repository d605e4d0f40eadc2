import { CountTree } from './count-tree.ts'
import type { RowComparator } from './row-order.ts'
import type { RowSlots } from './row-slots.ts'
import type { Row } from './value.ts'

/** Counts the rows that operations look at, so that a test can see what grows with the collection. */
export type WorkCounter = { rows: number }

/**
 * Slots in the order of their rows: a list of chunks of at most 256 slots with
 * their sort keys inline.
 *
 * Every operation costs O(log n) and a shift within one chunk. Chunks are
 * regions of two shared arrays and not objects: 12 B per row at full chunks and
 * nothing for the collector to walk. Only a split or a merge, once in 64 changes
 * at most, touches the list of chunks itself, 16 B for every 256 rows.
 */
export class OrderedRows {
  readonly #held: RowSlots
  readonly #compare: RowComparator
  readonly #sortKey: (row: Row) => number
  readonly #work: WorkCounter
  #keys = new Float64Array(0)
  #slots = new Int32Array(0)
  /** By chunk, in order: its region of the arrays, its first key, its rows. */
  #regions: number[] = []
  #firstKeys: number[] = []
  #counts: number[] = []
  #freeRegions: number[] = []
  readonly #ranks = new CountTree()
  #size = 0

  constructor(held: RowSlots, compare: RowComparator, sortKey: (row: Row) => number, work: WorkCounter) {
    this.#held = held
    this.#compare = compare
    this.#sortKey = sortKey
    this.#work = work
  }

  get size(): number {
    return this.#size
  }

  /** Replaces everything: one sort instead of n insertions. Sorts `slots` in place. */
  build(slots: number[]): void {
    const { rows, ids } = this.#held
    const keys = new Float64Array(ids.length)
    for (const slot of slots) keys[slot] = this.#sortKey(rows[slot] ?? noRow)
    slots.sort((a, b) => {
      const keyA = keys[a] ?? 0
      const keyB = keys[b] ?? 0
      if (keyA !== keyB) return keyA - keyB
      return this.#compare(rows[a] ?? noRow, ids[a] ?? '', rows[b] ?? noRow, ids[b] ?? '')
    })
    this.#size = slots.length
    this.#work.rows += slots.length
    const chunks = Math.ceil(slots.length / builtRows)
    this.#keys = new Float64Array(chunks * chunkRows)
    this.#slots = new Int32Array(chunks * chunkRows)
    slots.forEach((slot, rank) => {
      const place = Math.floor(rank / builtRows) * chunkRows + (rank % builtRows)
      this.#slots[place] = slot
      this.#keys[place] = keys[slot] ?? 0
    })
    this.#freeRegions = []
    this.#regions = Array.from({ length: chunks }, (_, chunk) => chunk)
    this.#firstKeys = this.#regions.map((_, chunk) => this.#keys[this.#base(chunk)] ?? 0)
    this.#counts = this.#regions.map((region) => Math.min(builtRows, slots.length - region * builtRows))
    this.#ranks.build(this.#counts)
  }

  /** Adds a slot whose row is in place, and returns its rank. */
  insert(slot: number): number {
    const row = this.#held.rows[slot] ?? noRow
    const key = this.#sortKey(row)
    if (this.#regions.length === 0) this.#addChunk(0, 0, key)
    let chunk = this.#chunkOf(key, row, slot)
    if (this.#count(chunk) === chunkRows) {
      this.#makeRoom(chunk, this.#placeIn(chunk, key, row, slot) - this.#base(chunk))
      chunk = this.#chunkOf(key, row, slot)
    }
    const base = this.#base(chunk)
    const place = this.#placeIn(chunk, key, row, slot)
    const end = base + this.#count(chunk)
    this.#keys.copyWithin(place + 1, place, end)
    this.#slots.copyWithin(place + 1, place, end)
    this.#keys[place] = key
    this.#slots[place] = slot
    this.#resize(chunk, 1)
    return this.#ranks.before(chunk) + place - base
  }

  /** Removes a slot, found by the row it was inserted with, and returns the rank it had; -1 when it is not there. */
  remove(slot: number, row: Row): number {
    const key = this.#sortKey(row)
    const chunk = this.#chunkOf(key, row, slot)
    const place = this.#placeIn(chunk, key, row, slot)
    if (this.#slots[place] !== slot) return -1
    const base = this.#base(chunk)
    const rank = this.#ranks.before(chunk) + place - base
    const end = base + this.#count(chunk)
    this.#keys.copyWithin(place, place + 1, end)
    this.#slots.copyWithin(place, place + 1, end)
    this.#resize(chunk, -1)
    if (this.#count(chunk) < sparseRows) this.#mergeOrDrop(chunk)
    return rank
  }

  /** The rank of a slot, found by the row it was inserted with. */
  rank(slot: number, row: Row): number {
    const key = this.#sortKey(row)
    const chunk = this.#chunkOf(key, row, slot)
    return this.#ranks.before(chunk) + this.#placeIn(chunk, key, row, slot) - this.#base(chunk)
  }

  /**
   * Writes the rows and ids of ranks `from` up to but not including `to` over
   * the arrays from index `at` on, and says whether that changed any of them.
   */
  copy(from: number, to: number, rows: Row[], ids: string[], at: number): boolean {
    const { rows: heldRows, ids: heldIds } = this.#held
    const slots = this.#slots
    let changed = false
    let write = at
    let rank = from
    this.#work.rows += Math.max(0, to - from)
    for (let chunk = from < to ? this.#ranks.find(from) : 0; rank < to; chunk++) {
      const base = this.#base(chunk)
      const first = rank - this.#ranks.before(chunk)
      const last = Math.min(this.#count(chunk), first + to - rank)
      for (let place = base + first; place < base + last; place++, write++) {
        const slot = slots[place] ?? 0
        const row = heldRows[slot] ?? noRow
        const id = heldIds[slot] ?? ''
        if (rows[write] === row && ids[write] === id) continue
        rows[write] = row
        ids[write] = id
        changed = true
      }
      rank += last - first
    }
    return changed
  }

  #base(chunk: number): number {
    return (this.#regions[chunk] ?? 0) * chunkRows
  }

  #count(chunk: number): number {
    return this.#counts[chunk] ?? 0
  }

  /** The last chunk whose first row is not after the given one. */
  #chunkOf(key: number, row: Row, slot: number): number {
    let low = 0
    let high = this.#regions.length - 1
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      const first = this.#firstKeys[middle] ?? 0
      const before = key === first ? this.#sign(row, slot, this.#base(middle)) < 0 : key < first
      if (before) high = middle - 1
      else low = middle
    }
    return low
  }

  /** The place in the arrays where the row is, or would be inserted. */
  #placeIn(chunk: number, key: number, row: Row, slot: number): number {
    const keys = this.#keys
    let low = this.#base(chunk)
    let high = low + this.#count(chunk)
    while (low < high) {
      const middle = (low + high) >>> 1
      const other = keys[middle] ?? 0
      const after = key === other ? this.#sign(row, slot, middle) > 0 : key > other
      if (after) low = middle + 1
      else high = middle
    }
    return low
  }

  /** Full order against the row at a place of equal key. A slot equals itself, whichever of its rows is meant. */
  #sign(row: Row, slot: number, place: number): number {
    const other = this.#slots[place] ?? 0
    if (other === slot) return 0
    this.#work.rows++
    const { rows, ids } = this.#held
    return this.#compare(row, ids[slot] ?? '', rows[other] ?? noRow, ids[other] ?? '')
  }

  #resize(chunk: number, amount: number): void {
    this.#counts[chunk] = this.#count(chunk) + amount
    this.#firstKeys[chunk] = this.#keys[this.#base(chunk)] ?? 0
    this.#ranks.add(chunk, amount)
    this.#size += amount
  }

  /**
   * Makes a full chunk less full, to insert at `at`.
   *
   * An order that grows at an end leaves full chunks behind. Elsewhere a
   * neighbour takes some if it can, so that chunks are five sixths full and not
   * two thirds, which is 4 B per row.
   */
  #makeRoom(chunk: number, at: number): void {
    const last = this.#regions.length - 1
    if (at === chunkRows && chunk === last) return this.#split(chunk, chunkRows - 1)
    if (at === 0 && chunk === 0) return this.#split(chunk, 1)
    const after = chunk < last ? (chunkRows - this.#count(chunk + 1)) >> 1 : 0
    if (after >= leastMoved) return this.#shiftToNext(chunk, after)
    const before = chunk > 0 ? (chunkRows - this.#count(chunk - 1)) >> 1 : 0
    if (before >= leastMoved) return this.#shiftToPrevious(chunk, before)
    this.#split(chunk, chunkRows / 2)
  }

  /** Moves all but the first rows of a full chunk to a new one after it. */
  #split(chunk: number, kept: number): void {
    const moved = chunkRows - kept
    this.#addChunk(chunk + 1, moved, this.#keys[this.#base(chunk) + kept] ?? 0)
    this.#move(this.#base(chunk) + kept, this.#base(chunk + 1), moved)
    this.#counts[chunk] = kept
    this.#ranks.build(this.#counts)
  }

  #shiftToNext(chunk: number, moved: number): void {
    const next = this.#base(chunk + 1)
    this.#move(next, next + moved, this.#count(chunk + 1))
    this.#move(this.#base(chunk) + chunkRows - moved, next, moved)
    this.#recount(chunk, moved)
  }

  #shiftToPrevious(chunk: number, moved: number): void {
    const base = this.#base(chunk)
    this.#move(base, this.#base(chunk - 1) + this.#count(chunk - 1), moved)
    this.#move(base + moved, base, chunkRows - moved)
    this.#recount(chunk - 1, -moved)
  }

  /** Notes that so many rows went from a chunk to the one after it. */
  #recount(chunk: number, moved: number): void {
    for (const [part, amount] of [
      [chunk, -moved],
      [chunk + 1, moved],
    ] as const) {
      this.#counts[part] = this.#count(part) + amount
      this.#firstKeys[part] = this.#keys[this.#base(part)] ?? 0
      this.#ranks.add(part, amount)
    }
  }

  /** Puts a sparse chunk together with a neighbour it fits with, and drops an empty one. */
  #mergeOrDrop(chunk: number): void {
    if (this.#count(chunk) === 0) this.#dropChunk(chunk)
    else if (this.#fitsWithNext(chunk)) this.#mergeWithNext(chunk)
    else if (chunk > 0 && this.#fitsWithNext(chunk - 1)) this.#mergeWithNext(chunk - 1)
  }

  #fitsWithNext(chunk: number): boolean {
    return chunk + 1 < this.#regions.length && this.#count(chunk) + this.#count(chunk + 1) <= chunkRows / 2
  }

  #mergeWithNext(chunk: number): void {
    const count = this.#count(chunk)
    const next = this.#count(chunk + 1)
    this.#move(this.#base(chunk + 1), this.#base(chunk) + count, next)
    this.#counts[chunk] = count + next
    this.#dropChunk(chunk + 1)
  }

  #move(from: number, to: number, count: number): void {
    this.#keys.copyWithin(to, from, from + count)
    this.#slots.copyWithin(to, from, from + count)
  }

  #addChunk(chunk: number, count: number, firstKey: number): void {
    const region = this.#freeRegions.pop() ?? this.#regions.length
    if ((region + 1) * chunkRows > this.#slots.length)
      this.#grow(Math.ceil((region + 1) * growth) * chunkRows)
    this.#regions.splice(chunk, 0, region)
    this.#firstKeys.splice(chunk, 0, firstKey)
    this.#counts.splice(chunk, 0, count)
    this.#ranks.build(this.#counts)
  }

  #dropChunk(chunk: number): void {
    this.#freeRegions.push(...this.#regions.splice(chunk, 1))
    this.#firstKeys.splice(chunk, 1)
    this.#counts.splice(chunk, 1)
    this.#ranks.build(this.#counts)
  }

  #grow(length: number): void {
    const keys = new Float64Array(length)
    const slots = new Int32Array(length)
    keys.set(this.#keys)
    slots.set(this.#slots)
    this.#keys = keys
    this.#slots = slots
  }
}

const chunkRows = 256
/** Copying 12 B nine times over is cheaper than keeping a quarter of it empty. */
const growth = 1.125
/** Chunks are built with room, so that the first insertions do not split each of them. */
const builtRows = 240
const sparseRows = 64
/** Fewer are not worth the moving. */
const leastMoved = 16
/** Stands for the row of an empty slot, which is never in the order. */
const noRow: Row = {}
