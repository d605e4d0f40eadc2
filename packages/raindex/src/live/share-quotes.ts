import { FreshetError } from '@freshet/core'
import type { Address } from '../engine/index.ts'
import type { Quotes } from './open-quotes.ts'

export type SharedQuotesOptions = {
  /** Opens the quotes of a counterparty, best with the scope `focus`. */
  readonly open: (counterparty: Address) => Quotes
  /** Counterparties whose quotes are kept at once. Default 8. */
  readonly mostCounterparties?: number | undefined
  /** Pairs that all readers of a counterparty may have in focus together. Default 1,000. */
  readonly mostPairs?: number | undefined
}

/** Quotes for readers who would take by themselves, each for an address of their own. */
export interface SharedQuotes {
  /**
   * The quotes of a counterparty, shared by all who ask for the same.
   *
   * @throws {FreshetError} `quotes/too-many-counterparties` (retryable): as many others are being read. Try again when
   * one of them is released.
   */
  acquire(counterparty: Address): QuotesLease
  /** Closes the quotes of all. */
  close(): void
}

/** One reader's hold on the quotes of a counterparty. */
export interface QuotesLease {
  readonly quotes: Pick<Quotes, 'collection' | 'readSet' | 'settled'>
  /**
   * What this reader looks at, in place of what was looked at before.
   *
   * @throws {FreshetError} `quotes/too-many-pairs`: the readers of this counterparty look at more together than is
   * allowed. What was looked at before stays.
   */
  focus(ids: Iterable<string>): void
  /** The quotes are closed when nobody holds them. Releasing twice does nothing. */
  release(): void
}

type Opened = { readonly quotes: Quotes; readonly focusOf: Map<object, ReadonlySet<string>> }

/** Shares quotes by counterparty, so that what they cost is bounded however many read them. */
export function shareQuotes(options: SharedQuotesOptions): SharedQuotes {
  const { open, mostCounterparties = 8, mostPairs = 1_000 } = options
  const opened = new Map<Address, Opened>()

  function openFor(counterparty: Address): Opened {
    if (opened.size >= mostCounterparties) throw tooManyCounterparties(mostCounterparties)
    const fresh: Opened = { quotes: open(counterparty), focusOf: new Map() }
    opened.set(counterparty, fresh)
    return fresh
  }

  return {
    acquire(counterparty) {
      const shared = opened.get(counterparty) ?? openFor(counterparty)
      const { quotes, focusOf } = shared
      const reader = {}
      focusOf.set(reader, new Set())
      return {
        quotes,
        focus(ids) {
          const before = focusOf.get(reader)
          if (before === undefined) return
          focusOf.set(reader, new Set(ids))
          const all = unionOf(focusOf)
          if (all.size > mostPairs) {
            focusOf.set(reader, before)
            throw tooManyPairs(all.size, mostPairs)
          }
          quotes.focus(all)
        },
        release() {
          if (!focusOf.delete(reader)) return
          if (focusOf.size > 0) return quotes.focus(unionOf(focusOf))
          if (opened.get(counterparty) === shared) opened.delete(counterparty)
          quotes.close()
        },
      }
    },
    close() {
      for (const { quotes } of opened.values()) quotes.close()
      opened.clear()
    },
  }
}

function unionOf(focusOf: ReadonlyMap<object, ReadonlySet<string>>): ReadonlySet<string> {
  return new Set([...focusOf.values()].flatMap((ids) => [...ids]))
}

function tooManyCounterparties(most: number): FreshetError {
  const message = `Quotes of ${most} counterparties are being read, which is as many as may be. Try again later.`
  return new FreshetError({
    ...{ code: 'quotes/too-many-counterparties', kind: 'remote', retryable: true, message },
  })
}

function tooManyPairs(count: number, most: number): FreshetError {
  const message = `${count} pairs would be quoted for this counterparty, and at most ${most} may be. Look at fewer.`
  return new FreshetError({ code: 'quotes/too-many-pairs', kind: 'usage', message })
}
