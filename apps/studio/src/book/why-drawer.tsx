import type { QuoteGrounds } from '@freshet/cli/studio'
import { gapText } from '@freshet/raindex/client'
import { useEffect, useRef, useState, type ReactNode } from 'react'
import { replayAddress } from '../replay/replay-address.ts'
import { dayTimeText } from '../replay/time-text.ts'
import { askBook } from './book-answers.ts'
import type { BookView } from './book-link.ts'
import type { BookNames } from './book-names.ts'
import type { PairRow } from './book-rows.ts'
import { describeVerdict, rpcRefusal, shortAmount, shortHexes } from './book-words.ts'
import type { Comparison } from './comparisons.ts'
import { WhatIfPanel } from './what-if-panel.tsx'

export type WhyDrawerProps = {
  readonly orderbook: string
  readonly names: BookNames
  readonly view: BookView
  readonly row: PairRow
  readonly comparison: Comparison | undefined
  readonly counterparty: string
  readonly counterparties: readonly string[]
  onClose(): void
}

/** What both quotes of a pair are of, and what may make them differ. */
export function WhyDrawer(props: WhyDrawerProps) {
  const { orderbook, names, view, row, comparison, counterparty, counterparties, onClose } = props
  const grounds = useGrounds(orderbook, row.id, view.health?.block ?? undefined)
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => heading.current?.focus(), [row.id])
  const { answer, trouble } = comparison ?? {}
  const verdict = describeVerdict(comparison)
  const missing = answer?.virtual.kind === 'not-comparable' ? answer.virtual.reason : undefined
  const time = answer?.block?.timestamp
  return (
    <aside
      className="book-why"
      aria-label="Why different?"
      onKeyDown={(event) => {
        if (event.key === 'Escape') onClose()
      }}
    >
      <header>
        <h2 ref={heading} tabIndex={-1}>
          Why? {row.orderName}, {row.pair}
        </h2>
        <button type="button" className="quiet" aria-label="Close" onClick={onClose}>
          ✕
        </button>
      </header>
      <p className="book-why-verdict" data-part="why-verdict" data-kind={verdict.kind}>
        {verdict.text}
      </p>
      <Beside answer={answer} delta={verdict.delta} />
      <dl>
        <Fact name="Both at block" part="why-block">
          {answer?.block?.number.toLocaleString('en') ?? '–'}
        </Fact>
        <Fact name="Its time">{time === undefined ? '–' : `${dayTimeText(time)} UTC`}</Fact>
        <Fact name="The row is of block">{row.asOf?.blockNumber.toLocaleString('en') ?? '–'}</Fact>
        <Fact name="Counterparty" isCode>
          {counterparty}
        </Fact>
        <Fact name="Missing here" part="why-missing">
          {missing === undefined ? 'nothing' : gapText(missing)}
        </Fact>
        {trouble && <Fact name="No newer answer">{trouble}</Fact>}
      </dl>
      <p>
        <a href={`#${replayAddress({ book: orderbook, order: row.order, time })}`}>Replay of this order</a>
      </p>
      <WhatIfPanel key={row.id} {...{ orderbook, row, names, counterparty, counterparties }} />
      {grounds && <Grounds grounds={grounds} />}
    </aside>
  )
}

/** Both quotes, one above the other, digit by digit. */
function Beside({ answer, delta }: { readonly answer: Comparison['answer']; readonly delta: string }) {
  const { virtual, rpc } = answer ?? {}
  return (
    <table className="book-beside">
      <thead>
        <tr>
          <th scope="col" aria-label="From" />
          <th scope="col">Ratio</th>
          <th scope="col">Most</th>
        </tr>
      </thead>
      <tbody>
        <tr>
          <th scope="row">Virtual</th>
          {virtual?.kind === 'quote' ? <Amounts {...virtual} /> : <td colSpan={2}>no quote</td>}
        </tr>
        <tr>
          <th scope="row">RPC</th>
          {rpc?.kind === 'quote' ? (
            <Amounts {...rpc} />
          ) : (
            <td colSpan={2}>{shortHexes(rpcRefusal(rpc ?? null) ?? '–')}</td>
          )}
        </tr>
        {delta !== '' && (
          <tr>
            <th scope="row">Delta, bp</th>
            <td>{delta}</td>
            <td />
          </tr>
        )}
      </tbody>
    </table>
  )
}

function Amounts({ ioRatio, outputMax }: { readonly ioRatio: string; readonly outputMax: string }) {
  return (
    <>
      <td title={ioRatio}>{shortAmount(ioRatio)}</td>
      <td title={outputMax}>{shortAmount(outputMax)}</td>
    </>
  )
}

type FactProps = {
  readonly name: string
  readonly part?: string | undefined
  readonly isCode?: boolean | undefined
  readonly children: ReactNode
}

function Fact({ name, part, isCode, children }: FactProps) {
  return (
    <>
      <dt>{name}</dt>
      <dd data-part={part} className={isCode ? 'book-hex' : undefined}>
        {children}
      </dd>
    </>
  )
}

function Grounds({ grounds: { rows, clock, lacksCode, lastEvent } }: { readonly grounds: QuoteGrounds }) {
  const asks = [clock.time && 'the time', clock.number && 'the number of the block'].filter(Boolean)
  return (
    <>
      <dl>
        <Fact name="Last applied event" part="why-event">
          {lastEvent === null
            ? 'none'
            : `block ${lastEvent.block.toLocaleString('en')}, log ${lastEvent.logIndex}`}
        </Fact>
        {lastEvent && (
          <Fact name="In transaction" isCode>
            {lastEvent.transactionHash}
          </Fact>
        )}
        <Fact name="Depends on" part="why-clock">
          {asks.length === 0 ? 'nothing but the state' : asks.join(' and ')}
        </Fact>
        {lacksCode && <Fact name="Lacks">code of a contract</Fact>}
      </dl>
      <details>
        <summary>
          Read {rows.length} {rows.length === 1 ? 'row' : 'rows'} of the state
        </summary>
        <ul>
          {rows.map((row) => (
            <li key={row}>{row}</li>
          ))}
        </ul>
      </details>
    </>
  )
}

/** The newest that came; the old ones stand until then. */
function useGrounds(orderbook: string, id: string, block: number | undefined): QuoteGrounds | undefined {
  const [found, setFound] = useState<{ readonly id: string; readonly grounds: QuoteGrounds }>()
  useEffect(() => {
    const ending = new AbortController()
    askBook<QuoteGrounds>(`books/${orderbook}/grounds?id=${encodeURIComponent(id)}`, ending.signal).then(
      (grounds) => setFound({ id, grounds }),
      () => undefined,
    )
    return () => ending.abort()
  }, [orderbook, id, block])
  return found?.id === id ? found.grounds : undefined
}
