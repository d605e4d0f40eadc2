import { compareAscending, matches, windowRows, type BenchItem, type Change } from './workload.ts'

/**
 * What a careful programmer writes by hand for this one query: a plain Map, a
 * sorted array of the matches and a callback. The figure to be held against.
 *
 * The array ascends, so that the window is at its end, where a splice moves least.
 */
export class PlainLimit {
  readonly #rows = new Map<string, BenchItem>()
  readonly #overlay = new Map<string, BenchItem>()
  #sorted: BenchItem[] = []
  #dirty = false
  readonly #callback: (window: readonly BenchItem[]) => void

  constructor(callback: (window: readonly BenchItem[]) => void) {
    this.#callback = callback
  }

  load(rows: readonly BenchItem[]): void {
    for (const row of rows) this.#rows.set(row.id, row)
    this.#sorted = rows.filter(matches).sort(compareAscending)
    this.#dirty = true
    this.#flush()
  }

  get(id: string): BenchItem | undefined {
    return (this.#overlay.size > 0 ? this.#overlay.get(id) : undefined) ?? this.#rows.get(id)
  }

  /** The Map itself, for the bare read. */
  get map(): ReadonlyMap<string, BenchItem> {
    return this.#rows
  }

  apply(changes: readonly Change[]): void {
    for (const { id, row } of changes) {
      const old = this.#rows.get(id)
      this.#rows.set(id, row)
      this.#replace(old, row)
    }
    this.#flush()
  }

  layer(id: string, row: BenchItem): void {
    const old = this.#rows.get(id)
    this.#overlay.set(id, row)
    this.#replace(old, row)
    this.#flush()
  }

  rollback(id: string): void {
    const old = this.#overlay.get(id)
    this.#overlay.delete(id)
    this.#replace(old, this.#rows.get(id))
    this.#flush()
  }

  #replace(old: BenchItem | undefined, row: BenchItem | undefined): void {
    const was = old !== undefined && matches(old)
    const is = row !== undefined && matches(row)
    if (was) {
      const at = this.#place(old)
      this.#sorted.splice(at, 1)
      if (at >= this.#sorted.length - windowRows) this.#dirty = true
    }
    if (is) {
      const at = this.#place(row)
      this.#sorted.splice(at, 0, row)
      if (at >= this.#sorted.length - windowRows) this.#dirty = true
    }
  }

  #place(row: BenchItem): number {
    let low = 0
    let high = this.#sorted.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const other = this.#sorted[middle]
      if (other !== undefined && compareAscending(other, row) < 0) low = middle + 1
      else high = middle
    }
    return low
  }

  #flush(): void {
    if (!this.#dirty) return
    this.#dirty = false
    this.#callback(this.#sorted.slice(-windowRows).reverse())
  }
}
