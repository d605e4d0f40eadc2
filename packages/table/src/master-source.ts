import {
  compilePredicate,
  type Page,
  type Row,
  type RowFact,
  type Source,
  type SourceCapabilities,
  type Span,
  type StreamItem,
} from '@freshet/core'
import type { LiveEvent, LiveStream } from './live-stream.ts'
import { rowTypes } from './master-schema.ts'
import { shapeOf } from './master-shape.ts'
import type { Master, MasterChange, MasterEntry, RowChange } from './master.ts'

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
  /** Told that rows have changed, before they are put in. */
  onChanged(ids: readonly string[]): void
  /** Told that they have been put in, or were like that already. */
  onPut(ids: readonly string[]): void
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
  const pushes = liveStream !== undefined || options.master().capabilities.push !== 'none'
  return {
    get capabilities(): SourceCapabilities {
      const { push, resumable, deletesSeen } = options.master().capabilities
      return {
        kind: 'state',
        lossless: liveStream === undefined && push === 'lossless' && deletesSeen,
        resumable: liveStream === undefined && resumable,
        // A page begins behind an id.
        keptCursors: true,
      }
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
    durable(checkpoint) {
      const master = options.master()
      const cursor = cursorOf(master, checkpoint)
      if (cursor !== undefined) master.acknowledge?.(cursor)
    },
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
  const from = resumes ? cursorOf(master, checkpoint) : undefined
  const belongs = membershipOf(master)
  const shape = shapeOf(master)
  for await (const change of master.watch({ signal, from })) {
    const span = options.onEvent(change.kind, 'id' in change ? change.id : undefined)
    try {
      for (const item of changeItems(options, change, belongs)) {
        const cursor = item.kind === 'facts' ? item.checkpoint : undefined
        yield item.kind === 'facts' && typeof cursor === 'string'
          ? { ...item, checkpoint: `${shape} ${cursor}` }
          : item
      }
    } finally {
      span.end()
    }
  }
}

/**
 * The master's own cursor in a checkpoint of ours; `undefined` when the rows before it
 * had other fields, so that all are to be read again.
 */
function cursorOf(master: Master, checkpoint: unknown): string | undefined {
  const prefix = `${shapeOf(master)} `
  return typeof checkpoint === 'string' && checkpoint.startsWith(prefix)
    ? checkpoint.slice(prefix.length)
    : undefined
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
    case 'upsert':
    case 'delete':
      yield* rowItems(options, [change], change, belongs)
      return
    case 'transaction':
      yield* rowItems(options, change.changes, change, belongs)
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

/** The changes of one transaction as one item: no reader sees half of it. */
function* rowItems(
  options: MasterSourceOptions,
  changes: readonly RowChange[],
  { op, cursor }: { readonly op?: string | undefined; readonly cursor?: string | undefined },
  belongs: Membership,
): Generator<StreamItem<RowFact>> {
  const facts: RowFact[] = []
  const put: string[] = []
  let tellsAll = true
  for (const change of changes) {
    const { id, version } = change
    const inView = change.kind === 'delete' ? false : belongs(change.row)
    if (inView === undefined) {
      if (options.onTouched(id)) facts.push({ kind: 'touched', table: options.table, id })
      else tellsAll = false
    } else if (inView && change.kind === 'upsert') {
      put.push(id)
      facts.push({ kind: 'put', table: options.table, id, row: change.row, version })
    } else if (!wasElsewhere(change, belongs)) {
      // A row may have left the view [A.3 rule 12]; a delete of what is not held says nothing.
      options.onGone(id)
      facts.push({ kind: 'delete', table: options.table, id, version })
    }
  }
  // A write of ours is not confirmed by what leaves its row out.
  const confirmed = tellsAll ? op : undefined
  if (facts.length === 0 && cursor === undefined && confirmed === undefined) return
  options.onChanged(put)
  yield factsItem(facts, { op: confirmed, cursor })
  // Asked for the next, the kernel has taken this one.
  options.onPut(put)
}

/** Whether the row is known to have been outside the view before, too. */
function wasElsewhere(change: RowChange, belongs: Membership): boolean {
  return change.kind === 'upsert' && change.before !== undefined && belongs(change.before) === false
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
