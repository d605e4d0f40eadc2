import type { BookInfo, DemoAction, MarketState, NamedBook } from '@freshet/cli/studio'
import { useState } from 'react'
import type { DemoLink } from '../demo/demo-link.ts'
import { CounterpartyField } from './counterparty-field.tsx'

export type BookToolsProps = {
  readonly info: BookInfo
  readonly book: NamedBook
  readonly demo: DemoLink | undefined
  readonly market: MarketState | undefined
  /** Undefined: the zero address. */
  readonly counterparty: string | undefined
  readonly sought: string
  onBook(orderbook: string): void
  onCounterparty(address: string | undefined): void
  onSought(text: string): void
}

/** Which book, what of it, who would take, and what may be done to the chain. */
export function BookTools(props: BookToolsProps) {
  const { info, book, counterparty, sought, onBook, onCounterparty, onSought } = props
  return (
    <div className="tools book-tools">
      {info.books.length > 1 && (
        <label>
          Book{' '}
          <select value={book.orderbook} onChange={(event) => onBook(event.target.value)}>
            {info.books.map(({ orderbook, name }) => (
              <option key={orderbook} value={orderbook}>
                {name}
              </option>
            ))}
          </select>
        </label>
      )}
      <label className="book-search">
        Find{' '}
        <input
          className="field"
          type="search"
          value={sought}
          placeholder="order, token, vault, owner"
          spellCheck={false}
          onChange={(event) => onSought(event.target.value)}
        />
      </label>
      <CounterpartyField value={counterparty} choices={info.counterparties} onChange={onCounterparty} />
      <span className="fill" />
      <MarketSwitches demo={props.demo} market={props.market} />
    </div>
  )
}

function MarketSwitches({ demo, market }: Pick<BookToolsProps, 'demo' | 'market'>) {
  const [trouble, setTrouble] = useState<string>()
  const perform = (action: DemoAction): void => {
    setTrouble(undefined)
    demo
      ?.perform(action)
      .catch((error: unknown) => setTrouble(error instanceof Error ? error.message : String(error)))
  }
  if (market === undefined) return undefined
  return (
    <span className="book-market">
      <span className="count" data-part="trades">
        <b>{market.trades.toLocaleString('en')}</b> trades
      </span>
      <button
        type="button"
        aria-pressed={market.trading}
        onClick={() => perform(market.trading ? 'stop-trades' : 'start-trades')}
      >
        Traders trade
      </button>
      <button type="button" className="danger" onClick={() => perform('reorganize')}>
        Reorg
      </button>
      {(trouble ?? market.trouble) && (
        <span className="mistake" role="alert">
          {trouble ?? market.trouble}
        </span>
      )}
    </span>
  )
}
