import type { RowFact } from '../batch.ts'
import type { Source } from '../source.ts'
import type { Row } from '../value.ts'
import { createToyFeed } from './toy-feed.ts'

export type ToyRemote<F> = {
  readonly source: Source<F>
  /** The rows the remote has now, by id. */
  rows(): ReadonlyMap<string, Row>
}

export type ToyTable = ToyRemote<RowFact> & {
  put(id: string, row: Row): void
  delete(id: string): void
}

/** The one table of the toy remotes. */
export const toyTable = 'things'

/**
 * A paged table that pushes whole rows.
 *
 * @param options.versioned - Each state of a row has a version, its absence too.
 * @param options.resumable - Streams go on from a checkpoint, if it is not too old.
 */
export function createToyTable(options: {
  readonly lossless: boolean
  readonly versioned?: boolean | undefined
  readonly resumable?: boolean | undefined
}): ToyTable {
  const { lossless, versioned = false, resumable = false } = options
  const rows = new Map<string, Row>()
  const versions = new Map<string, number>()
  const feed = createToyFeed(resumable)
  const factNow = (id: string): RowFact =>
    factOf(toyTable, id, rows.get(id), versioned ? versions.get(id) : undefined)
  const changed = (id: string): void => {
    versions.set(id, feed.position + 1)
    feed.tell(factNow(id))
  }
  return {
    rows: () => rows,
    put(id, row) {
      rows.set(id, row)
      changed(id)
    },
    delete(id) {
      if (rows.delete(id)) changed(id)
    },
    source: {
      capabilities: { kind: 'state', lossless, resumable, keptCursors: true },
      async page({ cursor, limit }) {
        const page = pageById(rows, cursor, limit)
        return { ...page, facts: page.facts.map(({ id }) => factNow(id)) }
      },
      get: async (_, ids) => ids.map(factNow),
      stream: feed.stream,
    },
  }
}

/** Pages by key: what comes and goes around it moves nothing. */
export function pageById(rows: ReadonlyMap<string, Row>, cursor: unknown, limit: number) {
  const after = typeof cursor === 'string' ? cursor : ''
  const ids = [...rows.keys()].filter((id) => id > after).sort()
  const taken = ids.slice(0, limit)
  const facts = taken.map((id) => factOf(toyTable, id, rows.get(id)))
  const last = taken.at(-1)
  return {
    facts,
    total: rows.size,
    ...(ids.length > taken.length && last !== undefined ? { next: last } : {}),
  }
}

export function factOf(table: string, id: string, row: Row | undefined, version?: number): RowFact {
  return row ? { kind: 'put', table, id, row, version } : { kind: 'delete', table, id, version }
}
