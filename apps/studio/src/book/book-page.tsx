import type { BookInfo, NamedBook } from '@freshet/cli/studio'
import type { Collection, Row } from '@freshet/core'
import { useCallback, useMemo, useRef, useState } from 'react'
import { useReadable } from '../data/readable.ts'
import type { DemoLink } from '../demo/demo-link.ts'
import type { StudioPageProps } from '../shell/studio-pages.ts'
import { bookAddress, readBookAddress } from './book-address.ts'
import { createBookLink, type BookView } from './book-link.ts'
import { BookLists } from './book-lists.tsx'
import { bookNames } from './book-names.ts'
import { BookStrip } from './book-strip.tsx'
import { BookTools } from './book-tools.tsx'
import { zeroAddress } from './book-words.ts'
import type { Wanted } from './comparisons.ts'
import { NoBook } from './no-book.tsx'
import { ReorgNotice } from './reorg-notice.tsx'
import { useComparisons } from './use-comparisons.ts'
import { useOtherQuotes } from './use-other-quotes.ts'
import { WhyDrawer } from './why-drawer.tsx'
import './book.css'

/** Order books that are kept live: what each quotes here, what its chain says, and what is in its vaults. */
export function BookPage({ config, demo }: StudioPageProps) {
  const { book } = config
  return book?.kind === 'local' ? <OpenBooks info={book} demo={demo} /> : <NoBook why={book?.why} />
}

type OpenBooksProps = { readonly info: BookInfo; readonly demo: DemoLink | undefined }

/** The book that the address names, else the first. */
function OpenBooks({ info, demo }: OpenBooksProps) {
  const [named, setNamed] = useState(() => readBookAddress(location.hash.slice(1)).book)
  const book = info.books.find(({ orderbook }) => orderbook === named) ?? info.books[0]
  if (book === undefined) return <NoBook why={undefined} />
  const choose = (orderbook: string): void => {
    setNamed(orderbook)
    history.replaceState(null, '', `#${bookAddress({ book: orderbook })}`)
  }
  return <OpenBook key={book.orderbook} {...{ info, book, demo }} onBook={choose} />
}

type OpenBookProps = OpenBooksProps & { readonly book: NamedBook; onBook(orderbook: string): void }

const noDemo = { get: () => undefined, subscribe: () => () => undefined }
const none: readonly string[] = []

function OpenBook({ info, book, demo, onBook }: OpenBookProps) {
  const { orderbook } = book
  const link = useMemo(() => createBookLink(info, book), [info, book])
  const view = useReadable(link)
  const market = useReadable(demo ?? noDemo)?.market
  const [counterparty, setCounterparty] = useState<string>()
  const [sought, setSought] = useState('')
  const [shown, setShown] = useState(none)
  const { openId, open, close } = useOpenRow()
  const names = useMemo(() => bookNames(info, book), [info, book])
  const wanted = useWanted(view, shown, counterparty, market?.reorg?.atUnixMs)
  const comparisons = useComparisons(orderbook, wanted)
  const others = useOtherQuotes(orderbook, counterparty === undefined ? undefined : wanted)
  const openRow = useRow(link.pairs, openId)
  const lists = { link, view, comparisons, others, counterparty, sought, openId }
  return (
    <main className="page book">
      <BookStrip view={view} />
      <BookTools
        {...{ info, book, demo, market, counterparty, sought, onBook }}
        onCounterparty={setCounterparty}
        onSought={setSought}
      />
      <ReorgNotice reorg={market?.reorg ?? null} />
      <div className="work">
        <BookLists {...lists} onOpen={open} onShown={setShown} />
        {openRow && (
          <WhyDrawer
            {...{ orderbook, names, view }}
            row={openRow}
            comparison={comparisons.get(openRow.id)}
            counterparty={counterparty ?? zeroAddress}
            counterparties={info.counterparties}
            onClose={close}
          />
        )}
      </div>
    </main>
  )
}

/** A row as it is now; undefined where it is not there. */
function useRow<T extends Row>(rows: Collection<T>, id: string | undefined): T | undefined {
  return useReadable(
    useMemo(
      () => ({ get: () => (id === undefined ? undefined : rows.get(id)), subscribe: rows.subscribe }),
      [rows, id],
    ),
  )
}

/** The row whose drawer is open. Where it is closed, the focus goes back to what opened it. */
function useOpenRow() {
  const [openId, setOpenId] = useState<string>()
  const opener = useRef<Element>(null)
  const open = useCallback((id: string): void => {
    opener.current = document.activeElement
    setOpenId((known) => (known === id ? undefined : id))
  }, [])
  const close = useCallback((): void => {
    setOpenId(undefined)
    if (opener.current instanceof HTMLElement) opener.current.focus()
  }, [])
  return { openId, open, close }
}

/** The rows on screen, asked for anew with each block, and with each fork. */
function useWanted(
  { health }: BookView,
  ids: readonly string[],
  counterparty = zeroAddress,
  forkedAt = 0,
): Wanted {
  const version = typeof health?.block !== 'number' ? '' : `${health.block} ${forkedAt}`
  return useMemo(
    () => ({ ids: version === '' ? [] : ids, counterparty, version }),
    [ids, counterparty, version],
  )
}
