import { sourceSide, type Query, type Replica, type Row } from '@freshet/core'
import { isUnder, keySegment, type CachedPages, type CachedRows } from './cache.ts'
import { rowsTable } from './live-settings.ts'

/**
 * The page keys of the seed over what a replica holds.
 *
 * @param options.queryOfPage - What a page number means to the open table; absent when none is open.
 * @param options.invalidateAll - How the open table is told; absent when none is open.
 */
export function createCachedPages(options: {
  readonly replica: Replica
  queryOfPage?(page: number): { readonly query: Query; readonly key: string } | undefined
  invalidateAll?(): void
}): CachedPages {
  const { replica } = options
  const collection = replica.collection(rowsTable)
  const slotKey = (sub: string): string => `slot:${sub}`

  /** The coverage a key stands for: a page of the open table, or a slot that someone put. */
  const coverageOf = (sub: string): { readonly key: string; readonly query?: Query | undefined } => {
    const page = /^page_(\d+)$/.exec(sub)?.[1]
    const known = page === undefined ? undefined : options.queryOfPage?.(Number(page))
    return known ?? { key: slotKey(sub) }
  }
  const rowAt = (sub: string): CachedRows | undefined => {
    const segment = /^id\/(.+)$/.exec(sub)?.[1]
    const id =
      segment === undefined ? undefined : [...idsOf(segment)].find((each) => collection.confirmed(each))
    const row = id === undefined ? undefined : collection.confirmed(id)
    const meta = id === undefined ? undefined : collection.meta(id)
    if (id === undefined || row === undefined || meta?.verifiedEpoch !== replica.epoch) return undefined
    return { rows: new Map([[id, row]]), fetchedAtUnixMs: meta.fetchedAtUnixMs }
  }

  return {
    get(sub) {
      const coverage = replica.coverages.get(rowsTable, coverageOf(sub).key)
      if (coverage?.ids === undefined || coverage.invalidated) return rowAt(sub)
      const rows = coverage.ids.flatMap((id): [string, Row][] => {
        const row = collection.confirmed(id)
        return row === undefined ? [] : [[id, row]]
      })
      return { rows: new Map(rows), fetchedAtUnixMs: coverage.fetchedAtUnixMs }
    },
    put(sub, { rows, fetchedAtUnixMs }) {
      const { key, query } = coverageOf(sub)
      const ids = [...rows.keys()]
      replica.apply({
        kind: 'state',
        startedAt: 'live',
        facts: ids.map((id) => ({ kind: 'put', table: rowsTable, id, row: rows.get(id) ?? {} })),
        covers: [{ table: rowsTable, key, query, ids, complete: false, fetchedAtUnixMs }],
      })
    },
    invalidate(prefix) {
      if (options.invalidateAll && (prefix === '' || isUnder(prefix, 'id'))) return options.invalidateAll()
      if (prefix === '') return sourceSide(replica).reset()
      for (const { key } of replica.coverages.ofTable(rowsTable)) {
        if (key.startsWith('slot:') && isUnder(key.slice('slot:'.length), prefix))
          sourceSide(replica).invalidate(rowsTable, key)
      }
      const { key } = coverageOf(prefix)
      sourceSide(replica).invalidate(rowsTable, key)
    },
    flushed: () => replica.flushed(),
  }
}

/** The ids a key segment may stand for: as it is written, and unescaped. */
function* idsOf(segment: string): Generator<string> {
  yield segment
  const plain = segment.replaceAll(/%(25|2F|7C)/g, (_, code: string) =>
    String.fromCharCode(Number.parseInt(code, 16)),
  )
  if (plain !== segment && keySegment(plain) === segment) yield plain
}
