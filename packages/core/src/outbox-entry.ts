import type { Delivery } from './delivery.ts'
import { FreshetError } from './errors.ts'
import type { Operation, OperationOutcome } from './operation.ts'

/** An operation in the outbox. */
export type OutboxEntry = Delivery & {
  /** The record in the store, once it is there. */
  recordId: string | undefined
  /** Whether it may be sent: it is noted. */
  noted: boolean
  /** Whether the store says that it may have been sent. */
  sent: boolean
  resolve(outcome: OperationOutcome): void
  readonly settled: Promise<OperationOutcome>
  accepted: Promise<void>
}

export function createOutboxEntry(operation: Operation): OutboxEntry {
  const { promise, resolve } = Promise.withResolvers<OperationOutcome>()
  return {
    operation,
    recordId: undefined,
    state: 'queued',
    attempts: 0,
    lastError: undefined,
    noted: false,
    sent: false,
    ended: false,
    resolve,
    settled: promise,
    accepted: Promise.resolve(),
  }
}

/** It may have been on its way when the run before ended, unless the store knows better. */
export function stateOf({ operation, sent }: OutboxEntry): OutboxEntry['state'] {
  return operation.once && !sent ? 'queued' : 'unsure'
}

/** The next operation of a group. */
export function firstOf(entries: readonly OutboxEntry[], group: string): OutboxEntry | undefined {
  return entries.find((entry) => entry.operation.group === group)
}

export function notSent(): OperationOutcome {
  return { kind: 'rejected', error: closedError() }
}

export function discardedError(): FreshetError {
  return new FreshetError({
    code: 'outbox/discarded',
    kind: 'usage',
    message: 'The operation was taken back before there was room to note it.',
  })
}

export function closedError(): FreshetError {
  return new FreshetError({
    code: 'outbox/closed',
    kind: 'usage',
    message: 'The outbox is closed; open the table again to write.',
  })
}
