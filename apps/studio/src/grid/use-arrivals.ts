import { useEffect, useRef, useState } from 'react'

const none: ReadonlySet<string> = new Set()

/** How long a new row stays marked; the style sheet fades it in this time. */
const newForMs = 1_600

/**
 * The ids that came in while the same thing was being shown.
 *
 * @param shown - What is being shown; rows that come with another are not new.
 */
export function useArrivals(ids: readonly string[], shown: unknown, complete: boolean): ReadonlySet<string> {
  const before = useRef<{ readonly shown: unknown; readonly ids: ReadonlySet<string> } | undefined>(undefined)
  const [arrived, setArrived] = useState(none)
  useEffect(() => {
    const known = before.current
    before.current = complete ? { shown, ids: new Set(ids) } : undefined
    if (known === undefined || known.shown !== shown) return setArrived(none)
    const fresh = ids.filter((id) => !known.ids.has(id))
    if (fresh.length > 0) setArrived(new Set(fresh))
  }, [ids, shown, complete])
  useEffect(() => {
    if (arrived.size === 0) return
    const timer = setTimeout(() => setArrived(none), newForMs)
    return () => clearTimeout(timer)
  }, [arrived])
  return arrived
}
