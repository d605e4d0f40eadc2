import type { Clock } from '@freshet/core'
import type { Address } from '@freshet/raindex/engine'
import { shareQuotes, type Quotes, type QuoteRow, type QuotesLease } from '@freshet/raindex/live'

/** Quotes of those who would take by themselves, made when they are asked for. */
export type CounterpartyQuotes = {
  /**
   * Quotes of some pairs for one counterparty, each behind its id, in the order of `ids`. What is no pair is left out.
   *
   * @throws {FreshetError} `quotes/too-many-counterparties`, `quotes/too-many-pairs`.
   */
  rows(
    counterparty: Address,
    ids: readonly string[],
  ): Promise<readonly (readonly [id: string, row: QuoteRow])[]>
  /**
   * Quotes of some pairs for one counterparty, told as they are and then as they change.
   *
   * @param tell - Undefined instead of a row: the pair is gone.
   * @throws {FreshetError} `quotes/too-many-counterparties`.
   */
  follow(counterparty: Address, tell: (id: string, row: QuoteRow | undefined) => void): FollowedQuotes
  close(): void
}

type FollowedQuotes = {
  /** The pairs that are told from now on. @throws {FreshetError} `quotes/too-many-pairs`: those from before stay. */
  focus(ids: Iterable<string>): void
  end(): void
}

export type CounterpartyQuotesOptions = {
  readonly open: (counterparty: Address) => Quotes
  readonly clock: Clock
  /** Counterparties whose quotes are kept up to date at once. Default 8. */
  readonly most?: number | undefined
  /** How long quotes are kept up to date that nobody asks for again. Default 30,000. */
  readonly keptMs?: number | undefined
}

/**
 * What was asked for last by a counterparty is kept up to date for a while, so that asking again costs nothing. For
 * another counterparty the one makes room that has not asked for the longest time.
 */
export function createCounterpartyQuotes(options: CounterpartyQuotesOptions): CounterpartyQuotes {
  const { open, clock, most = 8, keptMs = 30_000 } = options
  const shared = shareQuotes({ open, mostCounterparties: most })
  /** The last answer to each, the longest ago first. */
  const kept = new Map<Address, { readonly lease: QuotesLease; readonly cancel: () => void }>()

  const letGo = (counterparty: Address): void => {
    const known = kept.get(counterparty)
    kept.delete(counterparty)
    known?.cancel()
    known?.lease.release()
  }
  const keep = (counterparty: Address, lease: QuotesLease): void => {
    letGo(counterparty)
    kept.set(counterparty, { lease, cancel: clock.schedule(() => letGo(counterparty), keptMs) })
  }
  const acquire = (counterparty: Address): QuotesLease => {
    for (;;) {
      try {
        return shared.acquire(counterparty)
      } catch (error) {
        const [longestAgo] = kept.keys()
        if (longestAgo === undefined) throw error
        letGo(longestAgo)
      }
    }
  }
  return {
    async rows(counterparty, ids) {
      const lease = acquire(counterparty)
      try {
        lease.focus(ids)
        await lease.quotes.settled()
        return ids.flatMap((id) => {
          const row = lease.quotes.collection.get(id)
          return row === undefined ? [] : [[id, row] as const]
        })
      } finally {
        keep(counterparty, lease)
      }
    },
    follow(counterparty, tell) {
      const lease = acquire(counterparty)
      const { collection } = lease.quotes
      let focused: ReadonlySet<string> = new Set()
      const stop = collection.subscribe(({ ids }) => {
        for (const id of ids === 'all' ? focused : ids) if (focused.has(id)) tell(id, collection.get(id))
      })
      return {
        focus(ids) {
          const [before, next] = [focused, new Set(ids)]
          // What another reader looks at is there at once, and not told again.
          lease.focus(next)
          focused = next
          for (const id of next) {
            const row = before.has(id) ? undefined : collection.get(id)
            if (row !== undefined) tell(id, row)
          }
        },
        end() {
          stop()
          lease.release()
        },
      }
    },
    close() {
      for (const counterparty of [...kept.keys()]) letGo(counterparty)
      shared.close()
    },
  }
}
