import type { RowFact } from './batch.ts'
import type { Clock } from './clock.ts'
import { wholeTable } from './coverage.ts'
import { FreshetError } from './errors.ts'
import { valueKey } from './query-key.ts'
import type { Replica } from './replica.ts'
import type { Page, Source } from './source.ts'
import type { Value } from './value.ts'

/** What is needed to read a source into a replica. */
export type SourceReading<F> = {
  readonly replica: Replica<F>
  readonly source: Source<F>
  readonly clock: Clock
  readonly pageRows: number
  /** How long a request may take. */
  readonly stallMs: number
  /** Waits for work of the source, but no longer than that. */
  within<T>(work: Promise<T>): Promise<T>
}

/** Rows read again in one request. */
const refetchRows = 200

/**
 * Reads a whole table, page by page; what the walk did not see is gone [S4].
 *
 * A first reading that was interrupted goes on behind its last committed page,
 * where the source's cursors last. That proves nothing of the rows before it, so
 * the table is not whole then [S13].
 *
 * @param mayGoOn - Whether it may go on where an earlier reading stopped.
 * @returns Whether it read everything.
 */
export async function walkTable<F>(
  reading: SourceReading<F>,
  table: string,
  mayGoOn: boolean,
  signal: AbortSignal,
): Promise<boolean> {
  const { replica, source, pageRows } = reading
  const since = replica.seq
  const seen = new Set<string>()
  // Where the table is whole already, nothing would be there sooner.
  const keeps = source.capabilities.keptCursors === true && !replica.collection(table).complete
  const kept = keeps && mayGoOn ? replica.coverages.get(table, wholeTable)?.next : undefined
  const open = { table, key: wholeTable, complete: false, since }
  let done = 0
  let cursor = kept
  do {
    const read = replica.beginRead()
    try {
      const page = await reading.within(source.page?.({ table, cursor, limit: pageRows }, signal) ?? noPage)
      await replica.ready()
      signal.throwIfAborted()
      const { facts, next, total } = page
      const end = { ...open, complete: kept === undefined, total }
      const covers = next === undefined ? [end] : keeps ? [{ ...open, next }] : []
      replica.apply({ kind: 'state', startedAt: read.startedAt, facts, covers })
      done += facts.length
      cursor = next
      if (cursor !== undefined) refuseRepeated(seen, table, cursor)
      replica.status.update({ progress: progressOf(done, total) })
    } catch (error) {
      // The source may not know it any more: the next attempt reads from the start.
      const isRefused = kept !== undefined && cursor === kept && !signal.aborted
      if (isRefused) replica.apply({ kind: 'state', startedAt: read.startedAt, facts: [], covers: [open] })
      throw error
    } finally {
      read.end()
    }
  } while (cursor !== undefined)
  return kept === undefined
}

const noPage: Promise<Page> = Promise.resolve({ facts: [] })

function refuseRepeated(seen: Set<string>, table: string, cursor: Value): void {
  const key = valueKey(cursor)
  if (!seen.has(key)) return void seen.add(key)
  throw new FreshetError({
    code: 'sync/endless-pages',
    kind: 'protocol',
    message: `The source gave the same next page of ${table} twice; its paging is broken.`,
  })
}

/** Reads rows by id. */
export async function readRows<F>(
  reading: SourceReading<F>,
  table: string,
  ids: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const { replica, source } = reading
  for (let from = 0; from < ids.length; from += refetchRows) {
    const asked = ids.slice(from, from + refetchRows)
    const read = replica.beginRead()
    try {
      const facts = await reading.within(source.get?.(table, asked, signal) ?? noFacts)
      signal.throwIfAborted()
      refuseUnanswered(table, asked, facts)
      replica.apply({ kind: 'state', startedAt: read.startedAt, facts })
    } finally {
      read.end()
    }
  }
}

const noFacts: Promise<readonly RowFact[]> = Promise.resolve([])

/** A row that is not answered would stay wrong without a word. */
function refuseUnanswered(table: string, asked: readonly string[], facts: readonly RowFact[]): void {
  const answered = new Set(facts.map(({ id }) => id))
  const missing = asked.filter((id) => !answered.has(id))
  if (missing.length === 0) return
  throw new FreshetError({
    code: 'sync/unanswered-rows',
    kind: 'protocol',
    message: `The source was asked for ${asked.length} rows of ${table} and said nothing of ${missing.length}; it must answer a missing row with a delete.`,
  })
}

/** Totals may lie: a fraction never passes 1. */
export function progressOf(done: number, total: number | undefined) {
  return { done, total, fraction: total ? Math.min(1, done / total) : undefined }
}
