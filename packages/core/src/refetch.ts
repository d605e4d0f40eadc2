import type { Seq } from './batch.ts'
import { rowKeyText } from './draft.ts'
import type { RowKey } from './projection.ts'

/** A row that must be read again, and how often that was tried in vain. */
export type Wanted = RowKey & {
  readonly attempts: number
  /** A read sent before this does not settle it. */
  readonly wantedAt: Seq
}

/** After so many reads that crossed a change, a row is read again only once it is quiet [A2]. */
const refetchAttempts = 3

/** Whether it may be read at once: it was not tried too often. Others wait until it is quiet. */
export function isEager({ attempts }: Wanted): boolean {
  return attempts < refetchAttempts
}

/** The rows that must be read again, each once. */
export type Refetches = {
  readonly size: number
  /** Whether nothing is wanted and nothing was taken that is not settled yet. */
  readonly idle: boolean
  /** All that are wanted and were not taken. */
  all(): Iterable<Wanted>
  want(key: RowKey): void
  wants(key: RowKey): boolean
  /** When it was last asked for; 0 when it is not. */
  wantedAt(key: RowKey): Seq
  /** Whether a read of this row was taken and has not settled it yet. */
  awaits(key: RowKey): boolean
  /** Takes some of them, to be read; see `isEager`. */
  take(chosen: (wanted: Wanted) => boolean): readonly Wanted[]
  /** A row was told as it was at the given moment. */
  settled(key: RowKey, asOf: Seq): void
  onWanted(listener: () => void): void
}

export function createRefetches(now: () => Seq): Refetches {
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
    get idle() {
      return wanted.size === 0 && tried.size === 0
    },
    all: () => wanted.values(),
    want(key) {
      const text = rowKeyText(key.table, key.id)
      const known = wanted.has(text)
      wanted.set(text, { table: key.table, id: key.id, attempts: tried.get(text) ?? 0, wantedAt: now() })
      if (!known) wake()
    },
    wants: (key) => wanted.has(rowKeyText(key.table, key.id)),
    wantedAt: (key) => wanted.get(rowKeyText(key.table, key.id))?.wantedAt ?? 0,
    awaits: (key) => tried.has(rowKeyText(key.table, key.id)),
    take,
    settled(key, asOf) {
      if (wanted.size === 0 && tried.size === 0) return
      const text = rowKeyText(key.table, key.id)
      if (asOf < (wanted.get(text)?.wantedAt ?? -Infinity)) return
      tried.delete(text)
      wanted.delete(text)
    },
    onWanted(listener) {
      wake = listener
    },
  }
}
