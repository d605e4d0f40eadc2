import { useState } from 'react'
import { useReadable } from '../data/readable.ts'
import type { RecordCard } from '../data/record-card.ts'
import type { StudioTable } from '../data/studio-table.ts'
import type { WriteNote } from '../data/write-ledger.ts'
import { spanWords } from '../strip/describe-freshness.ts'
import { useNow } from '../strip/use-now.ts'
import { waitWords } from './wait-words.ts'
import { writeWords } from './write-words.ts'

/** What waits to be sent or has failed, and which drafts lie open: since when, why, and what can be done. */
export function QueuePanel({ table }: { readonly table: StudioTable }) {
  const open = useReadable(table.writes.open)
  const { cards } = useReadable(table.drafts)
  const listed = open.filter(
    ({ outcome }) => outcome.kind === 'pending' || ('stays' in outcome && outcome.stays),
  )
  return (
    <section className="queue" id="queue" aria-label="Queue">
      {listed.length === 0 && cards.length === 0 && <p className="hint">Nothing waits.</p>}
      <ul>
        {listed.map((note) => (
          <QueuedWrite key={note.operationId} table={table} note={note} />
        ))}
        {cards.map((card) => (
          <KeptDraft key={card.id} table={table} card={card} />
        ))}
      </ul>
    </section>
  )
}

function QueuedWrite({ table, note }: { readonly table: StudioTable; readonly note: WriteNote }) {
  const status = useReadable(table.status)
  const now = useNow()
  const [isRefused, setIsRefused] = useState(false)
  const { id, operationId, sinceUnixMs, outcome } = note
  const isSending = outcome.kind === 'pending' && outcome.step === 'sending'
  const isFailed = outcome.kind !== 'pending'
  // What waits for the next attempt, or behind it, can be tried at once.
  const isWaiting =
    !isFailed && (outcome.step === 'unsure' || (outcome.step === 'queued' && status.state !== 'live'))
  return (
    <li data-outcome={outcome.kind === 'pending' ? outcome.step : 'failed'}>
      <span className="what">
        <b>{id}</b>: {writeWords(note)}
      </span>
      <span className="since" title={new Date(sinceUnixMs).toLocaleString()}>
        {isFailed ? 'made' : 'queued'} {spanWords(now - sinceUnixMs)} ago
      </span>
      <span className="why">
        {isRefused ? 'it cannot be done now: it is being sent, or is next.' : waitWords(note, status, now)}
      </span>
      {(isFailed || isWaiting) && (
        <button
          type="button"
          aria-label={`Retry the write to ${id}`}
          onClick={() => void table.retry(operationId).then((isDone) => setIsRefused(!isDone))}
        >
          {isFailed ? 'Retry' : 'Try now'}
        </button>
      )}
      <button
        type="button"
        disabled={isSending}
        aria-label={`Discard the write to ${id}`}
        onClick={() => void table.takeBack(operationId).then((isDone) => setIsRefused(!isDone))}
      >
        Discard
      </button>
    </li>
  )
}

function KeptDraft({ table, card }: { readonly table: StudioTable; readonly card: RecordCard }) {
  const { id, record, modified, conflicts, last } = useReadable(card)
  if (modified.length === 0 && record !== 'deleted') return null
  return (
    <li>
      <span className="what">
        Draft of <b>{id}</b>: {modified.join(', ')}
      </span>
      <span className="why">
        {record === 'deleted'
          ? 'the row was deleted by someone else.'
          : conflicts > 0
            ? 'someone else changed the same.'
            : last?.kind === 'failed'
              ? last.reason
              : 'it is not saved.'}
      </span>
      <button type="button" aria-label={`Open the draft of ${id}`} onClick={() => table.drafts.show(id)}>
        Open
      </button>
      <button
        type="button"
        aria-label={`Discard the draft of ${id}`}
        onClick={() => table.drafts.discard(id)}
      >
        Discard
      </button>
    </li>
  )
}
