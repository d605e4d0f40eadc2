import {
  compilePredicate,
  type Page,
  type Row,
  type RowFact,
  type Source,
  type Span,
  type StreamItem,
} from '@freshet/core'
import type { LiveEvent, LiveStream } from './live-stream.ts'
import { rowTypes } from './master-schema.ts'
import type { Master, MasterChange, MasterEntry } from './master.ts'

export type MasterSourceOptions = {
  /** The master to read now; asked anew for each request, so that it can be swapped. */
  master(): Master
  /** The name of the table in the replica. */
  readonly table: string
  /** Listened to instead of the master's own watch. */
  readonly liveStream?: LiveStream | undefined
  /** Whether a stream that goes on from a checkpoint would miss nothing: the rows it starts from are all here. */
  mayResume(): boolean
  /** Told that a row changed of which nothing is known but its id; whether it is to be read again, if it is held. */
  onTouched(id: string): boolean
  /** Told that a row has changed, before it is put in. */
  onChanged(id: string): void
  /** Told that it has been put in, or was like that already. */
  onPut(id: string): void
  /** Told that a row is gone, before it is taken out. */
  onGone(id: string): void
  /** Told that anything may have changed. */
  onInvalidated(): void
  /** Told of each item of the watch or the stream; the span is ended when it has been taken. */
  onEvent(kind: string, id: string | undefined): Span
}

/**
 * A master as the kernel's sync loop wants it: pages by key, rows by id, and
 * its watch as a stream of facts.
 *
 * Capabilities are those of the master and no more: a watch that may miss
 * changes, or deletes, is a hint, and everything is reconciled from time to time.
 */
export function masterSource(options: MasterSourceOptions): Source<RowFact> {
  const { table, liveStream } = options
  const { push, resumable, deletesSeen } = options.master().capabilities
  const pushes = liveStream !== undefined || push !== 'none'
  return {
    capabilities: {
      kind: 'state',
      lossless: liveStream === undefined && push === 'lossless' && deletesSeen,
      resumable: liveStream === undefined && resumable,
    },
    async page({ cursor, limit }, signal): Promise<Page> {
      const after = typeof cursor === 'string' ? cursor : undefined
      const { rows, next, total } = await options.master().page({ after, limit }, signal)
      return { facts: rows.map((entry) => entryFact(table, entry)), next, total }
    },
    get: async (_, ids, signal) => rowFacts(table, ids, await options.master().get(ids, signal)),
    ...(pushes && {
      stream: (resume, signal) =>
        liveStream === undefined
          ? watchItems(options, resume?.checkpoint, signal)
          : eventItems(options, liveStream, signal),
    }),
  }
}

/** What a reading of these ids says: each row that is there, and that the others are not. */
export function rowFacts(
  table: string,
  ids: readonly string[],
  entries: readonly MasterEntry[],
): readonly RowFact[] {
  const found = new Set(entries.map(([id]) => id))
  const gone = ids.filter((id) => !found.has(id))
  return [
    ...entries.map((entry) => entryFact(table, entry)),
    ...gone.map((id): RowFact => ({ kind: 'delete', table, id })),
  ]
}

export function entryFact(table: string, [id, row, version]: MasterEntry): RowFact {
  return { kind: 'put', table, id, row, version }
}

async function* watchItems(
  options: MasterSourceOptions,
  checkpoint: unknown,
  signal: AbortSignal,
): AsyncGenerator<StreamItem<RowFact>> {
  const master = options.master()
  const resumes = master.capabilities.resumable && options.mayResume()
  const from = resumes && typeof checkpoint === 'string' ? checkpoint : undefined
  const belongs = membershipOf(master)
  for await (const change of master.watch({ signal, from })) {
    const span = options.onEvent(change.kind, 'id' in change ? change.id : undefined)
    try {
      yield* changeItems(options, change, belongs)
    } finally {
      span.end()
    }
  }
}

/** Whether a row is one of this view; `undefined` where only the master can tell. */
type Membership = (row: Row) => boolean | undefined

function membershipOf(master: Master): Membership {
  const { filter } = master
  if (filter === undefined) return () => true
  if (!master.evaluates.filter(filter)) return () => undefined
  return compilePredicate(filter, rowTypes(master.schema))
}

function* changeItems(
  options: MasterSourceOptions,
  change: MasterChange,
  belongs: Membership,
): Generator<StreamItem<RowFact>> {
  const { table } = options
  switch (change.kind) {
    case 'resumed':
      yield { kind: 'resumed' }
      return
    case 'live':
      yield { kind: 'live' }
      if (change.cursor !== undefined) yield { kind: 'facts', facts: [], checkpoint: change.cursor }
      return
    case 'upsert': {
      const { id, row, version } = change
      const inView = belongs(row)
      // A row may have left the view [A.3 rule 12]; a delete of what is not held says nothing.
      const fact: RowFact =
        inView === undefined
          ? { kind: 'touched', table, id }
          : inView
            ? { kind: 'put', table, id, row, version }
            : { kind: 'delete', table, id, version }
      if (inView === false) options.onGone(id)
      if (inView === true) options.onChanged(id)
      if (inView === undefined && !options.onTouched(id)) return
      yield factsItem([fact], change)
      // Asked for the next, the kernel has taken this one.
      if (inView === true) options.onPut(id)
      return
    }
    case 'delete':
      options.onGone(change.id)
      yield factsItem([{ kind: 'delete', table, id: change.id, version: change.version }], change)
      return
    case 'touched':
      if (options.onTouched(change.id)) yield factsItem([{ kind: 'touched', table, id: change.id }], change)
      return
    case 'invalidated':
      options.onInvalidated()
      yield { kind: 'invalidated' }
      if (change.cursor !== undefined) yield { kind: 'facts', facts: [], checkpoint: change.cursor }
  }
}

function factsItem(
  facts: readonly RowFact[],
  { op, cursor }: { readonly op?: string | undefined; readonly cursor?: string | undefined },
): StreamItem<RowFact> {
  // The echo of our own write is its acknowledgement [W5].
  const acks = op === undefined ? undefined : [{ operationId: op }]
  return { kind: 'facts', facts, acks, checkpoint: cursor }
}

async function* eventItems(
  options: MasterSourceOptions,
  liveStream: LiveStream,
  signal: AbortSignal,
): AsyncGenerator<StreamItem<RowFact>> {
  const events = liveStream.subscribe(signal)
  yield { kind: 'live' }
  for await (const event of events) {
    const span = options.onEvent(event.kind, 'id' in event ? event.id : undefined)
    try {
      yield* liveEventItems(options, event)
    } finally {
      span.end()
    }
  }
}

function* liveEventItems(options: MasterSourceOptions, event: LiveEvent): Generator<StreamItem<RowFact>> {
  if (event.kind === 'changed') {
    options.onInvalidated()
    yield { kind: 'invalidated' }
    return
  }
  const facts: RowFact[] = [{ kind: 'touched', table: options.table, id: event.id }]
  if (options.onTouched(event.id)) yield { kind: 'facts', facts }
}
