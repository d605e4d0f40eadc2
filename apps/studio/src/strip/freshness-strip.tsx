import { useReadable } from '../data/readable.ts'
import type { StudioTable } from '../data/studio-table.ts'
import { describeFreshness, spanWords } from './describe-freshness.ts'
import { Source, Strip } from './strip.tsx'
import { useNow } from './use-now.ts'

export type FreshnessStripProps = {
  readonly table: StudioTable
  readonly isQueueOpen: boolean
  onQueue(): void
}

/** How true to the database the table is, right now. */
export function FreshnessStrip({ table, isQueueOpen, onQueue }: FreshnessStripProps) {
  const status = useReadable(table.status)
  const open = useReadable(table.writes.open)
  const { unsaved, shown } = useReadable(table.drafts)
  const now = useNow()
  const words = describeFreshness(status, now)
  const pending = open.filter(({ outcome }) => outcome.kind === 'pending')
  const oldest = pending[0]
  const failed = open.filter(({ outcome }) => 'stays' in outcome && outcome.stays).length
  const drafts = unsaved.filter((id) => id !== shown?.id).length
  return (
    <Strip words={words} state={status.state} trouble={words.trouble}>
      <Source name={words.source} />
      <span data-part="age">{words.age}</span>
      {words.next && <span data-part="next">{words.next}</span>}
      <button
        type="button"
        data-part="pending"
        data-count={pending.length + failed + drafts}
        aria-expanded={isQueueOpen}
        aria-controls="queue"
        title="What waits to be sent, what failed, and drafts"
        onClick={onQueue}
      >
        {pending.length === 0
          ? 'no pending writes'
          : `${pending.length} pending ${pending.length === 1 ? 'write' : 'writes'}`}
        {oldest && `, oldest ${spanWords(now - oldest.sinceUnixMs)}`}
        {failed > 0 && `, ${failed} failed`}
        {drafts > 0 && `, ${drafts} ${drafts === 1 ? 'draft' : 'drafts'}`}
      </button>
      <span data-part="role" title={roleTitles[status.role]}>
        {status.role}
      </span>
    </Strip>
  )
}

const roleTitles = {
  leader: 'This window talks to the database for all windows.',
  follower: 'Another window talks to the database; this one follows it.',
}
