import {
  approximateBytes,
  asFreshetError,
  FreshetError,
  type CoverageUpdate,
  type Query,
} from '@freshet/core'
import type { LiveCore } from './live-core.ts'
import { rowsTable } from './live-settings.ts'
import { entryFact, rowFacts } from './master-source.ts'
import { isAnswerFresh } from './query-answer.ts'
import type { Flight } from './read-flights.ts'
import { pageFields } from './request-log.ts'
import { isQueryCoverage } from './result-upkeep.ts'

/** Brings the answer to a query from the master. Equal fetches share one flight. */
export async function fetchQuery(
  core: LiveCore,
  query: Query,
  key: string,
  signal: AbortSignal | undefined,
  req?: number,
): Promise<void> {
  const { events, flights, replica } = core
  const known = replica.coverages.get(rowsTable, key) !== undefined
  events.emit({ kind: known ? 'refreshing' : 'loading', key })
  try {
    const flightKey = `${core.generation}|${replica.epoch}|${key}`
    await abortable(
      flights.share(flightKey, (flight) => flyQuery(core, query, key, flight, req)),
      signal,
    )
  } catch (error) {
    const fault = asFreshetError(error, { code: 'table/read', kind: 'remote' })
    events.emit({ kind: 'loadFailed', key, error: fault })
    throw fault
  }
  // What crossed an invalidation is not held to be fresh: once more, and then as it is.
  if (!isAnswerFresh(core, query, key) && isLive(core)) {
    const flightKey = `${core.generation}|${replica.epoch}|${key}`
    await abortable(
      flights.share(flightKey, (flight) => flyQuery(core, query, key, flight, req)),
      signal,
    )
  }
}

async function flyQuery(
  core: LiveCore,
  query: Query,
  key: string,
  flight: Flight,
  req: number | undefined,
): Promise<void> {
  const { replica, upkeep, stats, generation, collection } = core
  const read = replica.beginRead()
  try {
    stats.fetches += 1
    const { rows, total } = await core.master().list(query, core.signal)
    if (core.generation !== generation) throw masterSwapped()
    stats.bytes += rows.reduce((sum, [, row]) => sum + approximateBytes(row), 0)
    stats.redundantRows += rows.filter(([id]) => collection.meta(id)?.verifiedEpoch === replica.epoch).length
    const ids = rows.map(([id]) => id)
    const complete = query.limit === undefined && (query.offset ?? 0) === 0
    const update: CoverageUpdate = { table: rowsTable, key, query, ids, complete, total }
    // A newer reading of the same may have come first.
    const newer = (replica.coverages.get(rowsTable, key)?.seq ?? 0) > read.startedAt
    // In a tab that follows, rows come through the leader alone: it hears when they are gone.
    const facts = isFollower(core) ? [] : rows.map((entry) => entryFact(rowsTable, entry))
    core.applyRead({ kind: 'state', startedAt: read.startedAt, facts, covers: newer ? [] : [update] })
    const coverage = replica.coverages.get(rowsTable, key)
    if (isQueryCoverage(coverage)) upkeep.resultRead(coverage, flight.crossed)
    noteLoaded(core, query, key, ids.length, req)
  } finally {
    read.end()
  }
}

function noteLoaded(core: LiveCore, query: Query, key: string, count: number, req: number | undefined): void {
  const from = query.offset ?? 0
  core.events.emit({ kind: 'rangeLoaded', key, from, to: from + count })
  const fields = { ...pageFields(core, query, req), outcome: 'populated' }
  core.settings.log.write('debug', 'freshet::table::read', 'populated', fields)
  core.changed()
}

export async function fetchRow(core: LiveCore, id: string, signal: AbortSignal | undefined): Promise<void> {
  if (isFollower(core)) return
  const flightKey = `${core.generation}|${core.replica.epoch}|id/${id}`
  await abortable(
    core.flights.share(flightKey, () => flyRow(core, id)),
    signal,
  )
}

async function flyRow(core: LiveCore, id: string): Promise<void> {
  const { replica, stats, generation } = core
  const read = replica.beginRead()
  try {
    stats.fetches += 1
    const entries = await core.master().get([id], core.signal)
    stats.bytes += entries.reduce((sum, [, row]) => sum + approximateBytes(row), 0)
    if (core.generation !== generation) throw masterSwapped()
    core.applyRead({ kind: 'state', startedAt: read.startedAt, facts: rowFacts(rowsTable, [id], entries) })
    core.changed()
  } finally {
    read.end()
  }
}

/** A caller that gives up leaves the shared read to the others. */
async function abortable<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work
  signal.throwIfAborted()
  const { promise, reject } = Promise.withResolvers<never>()
  const abort = (): void => reject(asFreshetError(signal.reason, { code: 'table/aborted', kind: 'usage' }))
  signal.addEventListener('abort', abort)
  try {
    return await Promise.race([work, promise])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

export const swappedCode = 'table/master-swapped'

function masterSwapped(): FreshetError {
  return new FreshetError({
    code: swappedCode,
    kind: 'remote',
    retryable: true,
    message: 'The master was swapped while this was read. Read it again.',
  })
}

function isFollower({ replica }: LiveCore): boolean {
  return replica.status.get().role === 'follower'
}

/** Whether changes arrive as they happen. */
export function isLive({ replica }: LiveCore): boolean {
  return replica.status.get().state === 'live'
}
