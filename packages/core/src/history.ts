import type { Position } from './batch.ts'
import type { DraftWrite } from './draft.ts'

/** One applied stretch of a log and how to undo it. */
export type HistoryEntry<F> = {
  /** Ascending in the order of applying, also across restarts. */
  readonly number: number
  readonly upTo: Position
  readonly mark: string | undefined
  readonly undo: readonly DraftWrite[]
  /**
   * The facts of a batch that was applied late, after it had waited: a rewind to
   * between its position and its late application applies them again.
   */
  readonly lateFacts: readonly F[] | undefined
}

/**
 * What a rewind needs: the newest stretches of a log, oldest first [A3].
 *
 * Entries stand in the order of applying. A batch that waited has an entry with
 * an older `upTo` than the entries before it.
 */
export type History<F> = {
  /** The oldest position that can still be rewound to. */
  readonly oldest: Position
  entries(): readonly HistoryEntry<F>[]
  append(entry: Omit<HistoryEntry<F>, 'number'>): HistoryEntry<F>
  /** Removes and returns, newest first, all that a rewind must undo, or undefined when it is not kept. */
  takeBack(rewindTo: Position): readonly HistoryEntry<F>[] | undefined
  /** Forgets how to undo what will not be rewound; returns the forgotten entries. */
  prune(finalizedTo: Position): readonly HistoryEntry<F>[]
  /** Remembers how it stands; the returned function goes back to it. */
  save(): () => void
}

export function createHistory<F>(base: Position, kept: readonly HistoryEntry<F>[] = []): History<F> {
  let oldest = base
  let entries = [...kept]
  let nextNumber = (kept.at(-1)?.number ?? 0) + 1

  return {
    get oldest() {
      return oldest
    },
    entries: () => entries,
    append(entry) {
      const numbered = { ...entry, number: nextNumber++ }
      entries.push(numbered)
      return numbered
    },
    takeBack(rewindTo) {
      if (rewindTo < oldest) return undefined
      const first = entries.findIndex((entry) => entry.upTo > rewindTo)
      if (first < 0) return []
      const taken = entries.slice(first).reverse()
      entries = entries.slice(0, first)
      return taken
    },
    prune(finalizedTo) {
      const first = entries.findIndex((entry) => entry.upTo > finalizedTo)
      const count = first < 0 ? entries.length : first
      const forgotten = entries.slice(0, count)
      entries = entries.slice(count)
      for (const entry of forgotten) oldest = Math.max(oldest, entry.upTo)
      return forgotten
    },
    save() {
      // Only `append` changes the list in place; a copy per batch would cost what is kept.
      const saved = { oldest, entries, nextNumber }
      const { length } = entries
      return () => {
        ;({ oldest, entries, nextNumber } = saved)
        entries.length = length
      }
    },
  }
}
