import type { Status } from '@freshet/core'

export type EmptyGridProps = {
  readonly status: Status
  readonly isFiltered: boolean
  readonly isComplete: boolean
}

/** Says why there are no rows, and what to do about it. */
export function EmptyGrid({ status, isFiltered, isComplete }: EmptyGridProps) {
  if (isComplete) {
    return (
      <p className="empty">
        {isFiltered ? 'No row matches the filters.' : 'No rows yet. Add the first one.'}
      </p>
    )
  }
  const { state, freshness } = status
  if (state === 'halted' || (state === 'retrying' && freshness.freshAtUnixMs === undefined)) {
    return (
      <div className="empty" role="alert">
        <p>
          <b>
            {state === 'halted'
              ? 'The table cannot be read.'
              : 'The database cannot be reached, and nothing is kept here yet.'}
          </b>
        </p>
        <p>{freshness.lastError?.message}</p>
        {state === 'retrying' && <p>The next attempt comes by itself.</p>}
      </div>
    )
  }
  return (
    <div className="empty skeleton" role="status" aria-label="Loading rows">
      {Array.from({ length: 6 }, (_, index) => (
        <span key={index} />
      ))}
    </div>
  )
}
