import {
  applyEdit,
  createListeners,
  FreshetError,
  submitLayer,
  valuesEqual,
  type Clock,
  type HostLayer,
  type Replica,
  type Row,
  type RowEdit,
} from '@freshet/core'
import { canonicalFelt } from '../values/felt.ts'
import { OverlayTimeoutError } from './errors.ts'

/** Whether a confirmed row shows that the change has happened. */
export type Guard = (confirmed: Row) => boolean

export type OverlayRequest = {
  readonly entityId: string
  readonly model: string
  /** Members and their new values; a member is replaced as a whole. Nothing for a deletion. Felts in any spelling. */
  readonly payload: Row
  /** Default `set`. */
  readonly operation?: 'set' | 'delete' | undefined
  readonly transactionId: string
  /** Default: the confirmed row holds the payload; for a deletion: it is gone. */
  readonly guard?: Guard | undefined
  /** How it is named when it times out. */
  readonly guardDescription?: string | undefined
  readonly timeoutMs?: number | undefined
}

export type OverlayOutcome = 'confirmed' | 'rolled-back' | 'timed-out' | 'replaced'

/** A change that shows at once and that the world has not confirmed yet. */
export type OverlayHandle = {
  readonly transactionId: string
  readonly guard: Guard
  /** How it ended. Never rejects. */
  readonly settled: Promise<OverlayOutcome>
  rollback(): void
}

export type Overlays = {
  readonly size: number
  countOf(model: string): number
  submit(request: OverlayRequest): OverlayHandle
  of(entityId: string): readonly OverlayRequest[]
  /** Lets the change fall as confirmed by other means. Whether there was one. */
  ack(transactionId: string): boolean
  rollback(transactionId: string): boolean
  /** Calls `listener` when there is one more or less. Returns how to stop. */
  subscribe(listener: () => void): () => void
  /** Undoes all of them, and with them their timers. */
  close(): void
}

/**
 * Optimistic changes as layers of the kernel: one to an entity's model at a time,
 * judged by confirmed rows only, gone at their timeout and at a reload [O7].
 */
export function createOverlays(options: {
  readonly replica: Replica
  readonly clock: Clock
  readonly defaultTimeoutMs: number
  /** How often guards are asked though no row has changed: they may look at the host's own knowledge. */
  readonly guardPollMs: number
  onTimeout(error: OverlayTimeoutError): void
  onListenerError(error: unknown): void
}): Overlays {
  const { replica } = options
  type Entry = {
    readonly request: OverlayRequest
    readonly layer: HostLayer
    ended: 'replaced' | 'confirmed' | undefined
  }
  const byTransaction = new Map<string, Entry>()
  const listeners = createListeners<void>(options.onListenerError)
  const isPending = ({ request }: Entry): boolean => replica.overlay.find(request.transactionId) !== undefined
  const find = (entityId: string, model: string): Entry | undefined =>
    [...byTransaction.values()].find(
      (entry) => entry.request.entityId === entityId && entry.request.model === model && isPending(entry),
    )

  const end = (transactionId: string, how: Entry['ended']): boolean => {
    const entry = byTransaction.get(transactionId)
    if (!entry) return false
    byTransaction.delete(transactionId)
    entry.ended = how
    entry.layer.rollback()
    listeners.emit()
    return true
  }

  const schedulePoll = (entry: Entry, holds: () => boolean): void => {
    const poll = (): void => {
      const { transactionId } = entry.request
      if (byTransaction.get(transactionId) !== entry) return
      if (holds()) end(transactionId, 'confirmed')
      else options.clock.schedule(poll, options.guardPollMs)
    }
    options.clock.schedule(poll, options.guardPollMs)
  }

  return {
    get size() {
      return byTransaction.size
    },
    countOf: (model) => [...byTransaction.values()].filter(({ request }) => request.model === model).length,
    submit(asked) {
      const request = { ...asked, entityId: canonicalFelt(asked.entityId) }
      const { entityId, model, transactionId, timeoutMs = options.defaultTimeoutMs } = request
      const collection = replica.collection(model)
      const confirmed = collection.confirmed(entityId)
      const edit = editOf(request, confirmed)
      const guard = guardOf(request)
      const accepts = (row: Row | undefined): boolean =>
        row === undefined ? request.operation === 'delete' : request.operation !== 'delete' && guard(row)
      // A row that has not come, or comes again after a reset, is not gone.
      const holds = (row: Row | undefined): boolean =>
        accepts(row) && (row !== undefined || collection.lookup(entityId).kind === 'absent')
      const before = find(entityId, model)
      if (before && !accepts(applyEdit(collection.get(entityId), edit)))
        throw refusedTransition(request, before.request)
      if (byTransaction.has(transactionId) && before?.request.transactionId !== transactionId)
        throw usedTwice(transactionId)
      if (before) end(before.request.transactionId, 'replaced')
      const layer = submitLayer(
        replica,
        { operationId: transactionId, table: model, id: entityId, edit },
        { guard: holds, timeoutMs },
      )
      const entry: Entry = { request, layer, ended: undefined }
      // What the world shows already never was pending.
      if (isPending(entry)) {
        byTransaction.set(transactionId, entry)
        listeners.emit()
        schedulePoll(entry, () => holdsSafely(holds, collection.confirmed(entityId)))
      }
      const settled = layer.settled.then((outcome): OverlayOutcome => {
        if (byTransaction.get(transactionId) === entry) {
          byTransaction.delete(transactionId)
          listeners.emit()
        }
        if (outcome === 'timed-out') {
          options.onTimeout(
            new OverlayTimeoutError(
              transactionId,
              entityId,
              request.guardDescription ?? 'its guard never held',
            ),
          )
        }
        return entry.ended ?? outcome
      })
      return { transactionId, guard, settled, rollback: () => void end(transactionId, undefined) }
    },
    of: (entityId) => {
      const id = canonicalFelt(entityId)
      return [...byTransaction.values()]
        .map(({ request }) => request)
        .filter((request) => request.entityId === id)
    },
    ack: (transactionId) => end(transactionId, 'confirmed'),
    rollback: (transactionId) => end(transactionId, undefined),
    subscribe: listeners.add,
    close() {
      for (const transactionId of [...byTransaction.keys()]) end(transactionId, undefined)
    },
  }
}

/** A guard that throws has not said that the change has happened. */
function holdsSafely(guard: (row: Row | undefined) => boolean, row: Row | undefined): boolean {
  try {
    return guard(row)
  } catch {
    return false
  }
}

function editOf({ operation = 'set', payload }: OverlayRequest, confirmed: Row | undefined): RowEdit {
  if (operation === 'delete') return { kind: 'delete' }
  // What is not here may be on its way.
  return { kind: confirmed ? 'patch' : 'upsert', set: payload }
}

function guardOf({ guard, payload }: OverlayRequest): Guard {
  return (
    guard ??
    ((confirmed) =>
      Object.entries(payload).every(([member, value]) => {
        const held = confirmed[member]
        return held !== undefined && valuesEqual(held, value)
      }))
  )
}

function refusedTransition(next: OverlayRequest, before: OverlayRequest): FreshetError {
  return new FreshetError({
    code: 'torii/overlay-conflict',
    kind: 'conflict',
    message: `Entity ${next.entityId} has transaction ${before.transactionId} pending, and the guard of ${next.transactionId} does not accept what it would become. Wait for the first, roll it back, or give a guard that does.`,
  })
}

function usedTwice(transactionId: string): FreshetError {
  return new FreshetError({
    code: 'torii/transaction-in-use',
    kind: 'usage',
    message: `Transaction ${transactionId} is pending on another entity; give each change an id of its own.`,
  })
}
