import { rowKeyText } from './draft.ts'
import type { RowKey } from './projection.ts'

/** A row that must be read again, and how often that was tried in vain. */
export type Wanted = RowKey & { readonly attempts: number }

/** After so many reads that crossed a change, a row is read again only once it is quiet [A2]. */
export const refetchAttempts = 3

/** The rows that must be read again, each once. */
export type Refetches = {
  readonly size: number
  want(key: RowKey): void
  wants(key: RowKey): boolean
  /** Takes all that may be read at once: those not tried too often. */
  takeEager(): readonly Wanted[]
  /** Takes those that were tried too often; to be called after a pause. */
  takeQuiet(): readonly Wanted[]
  /** The read of a row succeeded. */
  settled(key: RowKey): void
  onWanted(listener: () => void): void
}

export function createRefetches(): Refetches {
  const wanted = new Map<string, Wanted>()
  const tried = new Map<string, number>()
  let wake = (): void => {}

  const take = (chosen: (entry: Wanted) => boolean): readonly Wanted[] => {
    const taken = [...wanted.values()].filter(chosen)
    for (const entry of taken) {
      const key = rowKeyText(entry.table, entry.id)
      wanted.delete(key)
      tried.set(key, entry.attempts + 1)
    }
    return taken
  }
  return {
    get size() {
      return wanted.size
    },
    want(key) {
      const text = rowKeyText(key.table, key.id)
      if (wanted.has(text)) return
      wanted.set(text, { table: key.table, id: key.id, attempts: tried.get(text) ?? 0 })
      wake()
    },
    wants: (key) => wanted.has(rowKeyText(key.table, key.id)),
    takeEager: () => take((entry) => entry.attempts < refetchAttempts),
    takeQuiet: () => take((entry) => entry.attempts >= refetchAttempts),
    settled(key) {
      const text = rowKeyText(key.table, key.id)
      tried.delete(text)
      wanted.delete(text)
    },
    onWanted(listener) {
      wake = listener
    },
  }
}
