import { backoffMs, type Backoff } from './backoff.ts'
import type { Clock } from './clock.ts'
import { asFreshetError, FreshetError } from './errors.ts'
import type { Operation, OperationOutcome, WriteTarget } from './operation.ts'
import type { Random } from './random.ts'
import { within } from './within.ts'

/** An operation on its way. */
export type Delivery = {
  operation: Operation
  /** `unsure`: it was sent and the answer was lost. `failed`: it stays until someone decides. */
  state: 'queued' | 'sending' | 'unsure' | 'failed'
  attempts: number
  lastError?: FreshetError | undefined
  /** Its sending has begun: it is not changed any more. */
  taken: boolean
  /** Settled, or about to be: nothing more is sent. */
  ended: boolean
}

export type DeliveryOptions<D extends Delivery> = {
  readonly target: WriteTarget
  readonly backoff: Backoff
  readonly clock: Clock
  readonly random: Random
  /** How long an answer may take before its outcome counts as unknown. */
  readonly stallMs: number
  beginRead(): { readonly startedAt: number; end(): void }
  /** Notes, where it must not happen twice, that it is about to be sent. */
  beforeSend(delivery: D): Promise<void>
  changed(): void
  /** Waits before the next attempt. */
  pause(delivery: D, forMs: number, signal: AbortSignal): Promise<void>
  settle(delivery: D, outcome: OperationOutcome, startedAt: number): Promise<void>
}

/**
 * Sends an operation until its outcome is known, or the signal is aborted.
 *
 * After a lost answer the remote is asked whether it shows the effect before
 * anything is sent again [W4]; what must not be sent twice is reported [W1].
 */
export async function deliver<D extends Delivery>(
  options: DeliveryOptions<D>,
  delivery: D,
  signal: AbortSignal,
): Promise<void> {
  const { backoff, random } = options
  delivery.taken = true
  for (let attempt = 0; !signal.aborted && !delivery.ended; attempt++) {
    const read = options.beginRead()
    try {
      const outcome = await tryOnce(options, delivery, signal)
      if (outcome) return await options.settle(delivery, outcome, read.startedAt)
    } finally {
      read.end()
    }
    options.changed()
    await options.pause(delivery, backoffMs(backoff, attempt, random), signal)
  }
}

/** One attempt; undefined when another must follow. */
async function tryOnce<D extends Delivery>(
  options: DeliveryOptions<D>,
  delivery: D,
  outer: AbortSignal,
): Promise<OperationOutcome | undefined> {
  const { operation } = delivery
  const request = new AbortController()
  const signal = AbortSignal.any([outer, request.signal])
  const inTime = <T>(work: Promise<T>): Promise<T> => within(options.clock, options.stallMs, outer, work)
  try {
    if (delivery.state === 'unsure') {
      if (operation.once) return lostAnswer(delivery)
      const verified = await inTime(options.target.verify(operation, signal))
      if (verified || delivery.ended) return verified
    }
    await options.beforeSend(delivery)
    if (outer.aborted || delivery.ended) return undefined
    delivery.state = 'sending'
    delivery.attempts += 1
    options.changed()
    return await inTime(options.target.send(operation, signal))
  } catch (error) {
    return afterError(
      delivery,
      asFreshetError(error, { code: 'outbox/unsure', kind: 'remote', retryable: true }),
      outer,
    )
  } finally {
    request.abort()
  }
}

function afterError(
  delivery: Delivery,
  fault: FreshetError,
  signal: AbortSignal,
): OperationOutcome | undefined {
  const { operation, state } = delivery
  delivery.lastError = fault
  if (state === 'sending') delivery.state = 'unsure'
  // The next run, or the next leader, finds out what became of it.
  if (signal.aborted) return undefined
  if (state === 'sending' && operation.once && fault.kind === 'remote') return lostAnswer(delivery)
  if (fault.retryable) return undefined
  // Whether it was taken was not known before this error, and now never will be.
  return state === 'unsure' ? lostAnswer(delivery) : { kind: 'rejected', error: fault }
}

/** The outcome of an operation of which nobody knows what became. */
export function lostAnswer({
  operation,
  lastError,
}: Pick<Delivery, 'operation' | 'lastError'>): OperationOutcome {
  const error = new FreshetError({
    code: 'outbox/unknown-outcome',
    kind: 'remote',
    message: `The answer to operation ${operation.operationId} was lost; it may have been taken. Look before you send it again.`,
    cause: lastError,
  })
  return { kind: 'unknown', error }
}
