import { useEffect, useMemo } from 'react'
import { useReadable } from '../data/readable.ts'
import { askBook, type ToldPair } from './book-answers.ts'
import type { Wanted } from './comparisons.ts'
import { createOtherQuotes } from './other-quotes.ts'

type Answer = { readonly rows: readonly (ToldPair & { readonly id: string })[] }

/** What is quoted here for the counterparty that is wanted. */
export function useOtherQuotes(orderbook: string, wanted: Wanted | undefined): ReadonlyMap<string, ToldPair> {
  const quotes = useMemo(
    () =>
      createOtherQuotes(async (ids, counterparty, signal) => {
        const named = ids.map((id) => `id=${encodeURIComponent(id)}`).join('&')
        const path = `books/${orderbook}/quotes?counterparty=${counterparty}&${named}`
        return (await askBook<Answer>(path, signal)).rows
      }),
    [orderbook],
  )
  useEffect(() => quotes.want(wanted), [quotes, wanted])
  return useReadable(quotes)
}
