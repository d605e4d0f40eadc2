import { FreshetError } from './errors.ts'
import { randomBelow, systemRandom } from './random.ts'

/**
 * Finds the slot of an id: an open-addressing hash table of one 32-bit word per
 * row, 24 bits of slot and 8 of the id's hash.
 *
 * A `Map` costs 37 B per row and repeats the ids; this costs 5 to 8 B and reads
 * the ids that the slots hold anyway. The hash bits in the word spare the visit
 * to the ids of other rows, each a cache miss.
 */
export class IdIndex {
  readonly #ids: readonly (string | undefined)[]
  #table = new Int32Array(smallest)
  #used = 0

  /** @param ids - Id by slot, owned by the caller; set before `add`, kept until `remove` returns. */
  constructor(ids: readonly (string | undefined)[]) {
    this.#ids = ids
  }

  /** The slot of an id, -1 when it has none. */
  find(id: string): number {
    const hash = hashOf(id)
    const table = this.#table
    const ids = this.#ids
    for (let at = home(hash, table.length); ; at = at + 1 === table.length ? 0 : at + 1) {
      const word = table[at] ?? 0
      if (word === 0) return -1
      const slot = (word & slotMask) - 1
      if (word >>> 24 === (hash & 0xff) && ids[slot] === id) return slot
    }
  }

  /** Adds an id that is not there. @throws {FreshetError} `collection/full` beyond 16,777,214 slots. */
  add(id: string, slot: number): void {
    if (slot >= slotMask) {
      throw new FreshetError({
        code: 'collection/full',
        kind: 'usage',
        message: 'A collection holds at most 16,777,214 rows; narrow what is replicated.',
      })
    }
    this.reserve(this.#used + 1)
    place(this.#table, hashOf(id), slot)
    this.#used++
  }

  /** Makes room for so many ids at once and places those there are. */
  reserve(count: number): void {
    if (count <= this.#table.length * fullest) return
    const old = this.#table
    this.#table = new Int32Array(Math.max(smallest, Math.ceil((count * growth) / fullest)))
    for (const word of old) {
      const slot = (word & slotMask) - 1
      if (word !== 0) place(this.#table, hashOf(this.#ids[slot] ?? ''), slot)
    }
  }

  remove(id: string): void {
    const table = this.#table
    let hole = home(hashOf(id), table.length)
    while (this.#ids[((table[hole] ?? 0) & slotMask) - 1] !== id) {
      if (table[hole] === 0) return
      hole = hole + 1 === table.length ? 0 : hole + 1
    }
    table[hole] = 0
    this.#used--
    this.#closeGap(hole)
  }

  /** Places the words after a hole again, so that every search still meets no hole before its word. */
  #closeGap(hole: number): void {
    const table = this.#table
    for (let at = hole + 1 === table.length ? 0 : hole + 1; ; at = at + 1 === table.length ? 0 : at + 1) {
      const word = table[at] ?? 0
      if (word === 0) return
      table[at] = 0
      const slot = (word & slotMask) - 1
      place(table, hashOf(this.#ids[slot] ?? ''), slot)
    }
  }
}

const smallest = 64
const slotMask = 0xff_ffff
/** By less, 100,000 rows in pages of 1,000 cost twice as much to apply; by more, a row takes over 8 B. */
const growth = 1.5
/** Longer runs of full words cost more than the memory they save. */
const fullest = 0.8

function home(hash: number, size: number): number {
  return Math.floor((hash >>> 0) * (size / 4_294_967_296))
}

function place(table: Int32Array, hash: number, slot: number): void {
  let at = home(hash, table.length)
  while (table[at] !== 0) at = at + 1 === table.length ? 0 : at + 1
  table[at] = (hash << 24) | (slot + 1)
}

/** Different in each run, so that no remote can prepare ids that collide. Nothing that can be seen depends on it. */
const seed = randomBelow(systemRandom, 2 ** 32)

/** Mixes every code unit; the last steps spread the bits (murmur3's finalizer). */
function hashOf(id: string): number {
  let hash = seed ^ id.length
  for (let at = 0; at < id.length; at++) hash = Math.imul(hash ^ id.charCodeAt(at), 0x5bd1_e995)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35)
  return hash ^ (hash >>> 16)
}
