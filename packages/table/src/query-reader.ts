import { asFreshetError, FreshetError, type Query, type Row } from '@freshet/core'
import { idCacheKey } from './cache.ts'
import type { LiveCore } from './live-core.ts'
import type { ListResult, ReadMode, RowResult } from './live-reads.ts'
import { answerQuery, isAnswerFresh, isLocal, type QueryAnswer } from './query-answer.ts'
import { fetchQuery, fetchRow, isLive, swappedCode } from './query-fetch.ts'
import { nextRequest, pageFields } from './request-log.ts'

/** Reads the answer to a query in one of the modes [R1–R6]. */
export async function readQuery(
  core: LiveCore,
  query: Query,
  key: string,
  mode: ReadMode,
  signal: AbortSignal | undefined,
): Promise<ListResult> {
  const { telemetry, log, cacheKey } = core.settings
  const span = telemetry.span('freshet.table.read', { cache_key: cacheKey, op: 'list' })
  const req = nextRequest(core)
  try {
    const result = await readBy(core, mode, signal, {
      known: () => knownQuery(core, query, key),
      fetch: (flightSignal) => fetchQuery(core, query, key, flightSignal, req),
      answer: (source) => listResult(core, query, key, source),
    })
    core.eviction.used(key)
    span.end()
    const outcome = result.source === 'cache' ? 'hit' : 'miss'
    log.write('debug', 'freshet::table::read', outcome, {
      ...pageFields(core, query, req),
      op: 'list',
      outcome,
    })
    // The key holds what is looked for, which may be about a person.
    if (log.enabled('trace'))
      log.write('trace', 'freshet::table::read', 'rows', { req, rows: result.rows.size, query: key })
    return result
  } catch (error) {
    span.end(error)
    throw error
  }
}

/** Reads one row. `query`, if given, is the filter the row must meet to be seen. */
export async function readRow(
  core: LiveCore,
  id: string,
  mode: ReadMode,
  signal: AbortSignal | undefined,
): Promise<RowResult> {
  const { telemetry, log, cacheKey } = core.settings
  const span = telemetry.span('freshet.table.read', { cache_key: cacheKey, op: 'get' })
  const req = nextRequest(core)
  try {
    const result = await readBy(core, mode, signal, {
      known: () => knownRow(core, id),
      fetch: (flightSignal) => fetchRow(core, id, flightSignal),
      answer: (source) => rowResult(core, id, source),
    })
    span.end()
    const outcome = result.source === 'cache' ? 'hit' : result.row === undefined ? 'miss_at_master' : 'miss'
    log.write('debug', 'freshet::table::read', outcome, {
      req,
      cache_key: cacheKey,
      key: idCacheKey(cacheKey, id),
      id,
      op: 'get',
      outcome,
    })
    return result
  } catch (error) {
    span.end(error)
    throw error
  }
}

/** What is known of something to be read: nothing; that it is as the remote last said; that it may have changed. */
type Known = 'no' | 'fresh' | 'stale'

type Reading<T> = {
  known(): Known
  fetch(signal: AbortSignal | undefined): Promise<void>
  answer(source: 'cache' | 'remote'): T
}

async function readBy<T>(
  core: LiveCore,
  mode: ReadMode,
  signal: AbortSignal | undefined,
  reading: Reading<T>,
): Promise<T> {
  signal?.throwIfAborted()
  if (core.closed) throw tableClosed()
  const hit = (): T => {
    core.stats.hits += 1
    return reading.answer('cache')
  }
  const miss = async (): Promise<T> => {
    if (reading.known() === 'fresh') core.stats.repeats += 1
    core.stats.misses += 1
    await fetchAgainIfSwapped(reading, signal)
    return reading.answer('remote')
  }
  switch (mode) {
    case 'cache-only':
      if (reading.known() === 'no') throw notCached(core)
      return hit()
    case 'network':
      await core.settledConnection(signal)
      return miss()
    case 'stale-while-revalidate':
      if (reading.known() === 'no') break
      if (reading.known() !== 'fresh' || !isLive(core)) revalidate(core, reading)
      return hit()
    case 'cache-first':
      break
    default:
      throw badMode(mode)
  }
  if (reading.known() === 'fresh') return hit()
  await core.settledConnection(signal)
  const known = reading.known()
  if (known === 'fresh' || (known !== 'no' && !isLive(core))) return hit()
  try {
    return await miss()
  } catch (error) {
    // What is known is better than nothing; it says that it is stale.
    if (reading.known() === 'no' || !(error instanceof FreshetError) || !error.retryable) throw error
    return hit()
  }
}

/** A read that a swap of the master overtook is read from the new one. */
async function fetchAgainIfSwapped<T>(reading: Reading<T>, signal: AbortSignal | undefined): Promise<void> {
  try {
    await reading.fetch(signal)
  } catch (error) {
    if (!(error instanceof FreshetError) || error.code !== swappedCode) throw error
    await reading.fetch(signal)
  }
}

function revalidate<T>(core: LiveCore, reading: Reading<T>): void {
  reading.fetch(undefined).catch((error: unknown) => {
    const fault = asFreshetError(error, { code: 'table/read', kind: 'remote' })
    core.settings.log.write('warn', 'freshet::table::read', fault.message, { code: fault.code })
  })
}

function knownQuery(core: LiveCore, query: Query, key: string): Known {
  const fresh = isAnswerFresh(core, query, key)
  if (fresh === undefined) return 'no'
  return fresh ? 'fresh' : 'stale'
}

/** Where the answer to a query would come from now. */
export function answerSource(
  core: LiveCore,
  query: Query,
  key: string,
  mode: ReadMode,
): 'local' | 'cache' | 'remote' {
  const known = knownQuery(core, query, key)
  if (mode === 'network' || known === 'no') return 'remote'
  if (mode === 'cache-first' && known === 'stale' && isLive(core)) return 'remote'
  return isLocal(core, query) ? 'local' : 'cache'
}

function knownRow({ collection, replica }: LiveCore, id: string): Known {
  const meta = collection.meta(id)
  if (meta === undefined) return collection.complete ? 'fresh' : 'no'
  if (collection.confirmed(id) === undefined) return meta.pending ? 'fresh' : 'no'
  return meta.verifiedEpoch === replica.epoch || collection.complete ? 'fresh' : 'stale'
}

function listResult(core: LiveCore, query: Query, key: string, source: 'cache' | 'remote'): ListResult {
  const answer = answerQuery(core, query, key) ?? noAnswer
  return {
    rows: new Map(
      answer.ids.flatMap((id, at): [string, Row][] => {
        const row = answer.rows[at]
        return row === undefined ? [] : [[id, row]]
      }),
    ),
    total: answer.total,
    source,
    fetchedAtUnixMs: answer.fetchedAtUnixMs,
    stale: !answer.fresh || !isLive(core),
    pending: answer.pending,
  }
}

const noAnswer: QueryAnswer = {
  ids: [],
  rows: [],
  total: undefined,
  fetchedAtUnixMs: 0,
  fresh: false,
  pending: false,
}

function rowResult(core: LiveCore, id: string, source: 'cache' | 'remote'): RowResult {
  const { collection } = core
  const meta = collection.meta(id)
  return {
    row: collection.get(id),
    source,
    fetchedAtUnixMs: meta?.fetchedAtUnixMs ?? (source === 'remote' ? core.settings.clock.now() : 0),
    stale: knownRow(core, id) !== 'fresh' && meta !== undefined ? true : !isLive(core),
    pending: meta?.pending ?? false,
  }
}

function badMode(mode: never): FreshetError {
  return new FreshetError({
    code: 'table/bad-mode',
    kind: 'usage',
    message: `There is no mode ${JSON.stringify(mode)}. Read in cache-first, stale-while-revalidate, network or cache-only.`,
  })
}

function notCached({ settings }: LiveCore): FreshetError {
  return new FreshetError({
    code: 'table/not-cached',
    kind: 'usage',
    message: `The cache of ${settings.cacheKey} does not have this yet. Read it once in another mode while the database is in reach.`,
  })
}

function tableClosed(): FreshetError {
  return new FreshetError({
    code: 'table/closed',
    kind: 'usage',
    message: 'The live table is closed. Open it again.',
  })
}
