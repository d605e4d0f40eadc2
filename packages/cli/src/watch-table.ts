import type { Row, Status, ViewSnapshot } from '@freshet/core'
import type { LiveTable } from '@freshet/table'
import type { DbSession } from './db-session.ts'
import { placeOf } from './registry.ts'
import { byId, changesBetween, jsonLine, textLine } from './row-changes.ts'

/** Prints the rows, then each change as it comes, until Ctrl-C. */
export async function watchTable(session: DbSession, table: LiveTable): Promise<number> {
  const { io, registry } = session
  const signal = io.interrupted()
  const view = table.view()
  const print = session.options.json ? jsonLine : textLine
  let shown: ReadonlyMap<string, Row> = new Map()

  const tell = (snapshot: ViewSnapshot): void => {
    const now = byId(snapshot)
    for (const change of changesBetween(shown, now)) io.out(print(change))
    shown = now
  }
  const place = placeOf(registry.connection)
  const tellState = createStateTeller(place, (line) => io.err(line))
  const offView = view.subscribe(tell)
  const offStatus = table.status.subscribe(tellState)
  tell(view.snapshot())
  tellState(table.status.get())
  if (!signal.aborted)
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
  offView()
  offStatus()
  view.close()
  return 0
}

/** One line whenever the connection is lost or found. */
function createStateTeller(place: string, say: (line: string) => void): (status: Status) => void {
  let told: 'live' | 'lost' | undefined
  return ({ state, freshness }) => {
    const now = state === 'live' ? 'live' : state === 'retrying' || state === 'halted' ? 'lost' : told
    if (now === told) return
    if (now === 'live') say(told === 'lost' ? `Live again: ${place}` : `Live: ${place}. Ctrl-C ends.`)
    else if (now === 'lost') {
      say(
        `${place} is out of reach: ${freshness.lastError?.message ?? 'the connection was lost.'} Trying again.`,
      )
    }
    told = now
  }
}
