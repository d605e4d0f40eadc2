import type { BookInfo } from '@freshet/cli/studio'
import { useState, type ReactNode } from 'react'
import type { StudioPageProps } from '../shell/studio-pages.ts'
import { openKeptBook } from './kept-book.ts'
import { OpenReplay } from './open-replay.tsx'
import { openRecordedBook } from './recorded-book.ts'
import { readReplayAddress, type ReplayAddress } from './replay-address.ts'
import { useReplayBook, type OpenBook } from './use-replay.ts'
import 'uplot/dist/uPlot.min.css'
import './replay.css'

/** What an order would have quoted at every second, and why: of the recorded book, or of one that is kept live. */
export function ReplayPage({ config }: StudioPageProps) {
  const info = config.book?.kind === 'local' ? config.book : undefined
  const [address, setAddress] = useState(() => readReplayAddress(decodeURIComponent(location.hash.slice(1))))
  const [reading, setReading] = useState(0)
  const orderbook = info?.books.find((known) => known.orderbook === address.book)?.orderbook
  const choose = (book: string): void => setAddress(book === '' ? {} : { book })
  return (
    <main className="page replay">
      {address.book !== undefined && orderbook === undefined && (
        <p className="replay-missing" role="alert">
          There is no order book {address.book} here, so this is the recorded one.
        </p>
      )}
      <SourceOf key={`${orderbook} ${reading}`} {...{ info, orderbook, address }}>
        {info && (
          <label>
            Book{' '}
            <select value={orderbook ?? ''} onChange={(event) => choose(event.target.value)}>
              <option value="">Recorded market</option>
              {info.books.map(({ orderbook: known, name }) => (
                <option key={known} value={known}>
                  {name}, live
                </option>
              ))}
            </select>
          </label>
        )}
        {orderbook && (
          <button
            type="button"
            onClick={() => {
              // Where the head is now.
              setAddress(readReplayAddress(decodeURIComponent(location.hash.slice(1))))
              setReading(reading + 1)
            }}
          >
            Read up to now
          </button>
        )}
      </SourceOf>
    </main>
  )
}

type SourceOfProps = {
  readonly info: BookInfo | undefined
  readonly orderbook: string | undefined
  readonly address: ReplayAddress
  /** Choices that are there whatever becomes of the book. */
  readonly children: ReactNode
}

/** One book: first it is read, then it can be replayed. */
function SourceOf({ info, orderbook, address, children }: SourceOfProps) {
  const [openBook] = useState((): OpenBook => {
    if (info === undefined || orderbook === undefined) return openRecordedBook
    const { time, order } = address
    return (signal, onShare) => openKeptBook({ info, orderbook, time, order, signal, onShare })
  })
  const opened = useReplayBook(openBook)
  switch (opened.kind) {
    case 'loading':
      return (
        <>
          <div className="tools">{children}</div>
          <p className="empty" role="status">
            Reading the order book’s history… <progress value={opened.share} aria-label="Reading" />
          </p>
        </>
      )
    case 'failed':
      return (
        <>
          <div className="tools">{children}</div>
          <p className="empty" role="alert">
            {opened.message}
          </p>
        </>
      )
    case 'open':
      return (
        <OpenReplay subject={opened.subject} replay={opened.replay} address={address}>
          {children}
        </OpenReplay>
      )
  }
}
