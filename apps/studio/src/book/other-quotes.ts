import type { Readable } from '../data/readable.ts'
import type { ToldPair } from './book-answers.ts'
import type { Wanted } from './comparisons.ts'

/** What is quoted here for a counterparty that was chosen, by pair. */
export type OtherQuotes = Readable<ReadonlyMap<string, ToldPair>> & {
  /** Undefined: none was chosen. */
  want(wanted: Wanted | undefined): void
}

export type AskQuotes = (
  ids: readonly string[],
  counterparty: string,
  signal: AbortSignal,
) => Promise<readonly (ToldPair & { readonly id: string })[]>

/** Their ids fit into an address. */
const atOnce = 20

/**
 * Asks for the quotes that are wanted, one question at a time, and then for the newest that are. The last ones stand
 * until then; those for another counterparty are forgotten. Where they cannot be had the comparison brings them.
 */
export function createOtherQuotes(ask: AskQuotes): OtherQuotes {
  const listeners = new Set<() => void>()
  let wanted: Wanted | undefined
  let found: ReadonlyMap<string, ToldPair> = new Map()
  let ending = new AbortController()
  let isAsking = false

  const set = (next: ReadonlyMap<string, ToldPair>): void => {
    found = next
    for (const listener of listeners) listener()
  }
  const askFor = async (now: Wanted): Promise<void> => {
    for (let at = 0; at < now.ids.length && wanted === now; at += atOnce) {
      const { signal } = ending
      const rows = await ask(now.ids.slice(at, at + atOnce), now.counterparty, signal).catch(() => [])
      if (signal.aborted) return
      const asked = new Set(now.ids)
      const kept = [...found].filter(([id]) => asked.has(id))
      set(new Map([...kept, ...rows.map((row) => [row.id, row] as const)]))
    }
  }
  const run = async (): Promise<void> => {
    isAsking = true
    for (let done: Wanted | undefined; wanted !== undefined && wanted !== done && listeners.size > 0;) {
      done = wanted
      await askFor(done)
    }
    isAsking = false
  }
  const startAnew = (): void => {
    ending.abort()
    ending = new AbortController()
    if (found.size > 0) set(new Map())
  }
  return {
    get: () => found,
    subscribe(listener) {
      listeners.add(listener)
      if (!isAsking) void run()
      return () => {
        listeners.delete(listener)
        if (listeners.size === 0) startAnew()
      }
    },
    want(next) {
      const isOther = next?.counterparty !== wanted?.counterparty
      wanted = next
      if (isOther) startAnew()
      if (!isAsking) void run()
    },
  }
}
