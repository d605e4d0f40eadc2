import type { Collection } from '@freshet/core'
import { useMemo, useState } from 'react'
import { useReadable } from '../data/readable.ts'
import type { ToldPair } from './book-answers.ts'
import type { BookLink, BookView } from './book-link.ts'
import type { Comparison } from './comparisons.ts'
import { OrderGrid } from './order-grid.tsx'
import { PairGrid } from './pair-grid.tsx'
import { useNarrow } from './use-narrow.ts'
import { VaultGrid } from './vault-grid.tsx'

export type BookListsProps = {
  readonly link: Pick<BookLink, 'pairs' | 'orders' | 'vaults'>
  readonly view: BookView
  readonly comparisons: ReadonlyMap<string, Comparison>
  readonly others: ReadonlyMap<string, ToldPair>
  readonly counterparty: string | undefined
  readonly sought: string
  readonly openId: string | undefined
  onOpen(id: string): void
  onShown(ids: readonly string[]): void
}

/** The quotes, and below them the vaults or the orders. */
export function BookLists(props: BookListsProps) {
  const { view, sought, openId, onOpen, comparisons, others, counterparty, onShown } = props
  const { pairs, orders, vaults } = props.link
  const { isRead, health } = view
  const sizes = { pairs: useSize(pairs), orders: useSize(orders), vaults: useSize(vaults) }
  const isNarrow = useNarrow()
  const [below, setBelow] = useState<'vaults' | 'orders'>('vaults')
  const count = (size: number): string => size.toLocaleString('en')
  return (
    <div className="book-lists">
      <section className="book-list book-list-pairs" aria-label="Quotes">
        <h2>
          Quotes <span className="count">{count(sizes.pairs)} pairs</span>
        </h2>
        <PairGrid
          {...{ pairs, comparisons, others, counterparty, openId, sought, isNarrow, isRead }}
          block={health?.block ?? undefined}
          onOpen={onOpen}
          onShown={onShown}
        />
      </section>
      <section className="book-list" aria-label="Vaults and orders">
        <div className="book-tabs" role="tablist" aria-label="Vaults or orders">
          {(['vaults', 'orders'] as const).map((kind) => (
            <button
              key={kind}
              type="button"
              role="tab"
              aria-selected={kind === below}
              onClick={() => setBelow(kind)}
            >
              {kind === 'vaults' ? 'Vaults' : 'Orders'} <span className="count">{count(sizes[kind])}</span>
            </button>
          ))}
        </div>
        {below === 'vaults' ? (
          <VaultGrid {...{ vaults, sought, isRead }} />
        ) : (
          <OrderGrid {...{ orders, sought, isRead, onOpen }} openOrder={openId?.split('/', 1)[0]} />
        )}
      </section>
    </div>
  )
}

/** How many rows there are, as they come and go. */
function useSize(rows: Pick<Collection, 'size' | 'subscribe'>): number {
  return useReadable(useMemo(() => ({ get: () => rows.size, subscribe: rows.subscribe }), [rows]))
}
