import { runnableBasis, type QuoteEntry } from './quote-entry.ts'

/** What waits to be quoted: what is in focus before all else, then first come, first served. */
export type QuoteQueue = {
  readonly size: number
  /** Whether something waits that is to be quoted on this thread. */
  hasOwn(): boolean
  add(entry: QuoteEntry): void
  remove(entry: QuoteEntry): void
  /** Names what goes first from now on; `find` tells what waits. */
  focus(ids: ReadonlySet<string>, find: (id: string) => QuoteEntry | undefined): void
  /** The next for this thread. */
  take(): QuoteEntry | undefined
  /** The next that a worker may quote. */
  takeFor(worker: number): QuoteEntry | undefined
  /** Gives what waits for workers to this thread. */
  takeBack(): void
}

/** After so many, workers are not asked for a quote again. */
const mostMisses = 3

export function createQuoteQueue(workers: number): QuoteQueue {
  const [urgent, own] = [createLane(), createLane()]
  const lanes = Array.from({ length: workers }, createLane)
  let focused: ReadonlySet<string> = new Set()
  let size = 0

  const laneOf = (entry: QuoteEntry): Lane => {
    if (focused.has(entry.id)) return urgent
    const mayGo = entry.misses < mostMisses && runnableBasis(entry) !== undefined
    return (mayGo ? lanes[entry.slot % workers] : undefined) ?? own
  }
  const remove = (entry: QuoteEntry): void => {
    if (!entry.isQueued) return
    entry.isQueued = false
    size--
  }
  const taken = (entry: QuoteEntry | undefined): QuoteEntry | undefined => {
    if (entry !== undefined) remove(entry)
    return entry
  }
  return {
    get size() {
      return size
    },
    hasOwn: () => urgent.peek() !== undefined || own.peek() !== undefined,
    add(entry) {
      if (entry.isQueued) return
      entry.isQueued = true
      size++
      laneOf(entry).push(entry)
    },
    remove,
    focus(ids, find) {
      focused = ids
      for (const id of ids) {
        const entry = find(id)
        // It stays in its lane too, and is passed over there.
        if (entry?.isQueued === true) urgent.push(entry)
      }
    },
    take: () => taken(urgent.take() ?? own.take()),
    takeFor(worker) {
      const lane = lanes[worker]
      for (let entry = lane?.take(); entry !== undefined; entry = lane?.take()) {
        if (runnableBasis(entry) !== undefined) return taken(entry)
        // A row has changed since it was put there.
        own.push(entry)
      }
      return undefined
    },
    takeBack() {
      for (const lane of lanes) {
        for (let entry = lane.take(); entry !== undefined; entry = lane.take()) own.push(entry)
      }
    },
  }
}

type Lane = {
  push(entry: QuoteEntry): void
  peek(): QuoteEntry | undefined
  take(): QuoteEntry | undefined
}

/** First in, first out. Passes over what waits no more, because it was taken elsewhere or dropped. */
function createLane(): Lane {
  let entries: QuoteEntry[] = []
  let at = 0
  const peek = (): QuoteEntry | undefined => {
    while (entries[at]?.isQueued === false) at++
    return entries[at]
  }
  return {
    push: (entry) => void entries.push(entry),
    peek,
    take() {
      const entry = peek()
      if (entry !== undefined) at++
      if (at === entries.length) {
        entries = []
        at = 0
      }
      return entry
    },
  }
}
