import type { Readable } from '../data/readable.ts'
import type { BesideAnswer } from './book-answers.ts'

/** What the chain has answered for a pair. */
export type Comparison = {
  /** The last one that came; it stands while there is no newer one. */
  readonly answer: BesideAnswer | undefined
  /** Why there is no newer one. */
  readonly trouble: string | undefined
}

/** What is to be compared: pairs that are on screen, for whom, and of which state. */
export type Wanted = {
  readonly ids: readonly string[]
  readonly counterparty: string
  /** Another one means that the state has changed. */
  readonly version: string
}

export type Comparisons = Readable<ReadonlyMap<string, Comparison>> & {
  want(wanted: Wanted): void
}

export type AskBeside = (id: string, counterparty: string, signal: AbortSignal) => Promise<BesideAnswer>

/** A browser keeps six connections to one address; two are streams, and buttons need some. */
const atOnce = 2

/**
 * Compares the pairs that are wanted, few at a time, those first that have waited longest. A pair is asked for once in
 * each state; what was answered for another counterparty is forgotten. Nothing is asked while nobody listens.
 */
export function createComparisons(ask: AskBeside): Comparisons {
  const listeners = new Set<() => void>()
  const asked = new Map<string, { readonly version: string; readonly turn: number }>()
  let wanted: Wanted = { ids: [], counterparty: '', version: '' }
  let found: ReadonlyMap<string, Comparison> = new Map()
  let ending = new AbortController()
  let running = 0
  let turns = 0

  const set = (next: ReadonlyMap<string, Comparison>): void => {
    found = next
    for (const listener of listeners) listener()
  }
  const nextId = (): string | undefined => {
    let best: string | undefined
    let bestTurn = Infinity
    for (const id of wanted.ids) {
      const { version, turn = -1 } = asked.get(id) ?? {}
      if (version === wanted.version || turn >= bestTurn) continue
      best = id
      bestTurn = turn
    }
    return best
  }
  const compare = async (id: string, { signal }: AbortController): Promise<void> => {
    const last = (): BesideAnswer | undefined => found.get(id)?.answer
    let comparison: Comparison
    try {
      comparison = { answer: await ask(id, wanted.counterparty, signal), trouble: undefined }
    } catch (error) {
      comparison = { answer: last(), trouble: error instanceof Error ? error.message : String(error) }
    }
    if (!signal.aborted && wanted.ids.includes(id)) set(new Map(found).set(id, comparison))
  }
  const pump = (): void => {
    while (running < atOnce && listeners.size > 0) {
      const id = nextId()
      if (id === undefined) return
      asked.set(id, { version: wanted.version, turn: turns++ })
      running++
      void compare(id, ending).then(() => {
        running--
        pump()
      })
    }
  }
  const startAnew = (): void => {
    ending.abort()
    ending = new AbortController()
    asked.clear()
    set(new Map())
  }
  /** What is no more on screen, so that this does not grow. */
  const forgetOthers = (ids: ReadonlySet<string>): void => {
    for (const id of asked.keys()) if (!ids.has(id)) asked.delete(id)
    const kept = [...found].filter(([id]) => ids.has(id))
    if (kept.length < found.size) set(new Map(kept))
  }
  return {
    get: () => found,
    subscribe(listener) {
      listeners.add(listener)
      pump()
      return () => {
        listeners.delete(listener)
        if (listeners.size === 0) startAnew()
      }
    },
    want(next) {
      const isOther = next.counterparty !== wanted.counterparty
      wanted = next
      if (isOther) startAnew()
      else forgetOthers(new Set(next.ids))
      pump()
    },
  }
}
