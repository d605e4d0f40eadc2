import { useEffect, useState } from 'react'
import { useReadable } from '../data/readable.ts'
import type { StudioTable } from '../data/studio-table.ts'
import { describeFreshness, spanWords } from './describe-freshness.ts'

/** How true to the database the table is, right now. */
export function FreshnessStrip({ table }: { readonly table: StudioTable }) {
  const status = useReadable(table.status)
  const open = useReadable(table.writes.open)
  const now = useNow()
  const words = describeFreshness(status, now)
  const pending = open.filter(({ outcome }) => outcome.kind === 'pending')
  const oldest = pending[0]
  return (
    <section className="strip" aria-label="Freshness" data-tone={words.tone} data-state={status.state}>
      <span className="state" role="status">
        <span className="lamp" aria-hidden="true" />
        {words.state}
      </span>
      <span data-part="source">
        from <b>{words.source}</b>
      </span>
      <span data-part="age">{words.age}</span>
      {words.next && <span data-part="next">{words.next}</span>}
      <span data-part="pending" data-count={pending.length}>
        {pending.length === 0
          ? 'no pending writes'
          : `${pending.length} pending ${pending.length === 1 ? 'write' : 'writes'}`}
        {oldest && `, oldest ${spanWords(now - oldest.sinceUnixMs)}`}
      </span>
      <span data-part="role" title={roleTitles[status.role]}>
        {status.role}
      </span>
      {words.trouble && (
        <span data-part="trouble" title={words.trouble}>
          {words.trouble}
        </span>
      )}
    </section>
  )
}

const roleTitles = {
  leader: 'This window talks to the database for all windows.',
  follower: 'Another window talks to the database; this one follows it.',
}

/** The time, told anew each second. */
function useNow(): number {
  const [now, setNow] = useState(() => Date.now())
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1_000)
    return () => clearInterval(timer)
  }, [])

  return now
}
