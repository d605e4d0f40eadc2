import type { Delivery } from './delivery.ts'
import { usageError, type FreshetError } from './errors.ts'
import type { Operation, OperationFailure, OperationOutcome } from './operation.ts'
import type { KeptOperation } from './operation-records.ts'
import { rowKeyText } from './draft.ts'

/** An operation in the outbox. */
export type OutboxEntry = Delivery & {
  /** The record in the store, once it is there. */
  recordId?: string | undefined
  /** Whether it may be sent: it is noted as it is. */
  noted: boolean
  /** Whether the store says that it may have been sent. */
  sent: boolean
  /** Whether it stays when it fails. */
  stays: boolean
  failure?: OperationFailure | undefined
  /** The entry that does what this one was to do [W9]. */
  into?: OutboxEntry | undefined
  /** The entries whose work this one does. */
  readonly absorbed: OutboxEntry[]
  /** The newest write to its record. */
  writing: Promise<unknown>
  resolve(outcome: OperationOutcome): void
  readonly settled: Promise<OperationOutcome>
  accepted: Promise<void>
}

export function createOutboxEntry(operation: Operation): OutboxEntry {
  const { promise, resolve } = Promise.withResolvers<OperationOutcome>()
  return {
    operation,
    state: 'queued',
    attempts: 0,
    noted: false,
    sent: false,
    taken: false,
    ended: false,
    stays: operation.stays ?? false,
    absorbed: [],
    writing: Promise.resolve(),
    resolve,
    settled: promise,
    accepted: Promise.resolve(),
  }
}

/** It may have been on its way when the run before ended, unless the store knows better. */
export function stateOf({ operation, sent, failure }: KeptOperation): OutboxEntry['state'] {
  if (failure) return 'failed'
  return operation.once && !sent ? 'queued' : 'unsure'
}

/**
 * Those that failed, and those that wait behind them because they write one of
 * their rows, or a row of such a one [W6]. Behind one that is answered nothing waits.
 *
 * @param parked - Operations that wait behind one of another tab.
 */
export function heldBack(
  entries: readonly OutboxEntry[],
  parked: readonly string[],
): ReadonlySet<OutboxEntry> {
  const held = new Set<OutboxEntry>()
  const answered = new Set(
    entries.flatMap(({ operation, state }) => (state === 'failed' ? [] : (operation.replaces ?? []))),
  )
  const rows = new Set<string>()
  for (const entry of entries) {
    const { edits, operationId } = entry.operation
    const keys = edits.map(({ table, id }) => rowKeyText(table, id))
    const isFailed = entry.state === 'failed' || parked.includes(operationId)
    const isBehind = keys.some((key) => rows.has(key))
    const isAnswered = answered.has(operationId)
    if (!isFailed && !isAnswered && !isBehind) continue
    held.add(entry)
    if (!isAnswered && (isBehind || parksItsRows(entry))) for (const key of keys) rows.add(key)
  }
  return held
}

/** What comes after a refused change may do without it; not so what comes after a conflict, or an insert. */
function parksItsRows({ failure, operation }: OutboxEntry): boolean {
  return failure?.kind !== 'rejected' || operation.edits.some(({ edit }) => edit.kind === 'insert')
}

/** Whether nothing of it can be on its way. */
export function isUnsent({ state, noted, taken, ended, operation }: OutboxEntry): boolean {
  return state === 'queued' && noted && !taken && !ended && !operation.once
}

export function isFailure(outcome: OperationOutcome): outcome is OperationFailure {
  return ['conflict', 'rejected', 'unknown'].includes(outcome.kind)
}

export function notSent(): OperationOutcome {
  return { kind: 'rejected', error: closedError() }
}

export function discardedError(): FreshetError {
  return usageError('outbox/discarded', 'The operation was taken back before it was noted.')
}

export function closedError(): FreshetError {
  return usageError('outbox/closed', 'The outbox is closed. Open the table again to write.')
}
