import type { BookInfo, DemoAction, MarketState } from '@freshet/cli/studio'
import { useState } from 'react'
import type { DemoLink } from '../demo/demo-link.ts'
import { replayPath } from '../replay/replay-address.ts'

export type BookToolsProps = {
  readonly info: BookInfo
  readonly demo: DemoLink | undefined
  readonly market: MarketState | undefined
  /** Undefined: the zero address. */
  readonly counterparty: string | undefined
  onCounterparty(address: string | undefined): void
}

/** Who would take, and what may be done to the chain. */
export function BookTools({ info, demo, market, counterparty, onCounterparty }: BookToolsProps) {
  const [trouble, setTrouble] = useState<string>()
  const [typed, setTyped] = useState(counterparty ?? '')
  const isAddress = /^0x[0-9a-f]{40}$/i.test(typed)
  const isWrong = typed !== '' && !isAddress
  const perform = (action: DemoAction): void => {
    setTrouble(undefined)
    demo
      ?.perform(action)
      .catch((error: unknown) => setTrouble(error instanceof Error ? error.message : String(error)))
  }
  const type = (text: string): void => {
    const address = text.trim()
    setTyped(address)
    if (address === '') onCounterparty(undefined)
    if (/^0x[0-9a-f]{40}$/i.test(address)) onCounterparty(address.toLowerCase())
  }
  return (
    <div className="tools">
      <label className="book-counterparty">
        Counterparty{' '}
        <input
          list="book-counterparties"
          value={typed}
          placeholder="the zero address"
          spellCheck={false}
          aria-invalid={isWrong}
          onChange={(event) => type(event.target.value)}
        />
      </label>
      <datalist id="book-counterparties">
        {info.counterparties.map((address) => (
          <option key={address} value={address} />
        ))}
      </datalist>
      {isWrong && (
        <span className="mistake" role="alert">
          An address is 0x and 40 digits.
        </span>
      )}
      <span className="fill" />
      <a href={`#${replayPath}`}>Replay of a recorded book</a>
      {market && (
        <>
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
        </>
      )}
      {(trouble ?? market?.trouble) && (
        <span className="mistake" role="alert">
          {trouble ?? market?.trouble}
        </span>
      )}
    </div>
  )
}
