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
 * A change costs O(log n) and a shift within one chunk. Chunks are
 * regions of two shared arrays and not objects: 12 B per row at full chunks and
 * nothing for the collector to walk. Only a split or a merge, once in 64 changes
 * at most, touches the list of chunks itself, 8 B for every 256 rows.
 *
 * Made without accessors, as all that each change passes through: an object
 * literal with one is a slow dictionary to V8.
 */
export type OrderedRows = {
  size(): number
  /** Replaces everything: one sort instead of n insertions. Sorts `slots` in place. */
  build(slots: number[]): void
  /** Adds a slot whose row is in place, and returns its rank. */
  insert(slot: number): number
  /** Removes a slot, found by the row it was inserted with, and returns the rank it had; -1 when it is not there. */
  remove(slot: number, row: Row): number
  /** The rank of a slot, found by the row it was inserted with. */
  rank(slot: number, row: Row): number
  /**
   * Writes the rows and ids of ranks `from` up to but not including `to` over
   * the arrays from index `at` on, and says whether that changed any of them.
   */
  copy(from: number, to: number, rows: Row[], ids: string[], at: number): boolean
}

export function createOrderedRows(
  { rows, ids }: RowSlots,
  compare: RowComparator,
  sortKey: (row: Row) => number,
  work: WorkCounter,
): OrderedRows {
  let keys = new Float64Array(0)
  let slots = new Int32Array(0)
  /** By chunk, in order: where its region of the arrays begins, and how many rows it has. */
  let bases: number[] = []
  let counts: number[] = []
  let freeBases: number[] = []
  const ranks = new CountTree()

  const rowAt = (slot: number): Row => rows[slot] ?? noRow
  const baseOf = (chunk: number): number => bases[chunk] ?? 0
  const countOf = (chunk: number): number => counts[chunk] ?? 0

  /** Full order against the row at a place of equal key. A slot equals itself, whichever of its rows is meant. */
  const sign = (row: Row, slot: number, place: number): number => {
    const other = slots[place] ?? 0
    if (other === slot) return 0
    work.rows++
    return compare(row, ids[slot] ?? '', rowAt(other), ids[other] ?? '')
  }
  /** The last chunk whose first row is not after the given one. */
  const chunkOf = (key: number, row: Row, slot: number): number => {
    let low = 0
    let high = bases.length - 1
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      const place = baseOf(middle)
      const first = keys[place] ?? 0
      if (key === first ? sign(row, slot, place) < 0 : key < first) high = middle - 1
      else low = middle
    }
    return low
  }
  /** The place in the arrays where the row is, or would be inserted. */
  const placeIn = (chunk: number, key: number, row: Row, slot: number): number => {
    let low = baseOf(chunk)
    let high = low + countOf(chunk)
    while (low < high) {
      const middle = (low + high) >>> 1
      const other = keys[middle] ?? 0
      if (key === other ? sign(row, slot, middle) > 0 : key > other) low = middle + 1
      else high = middle
    }
    return low
  }

  const move = (from: number, to: number, count: number): void => {
    keys.copyWithin(to, from, from + count)
    slots.copyWithin(to, from, from + count)
  }
  const resize = (chunk: number, amount: number): void => {
    counts[chunk] = countOf(chunk) + amount
    ranks.add(chunk, amount)
  }
  /** Moves rows between a chunk and the one after it, so that the first holds `kept` of them. */
  const share = (chunk: number, kept: number): void => {
    const base = baseOf(chunk)
    const next = baseOf(chunk + 1)
    const moved = countOf(chunk) - kept
    if (moved > 0) {
      move(next, next + moved, countOf(chunk + 1))
      move(base + kept, next, moved)
    } else {
      move(next, base + kept + moved, -moved)
      move(next - moved, next, countOf(chunk + 1) + moved)
    }
    resize(chunk, -moved)
    resize(chunk + 1, moved)
  }
  const addChunk = (chunk: number): void => {
    const base = freeBases.pop() ?? bases.length * chunkRows
    if (base >= slots.length) {
      const length = Math.ceil((base / chunkRows + 1) * growth) * chunkRows
      const [oldKeys, oldSlots] = [keys, slots]
      keys = new Float64Array(length)
      slots = new Int32Array(length)
      keys.set(oldKeys)
      slots.set(oldSlots)
    }
    bases.splice(chunk, 0, base)
    counts.splice(chunk, 0, 0)
    ranks.build(counts)
  }
  const dropChunk = (chunk: number): void => {
    freeBases.push(...bases.splice(chunk, 1))
    counts.splice(chunk, 1)
    ranks.build(counts)
  }

  /**
   * Makes a full chunk less full, to insert at `at`.
   *
   * An order that grows at an end leaves full chunks behind. Elsewhere a
   * neighbour takes some if it can, so that chunks are five sixths full and not
   * two thirds, which is 4 B per row.
   */
  const makeRoom = (chunk: number, at: number): void => {
    const split = (kept: number): void => {
      addChunk(chunk + 1)
      share(chunk, kept)
    }
    const taken = (other: number): number => (chunkRows - (counts[other] ?? chunkRows)) >> 1
    if (at === chunkRows && chunk === bases.length - 1) return split(chunkRows - 1)
    if (at === 0 && chunk === 0) return split(1)
    if (taken(chunk + 1) >= leastMoved) return share(chunk, chunkRows - taken(chunk + 1))
    if (taken(chunk - 1) >= leastMoved) return share(chunk - 1, countOf(chunk - 1) + taken(chunk - 1))
    split(chunkRows / 2)
  }
  /** Puts a sparse chunk together with a neighbour it fits with, and drops an empty one. */
  const mergeOrDrop = (chunk: number): void => {
    if (countOf(chunk) === 0) return dropChunk(chunk)
    for (const first of [chunk, chunk - 1]) {
      const together = (counts[first] ?? chunkRows) + (counts[first + 1] ?? chunkRows)
      if (together > chunkRows / 2) continue
      share(first, together)
      return dropChunk(first + 1)
    }
  }

  return {
    size: () => ranks.before(counts.length),
    build(ordered) {
      const keyOf = new Float64Array(ids.length)
      for (const slot of ordered) keyOf[slot] = sortKey(rowAt(slot))
      ordered.sort((a, b) => {
        const keyA = keyOf[a] ?? 0
        const keyB = keyOf[b] ?? 0
        return keyA === keyB ? compare(rowAt(a), ids[a] ?? '', rowAt(b), ids[b] ?? '') : keyA - keyB
      })
      work.rows += ordered.length
      const chunks = Math.ceil(ordered.length / builtRows)
      keys = new Float64Array(chunks * chunkRows)
      slots = new Int32Array(chunks * chunkRows)
      ordered.forEach((slot, rank) => {
        const place = Math.floor(rank / builtRows) * chunkRows + (rank % builtRows)
        slots[place] = slot
        keys[place] = keyOf[slot] ?? 0
      })
      freeBases = []
      bases = Array.from({ length: chunks }, (_, chunk) => chunk * chunkRows)
      counts = bases.map((_, chunk) => Math.min(builtRows, ordered.length - chunk * builtRows))
      ranks.build(counts)
    },
    insert(slot) {
      const row = rowAt(slot)
      const key = sortKey(row)
      if (bases.length === 0) addChunk(0)
      let chunk = chunkOf(key, row, slot)
      if (countOf(chunk) === chunkRows) {
        makeRoom(chunk, placeIn(chunk, key, row, slot) - baseOf(chunk))
        chunk = chunkOf(key, row, slot)
      }
      const base = baseOf(chunk)
      const place = placeIn(chunk, key, row, slot)
      move(place, place + 1, base + countOf(chunk) - place)
      keys[place] = key
      slots[place] = slot
      resize(chunk, 1)
      return ranks.before(chunk) + place - base
    },
    remove(slot, row) {
      const key = sortKey(row)
      const chunk = chunkOf(key, row, slot)
      const place = placeIn(chunk, key, row, slot)
      if (slots[place] !== slot) return -1
      const base = baseOf(chunk)
      const rank = ranks.before(chunk) + place - base
      move(place + 1, place, base + countOf(chunk) - place - 1)
      resize(chunk, -1)
      if (countOf(chunk) < sparseRows) mergeOrDrop(chunk)
      return rank
    },
    rank(slot, row) {
      const key = sortKey(row)
      const chunk = chunkOf(key, row, slot)
      return ranks.before(chunk) + placeIn(chunk, key, row, slot) - baseOf(chunk)
    },
    copy(from, to, copiedRows, copiedIds, at) {
      // A window behind the last row is empty.
      if (from >= to) return false
      let changed = false
      let write = at
      work.rows += to - from
      // From the first chunk on: a window is seldom deep, and a step is for 200 rows.
      for (let chunk = 0, before = 0; before < to; before += countOf(chunk++)) {
        const base = baseOf(chunk)
        const last = base + Math.min(countOf(chunk), to - before)
        for (let place = base + Math.max(0, from - before); place < last; place++, write++) {
          const slot = slots[place] ?? 0
          const row = rowAt(slot)
          const id = ids[slot] ?? ''
          if (copiedRows[write] === row && copiedIds[write] === id) continue
          copiedRows[write] = row
          copiedIds[write] = id
          changed = true
        }
      }
      return changed
    },
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
