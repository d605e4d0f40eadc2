import type { QuoteGrounds } from '@freshet/cli/studio'
import { gapText } from '@freshet/raindex/client'
import { useEffect, useRef, useState } from 'react'
import { dayTimeText } from '../replay/time-text.ts'
import { askBook, type PairRow } from './book-answers.ts'
import { describeVerdict, rpcRefusal } from './book-words.ts'
import type { Comparison } from './comparisons.ts'
import { WhatIfPanel } from './what-if-panel.tsx'

export type WhyDrawerProps = {
  readonly title: string
  readonly row: PairRow
  readonly comparison: Comparison | undefined
  readonly counterparty: string
  /** The block of the state: with another one the grounds are asked for again. */
  readonly block: number | undefined
  onClose(): void
}

/** What both quotes of a pair are of, and what may make them differ. */
export function WhyDrawer({ title, row, comparison, counterparty, block, onClose }: WhyDrawerProps) {
  const grounds = useGrounds(row.id, block)
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => heading.current?.focus(), [row.id])
  const { answer, trouble } = comparison ?? {}
  const missing = answer?.virtual.kind === 'not-comparable' ? answer.virtual.reason : undefined
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
          Why? {title}
        </h2>
        <button type="button" className="quiet" aria-label="Close" onClick={onClose}>
          ✕
        </button>
      </header>
      <p data-part="why-verdict">{describeVerdict(comparison).text}</p>
      <dl>
        <dt>Both at block</dt>
        <dd data-part="why-block">{answer?.block?.number ?? '–'}</dd>
        <dt>whose time is</dt>
        <dd>{answer?.block ? `${dayTimeText(answer.block.timestamp)} UTC` : '–'}</dd>
        <dt>Shown here is of block</dt>
        <dd>{row.asOf?.blockNumber ?? '–'}</dd>
        <dt>Counterparty</dt>
        <dd>{counterparty}</dd>
        <dt>Missing here</dt>
        <dd data-part="why-missing">{missing === undefined ? 'nothing' : gapText(missing)}</dd>
        <dt>The chain says</dt>
        <dd>{rpcRefusal(answer?.rpc ?? null) ?? 'a quote'}</dd>
        {trouble && (
          <>
            <dt>No newer answer</dt>
            <dd>{trouble}</dd>
          </>
        )}
      </dl>
      <WhatIfPanel key={row.id} row={row} counterparty={counterparty} />
      {grounds && <Grounds grounds={grounds} />}
    </aside>
  )
}

function Grounds({ grounds: { rows, clock, lacksCode, lastEvent } }: { readonly grounds: QuoteGrounds }) {
  return (
    <>
      <dl>
        <dt>Last applied event</dt>
        <dd data-part="why-event">
          {lastEvent === null ? 'none' : `block ${lastEvent.block}, log ${lastEvent.logIndex}`}
        </dd>
        {lastEvent && (
          <>
            <dt>in transaction</dt>
            <dd>{lastEvent.transactionHash}</dd>
          </>
        )}
        <dt>Depends on the time</dt>
        <dd>{clock.time ? 'yes' : 'no'}</dd>
        <dt>on the block’s number</dt>
        <dd>{clock.number ? 'yes' : 'no'}</dd>
        <dt>Lacks code</dt>
        <dd>{lacksCode ? 'yes' : 'no'}</dd>
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
function useGrounds(id: string, block: number | undefined): QuoteGrounds | undefined {
  const [found, setFound] = useState<{ readonly id: string; readonly grounds: QuoteGrounds }>()
  useEffect(() => {
    const ending = new AbortController()
    askBook<QuoteGrounds>(`grounds?id=${encodeURIComponent(id)}`, ending.signal).then(
      (grounds) => setFound({ id, grounds }),
      () => undefined,
    )
    return () => ending.abort()
  }, [id, block])
  return found?.id === id ? found.grounds : undefined
}
