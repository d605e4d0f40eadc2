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

/** Changes a resumable table can go on from; before those it has forgotten. */
const keptChanges = 6

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
  const changes: RowFact[] = []
  const streams = new Set<PushQueue<StreamItem<RowFact>>>()

  const tell = (id: string): RowFact => {
    return factOf(toyTable, id, rows.get(id), versioned ? versions.get(id) : undefined)
  }
  const itemOf = (fact: RowFact, position: number): StreamItem<RowFact> => ({
    kind: 'facts',
    facts: [fact],
    checkpoint: resumable ? position : undefined,
  })
  const changed = (id: string): void => {
    versions.set(id, changes.length + 1)
    const fact = tell(id)
    changes.push(fact)
    for (const stream of streams) stream.push(itemOf(fact, changes.length))
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
      capabilities: { kind: 'state', lossless, resumable },
      async page({ cursor, limit }) {
        const page = pageById(rows, cursor, limit)
        return { ...page, facts: page.facts.map(({ id }) => tell(id)) }
      },
      get: async (_, ids) => ids.map(tell),
      stream(resume, signal) {
        const from = resume?.checkpoint
        if (typeof from !== 'number' || from < changes.length - keptChanges) {
          const stream = openStream(streams, signal)
          if (resumable) stream.push({ kind: 'facts', facts: [], checkpoint: changes.length })
          return stream
        }
        const missed = changes.slice(from).map((fact, index) => itemOf(fact, from + index + 1))
        return openStream(streams, signal, [{ kind: 'resumed' }, ...missed])
      },
    },
  }
}

export function openStream<F>(
  streams: Set<PushQueue<StreamItem<F>>>,
  signal: AbortSignal,
  first: readonly StreamItem<F>[] = [],
): PushQueue<StreamItem<F>> {
  const stream = createPushQueue<StreamItem<F>>(signal)
  for (const item of first) stream.push(item)
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

export function factOf(table: string, id: string, row: Row | undefined, version?: number): RowFact {
  return row ? { kind: 'put', table, id, row, version } : { kind: 'delete', table, id, version }
}
