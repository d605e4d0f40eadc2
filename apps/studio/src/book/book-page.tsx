import type { BookInfo } from '@freshet/cli/studio'
import { useMemo, useRef, useState } from 'react'
import { useReadable } from '../data/readable.ts'
import type { DemoLink } from '../demo/demo-link.ts'
import { Pager } from '../shell/pager.tsx'
import type { StudioPageProps } from '../shell/studio-pages.ts'
import { createBookLink, type BookView } from './book-link.ts'
import { bookNames } from './book-names.ts'
import { BookStrip } from './book-strip.tsx'
import { BookTools } from './book-tools.tsx'
import { NoBook } from './no-book.tsx'
import { PairTable, pairText } from './pair-table.tsx'
import { ReorgNotice } from './reorg-notice.tsx'
import { useComparisons } from './use-comparisons.ts'
import { VaultTable } from './vault-table.tsx'
import { WhyDrawer } from './why-drawer.tsx'
import './book.css'

/** An order book that is kept live: what it quotes here, what its chain says, and what is in its vaults. */
export function BookPage({ config, demo }: StudioPageProps) {
  const { book } = config
  return book?.kind === 'local' ? <OpenBook info={book} demo={demo} /> : <NoBook why={book?.why} />
}

type OpenBookProps = { readonly info: BookInfo; readonly demo: DemoLink | undefined }

const zeroAddress = `0x${'0'.repeat(40)}`
const noDemo = { get: () => undefined, subscribe: () => () => undefined }
const pageSizes = [25, 50]

function OpenBook({ info, demo }: OpenBookProps) {
  const view = useReadable(useMemo(() => createBookLink(info.orderbook), [info]))
  const market = useReadable(demo ?? noDemo)?.market
  const [counterparty, setCounterparty] = useState<string>()
  const [openId, setOpenId] = useState<string>()
  const [paging, setPaging] = useState({ page: 0, pageSize: 25 })
  const opener = useRef<Element>(null)
  const names = useMemo(() => bookNames(info), [info])
  const pages = Math.max(1, Math.ceil(view.pairs.size / paging.pageSize))
  const page = Math.min(paging.page, pages - 1)
  const rows = useMemo(() => {
    const place = new Map(info.orders.map(({ hash }, at) => [hash, at]))
    const keyOf = (id: string, order: string) =>
      `${String(place.get(order) ?? info.orders.length).padStart(6, '0')} ${id}`
    return [...view.pairs.values()]
      .toSorted((a, b) => (keyOf(a.id, a.order) < keyOf(b.id, b.order) ? -1 : 1))
      .slice(page * paging.pageSize, (page + 1) * paging.pageSize)
  }, [view.pairs, info, page, paging.pageSize])
  const comparisons = useCompared(info, view, rows, counterparty, market?.reorg?.atUnixMs)
  const block = view.health?.block ?? undefined
  const openRow = openId === undefined ? undefined : view.pairs.get(openId)
  const close = (): void => {
    setOpenId(undefined)
    if (opener.current instanceof HTMLElement) opener.current.focus()
  }
  return (
    <main className="page book">
      <BookStrip view={view} />
      <BookTools {...{ info, demo, market, counterparty }} onCounterparty={setCounterparty} />
      <ReorgNotice reorg={market?.reorg ?? null} />
      <div className="work">
        <div className="book-lists">
          <section aria-label="Quotes">
            <h2>
              Quotes <span className="count">{view.pairs.size.toLocaleString('en')} pairs</span>
              {pages > 1 && (
                <Pager
                  {...{ page, pages, pageSizes, pageSize: paging.pageSize }}
                  onPage={(next) => setPaging({ ...paging, page: next })}
                  onPageSize={(pageSize) => setPaging({ page: 0, pageSize })}
                />
              )}
            </h2>
            <div className="book-scroll">
              <PairTable
                {...{ rows, names, comparisons, counterparty, block, openId }}
                orders={view.orders}
                onOpen={(id) => {
                  opener.current = document.activeElement
                  setOpenId(id === openId ? undefined : id)
                }}
              />
            </div>
          </section>
          <section aria-label="Vaults">
            <h2>
              Vaults <span className="count">{view.vaults.length.toLocaleString('en')}</span>
            </h2>
            <div className="book-scroll">
              <VaultTable vaults={view.vaults} names={names} />
            </div>
          </section>
        </div>
        {openRow && (
          <WhyDrawer
            title={`${names.order(openRow.order)}, ${pairText(openRow, view.orders, names)}`}
            row={openRow}
            comparison={comparisons.get(openRow.id)}
            counterparty={counterparty ?? zeroAddress}
            block={block}
            onClose={close}
          />
        )}
      </div>
    </main>
  )
}

/** The rows on screen, compared anew with each block, and with each fork. */
function useCompared(
  info: BookInfo,
  { health }: BookView,
  rows: readonly { readonly id: string }[],
  counterparty = zeroAddress,
  forkedAt = 0,
) {
  const version = typeof health?.block !== 'number' ? '' : `${health.block} ${forkedAt}`
  const shown = version === '' ? '' : rows.map(({ id }) => id).join(' ')
  const wanted = useMemo(
    () => ({ ids: shown === '' ? [] : shown.split(' '), counterparty, version }),
    [shown, counterparty, version],
  )
  return useComparisons(info.orderbook, wanted)
}
