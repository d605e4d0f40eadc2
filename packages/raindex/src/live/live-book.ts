import {
  createIntake,
  createReplica,
  openReplica,
  sourceSide,
  type Clock,
  type Log,
  type Replica,
  type Store,
  type Value,
} from '@freshet/core'
import {
  isCodeReady,
  needToArtifact,
  raindexTables,
  RaindexError,
  type ArtifactId,
  type Mutation,
  type Orderbook,
  type RestoredSnapshot,
} from '../engine/index.ts'
import { toHex } from '../engine/hex.ts'
import type { LiveCodeCache } from './adapters.ts'
import { isCovered, readMark, writeMark } from './chain-mark.ts'
import { createLiveProjection, type LiveFact } from './live-projection.ts'
import { distinctArtifacts, lackedByOrders } from './missing-code.ts'
import type { ChainPosition, MutationEnvelope, PollResult } from './sync-engine.ts'
import { createBytecodeWarmupQueue, type BytecodeWarmupQueue } from './warmup-queue.ts'

/** Envelopes that can be undone; a poll may bring half as many. */
const keptEnvelopes = 4_096
const mostEnvelopes = keptEnvelopes / 2

export type LiveBookOptions = {
  readonly orderbook: Orderbook
  readonly codeCache: LiveCodeCache
  readonly store?: Store | undefined
  readonly clock?: Clock | undefined
  readonly log?: Log | undefined
}

/** What applying a poll did. */
export type Applied = {
  readonly batches: number
  readonly mutations: number
  /** Something has changed that a snapshot should hold. */
  readonly changed: boolean
}

/**
 * The state of a live order book, its cursor and what waits for code: one
 * replica, changed by whole polls.
 *
 * Positions of the replica count envelopes; where they end on the chain is in
 * the marks. A poll is applied in one turn, which the replica commits in one
 * transaction with the cursor.
 */
export type LiveBook<C extends Value> = {
  readonly replica: Replica<LiveFact>
  readonly cursor: C | undefined
  readonly queue: BytecodeWarmupQueue
  /** Events that polls have brought since it was opened. */
  readonly appliedEvents: number
  /** Nothing has ever been applied. */
  readonly isNew: boolean
  restore(snapshot: RestoredSnapshot, cursor: C | undefined): void
  /** Forgets everything, and holds what a snapshot says, or nothing. Who listens to its tables goes on listening. */
  beginAgain(from: { readonly snapshot: RestoredSnapshot; readonly cursor: C | undefined } | undefined): void
  /** @throws {RaindexError} why the poll cannot be applied; then nothing of it has been. */
  applyPoll(result: PollResult<C>): Applied
  /** Code that waiting envelopes and live orders lack, in the order in which it was first missed. */
  missing(): readonly ArtifactId[]
  /** After a failure that could not be taken back: empties the book, to be read from the start. */
  rebuildIfBroken(): void
}

type Book<C extends Value> = {
  readonly replica: Replica<LiveFact>
  readonly codeCache: LiveCodeCache
  readonly needsOf: (fact: LiveFact) => readonly string[]
  queue: BytecodeWarmupQueue
  cursor: C | undefined
  /** Where the last envelope that says so ended. */
  last: ChainPosition | undefined
  /** Code that live orders lacked when the book was opened or restored. */
  lacking: readonly ArtifactId[]
  applied: { batches: number; mutations: number; events: number }
  appliedEvents: number
  broken: boolean
}

/** What the checkpoint of the replica holds. */
type Checkpoint = { readonly cursor: Value; readonly waiting: Value }

export async function openLiveBook<C extends Value>(options: LiveBookOptions): Promise<LiveBook<C>> {
  const book = await openBook<C>(options)
  return {
    replica: book.replica,
    get cursor() {
      return book.cursor
    },
    get queue() {
      return book.queue
    },
    get isNew() {
      return book.replica.position === -1
    },
    get appliedEvents() {
      return book.appliedEvents
    },
    restore: (snapshot, cursor) => restore(book, snapshot, cursor),
    beginAgain(from) {
      empty(book)
      if (from !== undefined) restore(book, from.snapshot, from.cursor)
    },
    applyPoll: (result) => applyPoll(book, result),
    missing() {
      const { codeCache, replica } = book
      const needed = replica.status.get().pending.flatMap((need) => needToArtifact(need) ?? [])
      return distinctArtifacts([...book.lacking, ...needed]).filter(
        (artifact) => !codeCache.isReady(artifact),
      )
    },
    rebuildIfBroken() {
      if (book.broken) empty(book)
    },
  }
}

async function openBook<C extends Value>(options: LiveBookOptions): Promise<Book<C>> {
  const { orderbook, codeCache, store, clock, log } = options
  // Filled below: the replica needs the projection, and the projection tells the book.
  const opened: { book?: Book<C> } = {}
  const projection = createLiveProjection(orderbook.version, ({ number, mutations }) => {
    if (opened.book) noteApplied(opened.book, number, mutations)
  })
  const replicaOptions = {
    name: `raindex:${orderbook.address}`,
    tables: raindexTables,
    intake: createIntake({ projection, isReady: isCodeReady(codeCache), keepPositions: keptEnvelopes }),
    clock,
    log,
  }
  const replica = store
    ? await openReplica<LiveFact>({ ...replicaOptions, store })
    : createReplica<LiveFact>(replicaOptions)
  // Written by commit.
  const kept = replica.checkpoint as Checkpoint | undefined
  const book: Book<C> = {
    replica,
    codeCache,
    needsOf: (fact) => projection.needs?.(fact) ?? [],
    queue: createBytecodeWarmupQueue(kept?.waiting),
    // What the engine gave it gets back.
    cursor: (kept?.cursor ?? undefined) as C | undefined,
    last: lastMark(replica),
    lacking: lackedByOrders(replica, codeCache),
    applied: { batches: 0, mutations: 0, events: 0 },
    appliedEvents: 0,
    broken: false,
  }
  opened.book = book
  return book
}

function noteApplied(book: Book<Value>, number: number, mutations: readonly Mutation[]): void {
  book.queue.remove(number)
  book.applied.batches += 1
  book.applied.mutations += mutations.length
  book.applied.events += eventsIn(mutations)
}

/** Each event of a chain is one mutation; what only tells a block's time or a token's decimals is none. */
function eventsIn(mutations: readonly Mutation[]): number {
  return mutations.reduce((sum, mutation) => {
    if (mutation.kind === 'batch') return sum + eventsIn(mutation.mutations)
    return mutation.kind === 'setEnv' || mutation.kind === 'setTokenDecimals' ? sum : sum + 1
  }, 0)
}

function empty(book: Book<Value>): void {
  sourceSide(book.replica).reset()
  book.queue = createBytecodeWarmupQueue()
  book.cursor = undefined
  book.last = undefined
  book.lacking = []
  book.broken = false
}

function restore<C extends Value>(book: Book<C>, snapshot: RestoredSnapshot, cursor: C | undefined): void {
  const { replica, codeCache } = book
  const after = replica.position
  const facts: LiveFact[] = [{ kind: 'restored', mutations: snapshot.mutations }]
  // What came before the snapshot is not known here, so that no fork reaches behind it.
  replica.apply({ kind: 'log', after, upTo: after + 1, finalizedTo: after + 1, facts })
  for (const { mutations } of snapshot.pending) addEnvelope(book, mutations, undefined)
  book.cursor = cursor
  book.last = endOfCursor(cursor)
  book.lacking = lackedByOrders(replica, codeCache)
  commit(book)
}

/** Where a state ends whose engine counts whole blocks: a fork behind it can then be undone to it. */
function endOfCursor(cursor: Value | undefined): ChainPosition | undefined {
  if (typeof cursor !== 'object' || cursor === null || !('block' in cursor && 'hash' in cursor))
    return undefined
  const { block: blockNumber, hash } = cursor
  const blockHash = typeof hash === 'string' ? toHex(hash, 32) : undefined
  if (typeof blockNumber !== 'number' || blockHash === undefined) return undefined
  return { blockNumber, logIndex: Number.MAX_SAFE_INTEGER, blockHash }
}

function applyPoll<C extends Value>(book: Book<C>, result: PollResult<C>): Applied {
  const { mutationBatches, rewindTo, nextCursor } = result
  if (mutationBatches.length > mostEnvelopes) throw tooLarge(mutationBatches.length)
  const { replica, last } = book
  const [before, checkpoint, waiting] = [replica.position, replica.checkpoint, book.queue.toValue()]
  const restoreQueue = book.queue.save()
  let rewound = false
  try {
    rewound = rewindTo !== undefined && rewind(book, rewindTo.blockNumber)
    book.applied = { batches: 0, mutations: 0, events: 0 }
    addNew(book, mutationBatches)
    sourceSide(replica).retryDeferred()
  } catch (error) {
    restoreQueue()
    book.last = last
    book.broken = rewound
    if (!rewound) takeBack(book, before, checkpoint)
    throw error
  }
  const { batches, mutations, events } = book.applied
  book.appliedEvents += events
  const moved = nextCursor !== undefined && JSON.stringify(nextCursor) !== JSON.stringify(book.cursor)
  if (nextCursor !== undefined) book.cursor = nextCursor
  const changed = replica.position !== before || batches > 0 || book.queue.toValue() !== waiting
  if (moved || changed) commit(book)
  return { batches, mutations, changed }
}

/** Adds the envelopes that are not there yet. */
function addNew(book: Book<Value>, envelopes: readonly MutationEnvelope[]): void {
  for (const { mutations, position } of envelopes) {
    if (mutations.length === 0 || isCovered(book.last, position)) continue
    addEnvelope(book, mutations, position)
  }
}

function addEnvelope(
  book: Book<Value>,
  mutations: readonly Mutation[],
  position: ChainPosition | undefined,
): void {
  const { replica, queue, needsOf } = book
  const after = replica.position
  const fact: LiveFact = { kind: 'envelope', number: after + 1, mutations }
  const mark = position && writeMark(position)
  const { kind } = replica.apply({ kind: 'log', after, upTo: after + 1, mark, facts: [fact] })
  if (kind === 'parked') queue.add(after + 1, { needs: needsOf(fact), mutations })
  if (position !== undefined) book.last = position
}

/** Writes the cursor and what waits beside all that was applied in this turn. */
function commit({ replica, cursor, queue, last }: Book<Value>): void {
  const after = replica.position
  const checkpoint: Value = { cursor: cursor ?? null, waiting: queue.toValue() }
  const mark = last && writeMark(last)
  replica.apply({ kind: 'log', after, upTo: after + 1, mark, facts: [], checkpoint })
}

/** Undoes what came after a block; false when nothing did. */
function rewind(book: Book<Value>, blockNumber: number): boolean {
  const { replica, queue } = book
  const kept = sourceSide(replica)
    .resume()
    .marks.find(({ mark }) => readMark(mark).blockNumber <= blockNumber)
  const after = kept?.position ?? -1
  if (after === replica.position) return false
  const mark = kept?.mark
  const outcome = replica.apply({ kind: 'log', after, upTo: after + 1, rewindTo: after, mark, facts: [] })
  if (outcome.kind === 'beyond-history') throw beyondHistory(blockNumber)
  queue.dropAfter(after)
  book.last = mark === undefined ? undefined : readMark(mark)
  return true
}

/** Goes back to where a poll found the book. */
function takeBack({ replica, last }: Book<Value>, before: number, checkpoint: Value | undefined): void {
  if (replica.position === before) return
  const mark = last && writeMark(last)
  replica.apply({
    kind: 'log',
    after: before,
    upTo: before + 1,
    rewindTo: before,
    mark,
    facts: [],
    checkpoint,
  })
}

function lastMark(replica: Replica<LiveFact>): ChainPosition | undefined {
  const mark = sourceSide(replica).resume().marks[0]?.mark
  return mark === undefined ? undefined : readMark(mark)
}

function tooLarge(count: number): RaindexError {
  const message = `A poll brought ${count} envelopes; give at most ${mostEnvelopes} at a time.`
  return new RaindexError('PollTooLarge', message, { count })
}

function beyondHistory(blockNumber: number): RaindexError {
  const message = `The chain forked at block ${blockNumber}, further back than can be undone. Reset to read everything again.`
  return new RaindexError('ForkBeyondHistory', message, { blockNumber })
}
