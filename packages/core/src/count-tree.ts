/**
 * Counts of an ordered list of parts, with the sum before a part in O(log
 * parts): a Fenwick tree (P. Fenwick, 1994).
 */
export class CountTree {
  #sums: number[] = []

  /** Starts again from these counts. */
  build(counts: readonly number[]): void {
    const sums = [0, ...counts]
    for (let at = 1; at < sums.length; at++) {
      const parent = at + (at & -at)
      if (parent < sums.length) sums[parent] = (sums[parent] ?? 0) + (sums[at] ?? 0)
    }
    this.#sums = sums
  }

  add(part: number, amount: number): void {
    const sums = this.#sums
    for (let at = part + 1; at < sums.length; at += at & -at) sums[at] = (sums[at] ?? 0) + amount
  }

  /** The sum of all parts before this one. */
  before(part: number): number {
    let sum = 0
    for (let at = part; at > 0; at -= at & -at) sum += this.#sums[at] ?? 0
    return sum
  }
}
