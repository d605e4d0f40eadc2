import type { OperationFailure, OperationOutcome, WriteTarget } from './operation.ts'
import type { NotedOperation, OperationJournal } from './operation-journal.ts'
import type { Outbox, OutboxAsk } from './outbox.ts'
import type { OutboxEntry } from './outbox-entry.ts'
import type { Replica } from './replica.ts'

/** What an outbox works on, for the parts of it that an application imports. Internal. */
export type OutboxWork = {
  readonly replica: Pick<Replica, 'collection' | 'dropLayer' | 'status'>
  readonly target: WriteTarget
  readonly journal: OperationJournal
  /** What was let in, in order. */
  readonly entries: OutboxEntry[]
  /** All that have not ended, those too that wait for room or are done by another. */
  readonly byId: ReadonlyMap<string, OutboxEntry>
  /** Groups that wait for their next attempt. */
  readonly pauses: ReadonlyMap<string, AbortController>
  /** Records that were taken over, or settled. */
  readonly known: Set<string>
  /** Operations that wait behind one of another tab. */
  parked: readonly string[]
  /** The other tabs, from when they share this outbox. */
  elsewhere: Elsewhere | undefined
  /** The entry that does an operation. */
  find(operationId: string): OutboxEntry | undefined
  /** Those that failed, and those that wait behind them. */
  held(): ReadonlySet<OutboxEntry>
  show(entry: OutboxEntry): void
  setState(entry: OutboxEntry, state: OutboxEntry['state'], failure?: OperationFailure): void
  announce(entry: OutboxEntry, outcome: OperationOutcome): void
  /** Hides an entry, and ends it. */
  drop(entry: OutboxEntry, outcome: OperationOutcome): void
  changed(): void
  /** Writes an entry's record again; resolves also where the store refuses, which is reported. */
  rewrite(entry: OutboxEntry): Promise<unknown>
  /** Sends what can be sent. */
  pump(): void
}

/** What a follower's outbox leaves to its leader. */
interface Elsewhere {
  /** An operation of this outbox is in the store, and another must send it. */
  noted(): void
  /** Has the leader do something with an operation that it may be sending; whether it could. */
  ask(kind: OutboxAsk['kind'], operationId: string): Promise<boolean>
  /** What this outbox noted may have been sent, or settled, by the leader before. */
  takeBack(own: readonly OutboxEntry[], kept: ReadonlyMap<string, NotedOperation>): void
}

/** Does the work of operations that have not been sent in fewer; see `mergeUnsent`. */
export interface Merging {
  /** Does the work of an entry in another; undefined where it must be sent by itself. */
  absorb(work: OutboxWork, entry: OutboxEntry): Promise<void> | undefined
}

const works = new WeakMap<Outbox, OutboxWork>()

/** Remembers what stands behind an outbox. */
export function keepWork(outbox: Outbox, work: OutboxWork): Outbox {
  works.set(outbox, work)
  return outbox
}

export function workOf(outbox: Outbox): OutboxWork {
  // Every outbox is made by `createOutbox`, which keeps its work.
  return works.get(outbox) as OutboxWork
}

/** What the store has of operations, by record. */
export async function readKept(journal: OperationJournal): Promise<ReadonlyMap<string, NotedOperation>> {
  return new Map((await journal.read()).map((record) => [record.recordId, record]))
}
