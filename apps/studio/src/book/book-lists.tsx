import { useState } from 'react'
import type { BookView } from './book-link.ts'
import type { BookNames } from './book-names.ts'
import type { Comparison } from './comparisons.ts'
import { OrderGrid } from './order-grid.tsx'
import { PairGrid } from './pair-grid.tsx'
import { useNarrow } from './use-narrow.ts'
import { VaultGrid } from './vault-grid.tsx'

export type BookListsProps = {
  readonly view: BookView
  readonly names: BookNames
  readonly comparisons: ReadonlyMap<string, Comparison>
  readonly counterparty: string | undefined
  readonly sought: string
  readonly openId: string | undefined
  onOpen(id: string): void
  onShown(ids: readonly string[]): void
}

/** The quotes, and below them the vaults or the orders. */
export function BookLists(props: BookListsProps) {
  const { view, names, sought, openId, onOpen, comparisons, counterparty, onShown } = props
  const { pairs, orders, vaults, isRead, health } = view
  const isNarrow = useNarrow()
  const [below, setBelow] = useState<'vaults' | 'orders'>('vaults')
  const count = (size: number): string => size.toLocaleString('en')
  const openFirstPair = (hash: string): void => {
    const first = [...pairs.byId.keys()].find((id) => id.startsWith(`${hash}/`))
    if (first !== undefined) onOpen(first)
  }
  return (
    <div className="book-lists">
      <section className="book-list book-list-pairs" aria-label="Quotes">
        <h2>
          Quotes <span className="count">{count(pairs.byId.size)} pairs</span>
        </h2>
        <PairGrid
          {...{ pairs, orders, names, comparisons, counterparty, openId, sought, isNarrow, isRead }}
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
              {kind === 'vaults' ? 'Vaults' : 'Orders'}{' '}
              <span className="count">{count((kind === 'vaults' ? vaults : orders).byId.size)}</span>
            </button>
          ))}
        </div>
        {below === 'vaults' ? (
          <VaultGrid {...{ vaults, names, sought, isRead }} />
        ) : (
          <OrderGrid
            {...{ orders, names, sought, isRead }}
            openOrder={openId?.split('/', 1)[0]}
            onOpen={openFirstPair}
          />
        )}
      </section>
    </div>
  )
}
