import type { Backoff } from './backoff.ts'
import type { Clock } from './clock.ts'
import type { FreshetError } from './errors.ts'
import type { Log } from './log.ts'
import type { Operation, OperationFailure, OperationOutcome, WriteTarget } from './operation.ts'
import type { OutboxEntry } from './outbox-entry.ts'
import type { Merging } from './outbox-work.ts'
import type { Random } from './random.ts'
import type { Replica } from './replica.ts'
import type { Store } from './store.ts'

export type OutboxOptions<F> = {
  readonly replica: Replica<F>
  readonly target: WriteTarget
  /** The replica's own store, where operations survive a restart; absent: in memory only. */
  readonly store?: Store | undefined
  /** Operations that may wait before `submit` makes the caller wait. Default 256. */
  readonly capacity?: number | undefined
  /** `mergeUnsent`, where the target can make one operation of two. */
  readonly merging?: Merging | undefined
  readonly backoff?: Backoff | undefined
  /** How long an answer may take before its outcome counts as unknown. Default 30,000. */
  readonly stallMs?: number | undefined
  readonly clock?: Clock | undefined
  readonly random?: Random | undefined
  readonly log?: Log | undefined
}

/** An operation in the outbox, for a list the user can look at. */
export type QueuedOperation = {
  readonly operation: Operation
  /**
   * `unsure`: it was sent and the answer was lost; it is being verified.
   * `failed`: it stays, for `failure`, until it is retried, discarded or replaced.
   * `parked`: it waits behind a failed one of the same row, here or in another tab.
   */
  readonly state: OutboxEntry['state'] | 'parked'
  readonly attempts: number
  readonly lastError: FreshetError | undefined
  readonly failure: OperationFailure | undefined
}

export type SettledOperation = readonly [
  operationId: string,
  outcome: OperationOutcome,
  operation: Operation,
  stays: boolean,
]

/** What a follower asks its leader to do with an operation that is noted. */
export type OutboxAsk = {
  readonly kind: 'discard' | 'retry'
  readonly operationId: string
  /** To be called with whether it could. */
  answer(isDone: boolean): void
}

export type Submitted = {
  /** The operation is on the disk (or in memory, without a store) and survives a restart. */
  readonly accepted: Promise<void>
  /** How the remote took it; its effect is in local reads by then. Never rejects. */
  readonly settled: Promise<OperationOutcome>
}

/** What the user did and the remote has not confirmed yet, in order, durable [W1–W6]. */
export interface Outbox {
  /**
   * Shows the operation at once and queues it. One that is queued already is
   * not queued again.
   *
   * `accepted` rejects with a `storage/*` error when it could not be noted (it is
   * then undone), or with `outbox/closed`.
   */
  submit(operation: Operation): Submitted
  queued(): readonly QueuedOperation[]
  subscribe(listener: () => void): () => void
  /** Takes an operation back that is not being sent; whether it could. */
  discard(operationId: string): Promise<boolean>
  /** Takes over what an earlier run, or another tab, has noted in the store. */
  restore(): Promise<void>
  /** Called when an operation has ended, or failed and stays, here or at the leader. */
  onSettled(listener: (...settled: SettledOperation) => void): () => void
  /** Sends from now on. Only the leader does [T10]. */
  start(): void
  /**
   * Sends no more, and takes nothing more. What is in the store is `kept` for
   * the next run; without a store what was not sent is undone and rejected.
   */
  stop(): Promise<void>
}
