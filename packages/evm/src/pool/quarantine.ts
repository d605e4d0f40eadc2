/** Options of {@link Quarantine}. */
export type QuarantineOptions = {
  /** Calls in a row that burn all their gas before a key is shut out. Default 3. */
  readonly strikes?: number | undefined
  /** How long the first time; each further time doubles it, up to an hour. Default 60,000. */
  readonly firstMs?: number | undefined
}

const longestMs = 3_600_000
/** Keys remembered; the one that was longest without an event goes first. */
const mostKeys = 10_000

type Record = { strikes: number; until: number; lastMs: number }

/** Shuts out what burns its gas limit again and again, so that it does not starve the rest. */
export class Quarantine {
  readonly #strikes: number
  readonly #firstMs: number
  readonly #now: () => number
  readonly #records = new Map<string, Record>()

  constructor(now: () => number, options: QuarantineOptions = {}) {
    this.#now = now
    this.#strikes = options.strikes ?? 3
    this.#firstMs = options.firstMs ?? 60_000
  }

  /** Nothing to look up: the usual case, in which nobody needs to make a key. */
  get isEmpty(): boolean {
    return this.#records.size === 0
  }

  isShutOut(key: string): boolean {
    return (this.#records.get(key)?.until ?? 0) > this.#now()
  }

  /** Notes how a call ended. One that did not burn its gas clears the key. */
  note(key: string, burned: boolean): void {
    const old = this.#records.get(key)
    this.#records.delete(key)
    if (!burned) return
    const record = old ?? { strikes: 0, until: 0, lastMs: 0 }
    record.strikes++
    if (record.strikes >= this.#strikes) {
      record.lastMs = record.lastMs === 0 ? this.#firstMs : Math.min(record.lastMs * 2, longestMs)
      record.until = this.#now() + record.lastMs
    }
    this.#records.set(key, record)
    if (this.#records.size > mostKeys) this.#forgetOldest()
  }

  release(key: string): void {
    this.#records.delete(key)
  }

  #forgetOldest(): void {
    for (const key of this.#records.keys()) {
      this.#records.delete(key)
      return
    }
  }
}
