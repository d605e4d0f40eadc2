import {
  asFreshetError,
  createListeners,
  delay,
  type Query,
  type View,
  type ViewSnapshot,
} from '@freshet/core'
import type { LiveCore } from './live-core.ts'
import { answerQuery, isAnswerFresh, isLocal, type QueryAnswer } from './query-answer.ts'
import { fetchQuery } from './query-fetch.ts'

/**
 * A live query over a live table [R8].
 *
 * While the whole table is held and the query means the same here as at the
 * master, it is computed locally, row by row. Else it shows the remote's result
 * in the remote's order: changed rows show at once, and where a change may have
 * moved rows in or out, the result is read again in the background.
 */
export function createLiveView(core: LiveCore, query: Query, key: string): View {
  const listeners = createListeners<ViewSnapshot>((error) =>
    core.settings.log.write(
      'error',
      'freshet::table::view',
      error instanceof Error ? error.message : String(error),
    ),
  )
  let local: View | undefined
  let shown: ViewSnapshot = { rows: [], ids: [], total: 0, complete: false, version: 0 }
  let told: ViewSnapshot | undefined
  let closed = false

  const showLocal = (view: View): void => {
    const { rows, ids, total, complete } = view.snapshot()
    show({ rows, ids, total, complete: complete && core.collection.complete })
  }
  const show = (next: Omit<ViewSnapshot, 'version'>): void => {
    const sameRows = sameItems(next.rows, shown.rows) && sameItems(next.ids, shown.ids)
    if (shown.version > 0 && sameRows && next.total === shown.total && next.complete === shown.complete)
      return
    const rows = sameRows ? shown.rows : next.rows
    const ids = sameRows ? shown.ids : next.ids
    shown = { rows, ids, total: next.total, complete: next.complete, version: shown.version + 1 }
  }
  const refresh = (): void => {
    if (closed) return
    if (isLocal(core, query) || (core.settings.preload && isLocalSoon(core, query))) {
      local ??= core.collection.view(query)
      return showLocal(local)
    }
    local?.close()
    local = undefined
    const answer = answerQuery(core, query, key)
    if (answer !== undefined) show(remoteSnapshot(query, answer))
  }
  const notify = (): void => {
    if (closed) return
    reader.ensure()
    if (listeners.size === 0) return
    refresh()
    if (shown === told) return
    told = shown
    listeners.emit(shown)
  }
  const reader = createResultReader(core, query, key)
  const off = core.onChange(notify)
  core.openResults.set(key, (core.openResults.get(key) ?? 0) + 1)
  core.eviction.used(key)
  refresh()
  reader.ensure()

  return {
    snapshot() {
      refresh()
      return shown
    },
    subscribe(listener) {
      if (listeners.size === 0) {
        refresh()
        told = shown
      }
      reader.ensure()
      return listeners.add(listener)
    },
    close() {
      if (closed) return
      refresh()
      closed = true
      off()
      const others = (core.openResults.get(key) ?? 1) - 1
      if (others > 0) core.openResults.set(key, others)
      else core.openResults.delete(key)
      reader.close()
      local?.close()
    },
  }
}

/** While the whole table is on its way, what has come is shown, as incomplete. */
function isLocalSoon({ master }: LiveCore, { filter, order = [] }: Query): boolean {
  const { evaluates } = master()
  return (filter === undefined || evaluates.filter(filter)) && evaluates.order(order)
}

function remoteSnapshot({ limit, offset = 0 }: Query, answer: QueryAnswer): Omit<ViewSnapshot, 'version'> {
  const { ids, rows, total, fresh } = answer
  const windowed = limit !== undefined || offset > 0
  return { ids, rows, total: total ?? offset + ids.length, complete: fresh && !windowed }
}

type ResultReader = { ensure(): void; close(): void }

/** Reads a shown result again whenever it is not known to be right; waits longer after each failure. */
function createResultReader(core: LiveCore, query: Query, key: string): ResultReader {
  const stop = new AbortController()
  const { clock, log } = core.settings
  let reading = false
  let failures = 0

  /** Whether it ended because there was no more to read. */
  const read = async (): Promise<boolean> => {
    await core.settledConnection(stop.signal)
    while (needed()) {
      try {
        await fetchQuery(core, query, key, stop.signal)
        failures = 0
      } catch (error) {
        const fault = asFreshetError(error, { code: 'table/read', kind: 'remote' })
        if (stop.signal.aborted || !fault.retryable) return false
        log.write('warn', 'freshet::table::read', fault.message, { code: fault.code })
        failures += 1
        await delay(clock, Math.min(30_000, 500 * 2 ** failures), stop.signal)
      }
    }
    return true
  }
  const needed = (): boolean => {
    if (stop.signal.aborted || core.closed) return false
    if (isLocal(core, query) || (core.settings.preload && isLocalSoon(core, query))) return false
    const fresh = isAnswerFresh(core, query, key)
    return fresh === undefined || (!fresh && core.replica.status.get().state === 'live')
  }
  const ensure = (): void => {
    if (reading || !needed()) return
    reading = true
    void read().then((done) => {
      reading = false
      // A change may have come after the last look.
      if (done) ensure()
    })
  }
  return {
    ensure,
    close: () => stop.abort(),
  }
}

function sameItems<T>(a: readonly T[], b: readonly T[]): boolean {
  return a === b || (a.length === b.length && a.every((item, index) => item === b[index]))
}
