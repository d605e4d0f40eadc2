import type { CardState } from '../data/record-card.ts'
import { useReadable } from '../data/readable.ts'
import type { StudioTable } from '../data/studio-table.ts'
import { spanWords } from '../strip/describe-freshness.ts'
import { useNow } from '../strip/use-now.ts'
import { waitWords } from '../queue/wait-words.ts'

export type CardStatusProps = { readonly table: StudioTable; readonly state: CardState }

/** What becomes of the card's saves, in a line. */
export function CardStatus({ table, state }: CardStatusProps) {
  const status = useReadable(table.status)
  const now = useNow()
  const { last, queued, conflicts, modified, isSaving, record } = state
  const [oldest] = queued
  if (last?.kind === 'failed') {
    return (
      <p className="card-status" data-tone="bad" role="alert">
        Not saved: {last.reason}
      </p>
    )
  }
  if (conflicts > 0) {
    return (
      <p className="card-status" data-tone="bad" role="alert">
        Someone else changed {conflicts === 1 ? 'a field' : `${conflicts} fields`} of yours. Choose, then
        save.
      </p>
    )
  }
  if (oldest !== undefined) {
    return (
      <p className="card-status" data-tone="wait" role="status">
        Queued {spanWords(now - oldest.sinceUnixMs)} ago: {waitWords(oldest, status, now)}
        {modified.length > 0 && ` ${modified.length} more modified.`}
      </p>
    )
  }
  if (last?.kind === 'conflict' && record === 'editing') {
    return (
      <p className="card-status" data-tone="bad" role="alert">
        Not saved: someone else wrote first. Save again if yours is to stand.
      </p>
    )
  }
  return (
    <p className="card-status" data-tone={last?.kind === 'saved' ? 'good' : undefined} role="status">
      {isSaving ? 'Saving…' : last?.kind === 'saved' ? 'Saved.' : draftWords(modified.length)}
    </p>
  )
}

function draftWords(modified: number): string {
  if (modified === 0) return 'Nothing modified.'
  return modified === 1 ? '1 field modified.' : `${modified} fields modified.`
}
