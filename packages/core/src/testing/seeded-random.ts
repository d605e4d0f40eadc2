import type { Random } from '../random.ts'

/** A generator that gives the same numbers for the same seed: splitmix32. Not for secrets. */
export function createSeededRandom(seed: number): Random {
  let state = seed | 0
  return {
    next() {
      state = (state + 0x9e37_79b9) | 0
      let mixed = Math.imul(state ^ (state >>> 16), 0x85eb_ca6b)
      mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2_ae35)
      return ((mixed ^ (mixed >>> 16)) >>> 0) / 4_294_967_296
    },
  }
}
