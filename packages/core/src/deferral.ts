import type { LogBatch, Need, Position, Seq, StateBatch } from './batch.ts'
import { tableOfKey } from './draft.ts'

/** A batch that waits, with the row keys it holds back. */
export type Deferred<F> = {
  /** Ascending in the order of arrival, also across restarts. */
  readonly number: number
  readonly batch: LogBatch<F> | StateBatch
  readonly needs: readonly Need[]
  readonly keys: ReadonlySet<string>
  /** `seq` when it came; before all time in a run after that. */
  readonly receivedAt: Seq
}

/**
 * The batches that wait for something to be known, and those that wait behind
 * them because they touch the same rows [S7].
 */
export type Deferrals<F> = {
  readonly size: number
  all(): readonly Deferred<F>[]
  /** The tables that what waits will write to. */
  tables(): ReadonlySet<string>
  /** Whether a batch with these keys must queue behind one that waits. */
  blocks(keys: ReadonlySet<string>): boolean
  add(deferred: Omit<Deferred<F>, 'number'>): Deferred<F>
  /** The first that may go now, without its being removed. */
  firstReady(isReady: (need: Need) => boolean): Deferred<F> | undefined
  remove(number: number): void
  /** Drops those of a log that lie after a position; returns them [A3]. */
  dropAfter(position: Position): readonly Deferred<F>[]
  /** All needs not yet met, each once, in the order they came up. */
  needs(isReady: (need: Need) => boolean): readonly Need[]
  /** Remembers how it stands; the returned function goes back to it. */
  save(): () => void
}

export function createDeferrals<F>(kept: readonly Deferred<F>[] = []): Deferrals<F> {
  let waiting = [...kept]
  let nextNumber = (kept.at(-1)?.number ?? 0) + 1

  return {
    get size() {
      return waiting.length
    },
    all: () => waiting,
    tables: () => new Set(waiting.flatMap(({ keys }) => Array.from(keys, tableOfKey))),
    blocks: (keys) => waiting.some((deferred) => overlaps(deferred.keys, keys)),
    add(deferred) {
      const numbered = { ...deferred, number: nextNumber++ }
      waiting.push(numbered)
      return numbered
    },
    firstReady(isReady) {
      return waiting.find(
        (deferred, index) =>
          deferred.needs.every(isReady) &&
          !waiting.slice(0, index).some((earlier) => overlaps(earlier.keys, deferred.keys)),
      )
    },
    remove(number) {
      waiting = waiting.filter((deferred) => deferred.number !== number)
    },
    dropAfter(position) {
      const dropped = waiting.filter(({ batch }) => batch.kind === 'log' && batch.upTo > position)
      waiting = waiting.filter((deferred) => !dropped.includes(deferred))
      return dropped
    },
    needs(isReady) {
      return [...new Set(waiting.flatMap((deferred) => deferred.needs))].filter((need) => !isReady(need))
    },
    save() {
      const saved = { waiting, nextNumber }
      const { length } = waiting
      return () => {
        ;({ waiting, nextNumber } = saved)
        waiting.length = length
      }
    },
  }
}

function overlaps(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  const [small, large] = a.size < b.size ? [a, b] : [b, a]
  for (const key of small) if (large.has(key)) return true
  return false
}
