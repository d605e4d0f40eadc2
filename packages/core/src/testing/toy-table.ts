import type { RowFact } from '../batch.ts'
import type { Source, StreamItem } from '../source.ts'
import type { Row } from '../value.ts'
import { createPushQueue, type PushQueue } from './push-queue.ts'

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

/** A paged table without versions, that pushes whole rows. */
export function createToyTable(options: { readonly lossless: boolean }): ToyTable {
  const rows = new Map<string, Row>()
  const streams = new Set<PushQueue<StreamItem<RowFact>>>()
  const push = (fact: RowFact): void => {
    for (const stream of streams) stream.push({ kind: 'facts', facts: [fact] })
  }
  return {
    rows: () => rows,
    put(id, row) {
      rows.set(id, row)
      push({ kind: 'put', table: toyTable, id, row })
    },
    delete(id) {
      if (rows.delete(id)) push({ kind: 'delete', table: toyTable, id })
    },
    source: {
      capabilities: { kind: 'state', lossless: options.lossless, resumable: false },
      async page({ cursor, limit }) {
        return pageById(rows, cursor, limit)
      },
      async get(table, ids) {
        return ids.map((id) => factOf(table, id, rows.get(id)))
      },
      stream: (_resume, signal) => openStream(streams, signal),
    },
  }
}

export function openStream<F>(
  streams: Set<PushQueue<StreamItem<F>>>,
  signal: AbortSignal,
): PushQueue<StreamItem<F>> {
  const stream = createPushQueue<StreamItem<F>>(signal)
  streams.add(stream)
  signal.addEventListener('abort', () => streams.delete(stream), { once: true })
  stream.push({ kind: 'live' })
  return stream
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

export function factOf(table: string, id: string, row: Row | undefined): RowFact {
  return row ? { kind: 'put', table, id, row } : { kind: 'delete', table, id }
}
