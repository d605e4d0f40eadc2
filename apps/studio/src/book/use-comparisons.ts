import { useEffect, useMemo } from 'react'
import { useReadable } from '../data/readable.ts'
import { askBook, type BesideAnswer } from './book-answers.ts'
import { createComparisons, type Comparison, type Wanted } from './comparisons.ts'

/** The comparisons of what is wanted, as they come. */
export function useComparisons(orderbook: string, wanted: Wanted): ReadonlyMap<string, Comparison> {
  const comparisons = useMemo(
    () =>
      createComparisons((id, counterparty, signal) => {
        const [order, input, output] = id.split('/')
        const query = `input=${input}&output=${output}&counterparty=${counterparty}`
        return askBook<BesideAnswer>(`books/${orderbook}/quotes/${order}?${query}`, signal)
      }),
    [orderbook],
  )
  useEffect(() => comparisons.want(wanted), [comparisons, wanted])
  return useReadable(comparisons)
}
