import type { Row } from './value.ts'

/** What a collection keeps up to date row by row. */
export interface Derived {
  /** A visible row came, changed or went; `slot` already holds `after`. */
  change(slot: number, before: Row | undefined, after: Row | undefined): void
  /** Any number of rows changed at once: start again from the slots. */
  rebuild(): void
}

/** What a collection's listeners are shown. */
export interface Output {
  /** The batch is applied: take note of what it changed. */
  settle(): void
  /** Calls the listeners when there is something new. */
  notify(): void
}
