import { usageError } from './errors.ts'
import { systemRandom } from './random.ts'

/**
 * Finds the slot of an id: an open-addressing hash table of one 32-bit word per
 * row, 24 bits of slot and 8 of the id's hash.
 *
 * A `Map` costs 37 B per row and repeats the ids; this costs 5 to 8 B and reads
 * the ids that the slots hold anyway. The hash bits in the word spare the visit
 * to the ids of other rows, each a cache miss.
 */
export type IdIndex = {
  /** The slot of an id, -1 when it has none. */
  find(id: string): number
  /** Adds the id of a slot, which is not there. @throws {FreshetError} `collection/full` beyond 16,777,214 slots. */
  add(slot: number): void
  /** Makes room for so many ids at once and places those there are. */
  reserve(count: number): void
  remove(id: string): void
}

/** @param ids - Id by slot, owned by the caller; set before `add`, kept until `remove` returns. */
export function createIdIndex(ids: readonly (string | undefined)[]): IdIndex {
  let table = new Int32Array(smallest)
  let used = 0

  const home = (hash: number): number => Math.floor((hash >>> 0) * (table.length / 2 ** 32))
  const after = (at: number): number => (at + 1 === table.length ? 0 : at + 1)
  const slotOf = (word = 0): number => (word & slotMask) - 1
  const place = (slot: number): void => {
    const hash = hashOf(ids[slot] ?? '')
    let at = home(hash)
    while (table[at] !== 0) at = after(at)
    table[at] = (hash << 24) | (slot + 1)
  }
  const reserve = (count: number): void => {
    if (count <= table.length * fullest) return
    const old = table
    table = new Int32Array(Math.max(smallest, Math.ceil((count * growth) / fullest)))
    for (const word of old) if (word !== 0) place(slotOf(word))
  }

  return {
    reserve,
    find(id) {
      const hash = hashOf(id)
      for (let at = home(hash); ; at = after(at)) {
        const word = table[at] ?? 0
        if (word === 0) return -1
        const slot = slotOf(word)
        if (word >>> 24 === (hash & 0xff) && ids[slot] === id) return slot
      }
    },
    add(slot) {
      if (slot >= slotMask) {
        throw usageError(
          'collection/full',
          'A table would hold more than 16,777,214 rows; narrow what is replicated.',
        )
      }
      reserve(++used)
      place(slot)
    },
    remove(id) {
      let at = home(hashOf(id))
      for (; ids[slotOf(table[at])] !== id; at = after(at)) if (table[at] === 0) return
      table[at] = 0
      used--
      // What comes after the hole is placed again, so that every search still meets no hole before its word.
      for (at = after(at); table[at] !== 0; at = after(at)) {
        const slot = slotOf(table[at])
        table[at] = 0
        place(slot)
      }
    },
  }
}

const smallest = 64
const slotMask = 0xff_ffff
/** By less, 100,000 rows in pages of 1,000 cost twice as much to apply; by more, a row takes over 8 B. */
const growth = 1.5
/** Longer runs of full words cost more than the memory they save. */
const fullest = 0.8

/** Different in each run, so that no remote can prepare ids that collide. Nothing that can be seen depends on it. */
const seed = Math.floor(systemRandom.next() * 2 ** 32)

/** Mixes every code unit; the last steps spread the bits (murmur3's finalizer). */
function hashOf(id: string): number {
  let hash = seed ^ id.length
  for (let at = 0; at < id.length; at++) hash = Math.imul(hash ^ id.charCodeAt(at), 0x5bd1_e995)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35)
  return hash ^ (hash >>> 16)
}
