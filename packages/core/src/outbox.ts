import { defaultBackoff, type Backoff } from './backoff.ts'
import { systemClock, type Clock } from './clock.ts'
import { deliver, lostAnswer } from './delivery.ts'
import { asFreshetError, type FreshetError } from './errors.ts'
import { createListeners } from './listeners.ts'
import { silentLog, type Log } from './log.ts'
import type { Operation, OperationOutcome, WriteTarget } from './operation.ts'
import { ackIds, layersOf, operationRecord, readOperation } from './operation-records.ts'
import {
  closedError,
  createOutboxEntry,
  discardedError,
  firstOf,
  notSent,
  stateOf,
  type OutboxEntry,
} from './outbox-entry.ts'
import { systemRandom, type Random } from './random.ts'
import type { Replica } from './replica.ts'
import { kernelTables } from './replica-records.ts'
import type { Store } from './store.ts'
import { createWaitingRoom } from './waiting-room.ts'

export type OutboxOptions<F> = {
  readonly replica: Replica<F>
  readonly target: WriteTarget
  /** The replica's own store, where operations survive a restart; absent: in memory only. */
  readonly store?: Store | undefined
  /** Operations that may wait before `submit` makes the caller wait. Default 256. */
  readonly capacity?: number | undefined
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
  /** `unsure`: it was sent and the answer was lost; it is being verified. */
  readonly state: 'queued' | 'sending' | 'unsure'
  readonly attempts: number
  readonly lastError: FreshetError | undefined
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
  /** Takes an operation back that is not being sent; whether it could. A follower cannot once it is noted. */
  discard(operationId: string): Promise<boolean>
  /** Takes over what an earlier run, or another tab, has noted in the store. */
  restore(): Promise<void>
  /** The leader's outbox has settled an operation of this one. */
  settledElsewhere(operationId: string, outcome: OperationOutcome): void
  /** Called when an operation of this outbox is in the store and another must send it. */
  onNoted(listener: () => void): () => void
  /** Called when an operation has been settled here. */
  onSettled(listener: (operationId: string, outcome: OperationOutcome) => void): () => void
  /** Sends from now on. Only the leader does [T10]. */
  start(): void
  /**
   * Sends no more, and takes nothing more. What is in the store is `kept` for
   * the next run; without a store what was not sent is undone and rejected.
   */
  stop(): Promise<void>
  /** Resolves when nothing is queued. */
  drained(): Promise<void>
}

export function createOutbox<F>(options: OutboxOptions<F>): Outbox {
  const { replica, target, store, capacity = 256, stallMs = 30_000 } = options
  const { clock = systemClock, random = systemRandom, log = silentLog, backoff = defaultBackoff } = options
  /** What was let in, in order; the others wait for room. */
  const entries: OutboxEntry[] = []
  const byId = new Map<string, OutboxEntry>()
  /** Records that were taken over, or settled. */
  const known = new Set<string>()
  const busyGroups = new Map<string, Promise<void>>()
  const onError = (error: unknown): void => log.write('error', 'freshet::outbox', String(error))
  const listeners = createListeners<void>(onError)
  const notedListeners = createListeners<void>(onError)
  const settledListeners = createListeners<readonly [string, OperationOutcome]>(onError)
  const room = createWaitingRoom(() => capacity - entries.length)
  let controller: AbortController | undefined
  let closed = false

  const sends = (): boolean => controller !== undefined && !controller.signal.aborted
  const changed = (): void => {
    listeners.emit()
    room.letIn()
  }
  const addEntry = (operation: Operation): OutboxEntry => {
    const entry = createOutboxEntry(operation)
    for (const layer of layersOf(operation)) replica.addLayer(layer)
    byId.set(operation.operationId, entry)
    return entry
  }
  const dropLayers = ({ operation }: OutboxEntry): void => {
    for (const { operationId } of layersOf(operation)) replica.dropLayer(operationId)
  }
  const end = (entry: OutboxEntry, outcome: OperationOutcome): void => {
    entry.ended = true
    const index = entries.indexOf(entry)
    if (index >= 0) entries.splice(index, 1)
    byId.delete(entry.operation.operationId)
    entry.resolve(outcome)
    changed()
    pump()
  }

  const note = async (entry: OutboxEntry): Promise<void> => {
    if (room.isFull) await room.enter()
    if (closed) throw closedError()
    if (entry.ended) throw discardedError()
    entries.push(entry)
    if (store) {
      const recordId = await store.append(kernelTables.operations, operationRecord(entry.operation, false))
      entry.recordId = recordId
      known.add(recordId)
    }
    entry.noted = true
    changed()
    if (sends()) pump()
    else notedListeners.emit()
  }
  const refuse = (entry: OutboxEntry, error: unknown): never => {
    if (!entry.ended) {
      dropLayers(entry)
      end(entry, {
        kind: 'rejected',
        error: asFreshetError(error, { code: 'outbox/not-noted', kind: 'storage' }),
      })
    }
    throw error
  }

  const settle = async (entry: OutboxEntry, outcome: OperationOutcome, startedAt: number): Promise<void> => {
    if (entry.ended) return
    entry.ended = true
    if (outcome.kind === 'confirmed') confirm(entry, outcome.facts, startedAt)
    else {
      dropLayers(entry)
      // Being noted: what is not in the store yet cannot be removed from it.
      if (entries.includes(entry) && !entry.noted) await entry.accepted.catch(() => {})
      await forget(entry)
    }
    end(entry, outcome)
    settledListeners.emit([entry.operation.operationId, outcome])
  }
  /** The record goes in the transaction that brings the confirmed rows [T1]. */
  const confirm = ({ operation, recordId }: OutboxEntry, facts: ConfirmedFacts, startedAt: number): void => {
    const acks = ackIds(operation).map((operationId) => ({ operationId, recordId }))
    try {
      replica.apply({ kind: 'state', startedAt, facts, acks })
    } catch (error) {
      // It was taken all the same; what it made is read instead.
      onError(error)
      replica.apply({ kind: 'state', startedAt, facts: [], acks })
    }
  }
  const forget = async ({ recordId }: OutboxEntry): Promise<void> => {
    if (recordId === undefined) return
    try {
      const writes = [{ table: kernelTables.operations, id: recordId, value: undefined }]
      await store?.commit({ writes }, undefined)
    } catch (error) {
      log.write('warn', 'freshet::outbox', `A settled operation could not be removed: ${String(error)}`)
    }
  }
  const beforeSend = async (entry: OutboxEntry): Promise<void> => {
    const { operation, recordId } = entry
    if (!store || !operation.once || entry.sent || recordId === undefined) return
    const writes = [{ table: kernelTables.operations, id: recordId, value: operationRecord(operation, true) }]
    await store.commit({ writes }, undefined)
    entry.sent = true
  }

  const delivery = {
    target,
    backoff,
    clock,
    random,
    stallMs,
    beginRead: replica.beginRead,
    beforeSend,
    changed,
    settle,
  }
  const drainGroup = async (group: string, signal: AbortSignal): Promise<void> => {
    for (;;) {
      const entry = firstOf(entries, group)
      if (!entry?.noted || signal.aborted) return
      // Taken back, and being removed from the store.
      if (entry.ended) await entry.settled
      else await deliver(delivery, entry, signal)
    }
  }
  const pump = (): void => {
    const signal = controller?.signal
    if (!signal || signal.aborted) return
    for (const { operation } of entries) {
      const { group } = operation
      if (busyGroups.has(group) || !firstOf(entries, group)?.noted) continue
      const done = drainGroup(group, signal)
        .catch(onError)
        .finally(() => {
          busyGroups.delete(group)
          pump()
          changed()
        })
      busyGroups.set(group, done)
    }
  }

  /** What this outbox noted may have been sent, or settled, by the leader before. */
  const takeBack = (records: ReadonlyMap<string, boolean>): void => {
    for (const entry of [...entries]) {
      if (entry.recordId === undefined) continue
      entry.sent = records.get(entry.recordId) ?? false
      entry.state = stateOf(entry)
      if (records.has(entry.recordId)) continue
      dropLayers(entry)
      end(entry, lostAnswer(entry))
    }
  }
  const takeOver = (recordId: string, operation: Operation, sent: boolean): void => {
    known.add(recordId)
    // Ours, whose noting has reached the store before its answer reached us.
    if (byId.has(operation.operationId)) return
    const entry = addEntry(operation)
    entry.recordId = recordId
    entry.noted = true
    entry.sent = sent
    entry.state = stateOf(entry)
    entries.push(entry)
  }

  const discard = async (operationId: string): Promise<boolean> => {
    const entry = byId.get(operationId)
    if (!entry || entry.ended || entry.state === 'sending') return false
    // The leader may be sending it.
    if (entry.noted && replica.status.get().role === 'follower') return false
    await settle(entry, { kind: 'discarded' }, replica.seq)
    return true
  }

  return {
    submit(operation) {
      const queued = byId.get(operation.operationId)
      if (queued) return { accepted: queued.accepted, settled: queued.settled }
      const entry = addEntry(operation)
      entry.accepted = note(entry).catch((error: unknown) => refuse(entry, error))
      entry.accepted.catch(() => {})
      changed()
      return { accepted: entry.accepted, settled: entry.settled }
    },
    queued: () =>
      entries.map(({ operation, state, attempts, lastError }) => ({ operation, state, attempts, lastError })),
    subscribe: (listener) => listeners.add(listener),
    discard,
    async restore() {
      if (!store) return
      const before = [...known]
      const records = await store.range(kernelTables.operations, {})
      const kept = new Map(records.map(({ id, value }) => [id, readOperation(value).sent]))
      if (!sends()) takeBack(kept)
      for (const { id, value } of records) {
        const { operation, sent } = readOperation(value)
        if (!known.has(id)) takeOver(id, operation, sent)
      }
      // What has left the store need not be remembered any more.
      for (const id of before) if (!kept.has(id)) known.delete(id)
      changed()
      pump()
    },
    settledElsewhere(operationId, outcome) {
      const entry = byId.get(operationId)
      if (!entry || entry.ended) return
      dropLayers(entry)
      end(entry, outcome)
    },
    onNoted: (listener) => notedListeners.add(listener),
    onSettled: (listener) => settledListeners.add(([operationId, outcome]) => listener(operationId, outcome)),
    start() {
      if (sends()) return
      closed = false
      controller = new AbortController()
      pump()
    },
    async stop() {
      const ending = controller
      closed = true
      ending?.abort()
      room.close()
      await Promise.all(busyGroups.values())
      // It was started again meanwhile.
      if (controller !== ending) return
      for (const entry of [...entries]) {
        if (store) entry.resolve({ kind: 'kept' })
        else await settle(entry, entry.state === 'queued' ? notSent() : lostAnswer(entry), replica.seq)
      }
    },
    async drained() {
      while (byId.size > 0) {
        await new Promise<void>((resolve) => {
          const off = listeners.add(() => {
            off()
            resolve()
          })
        })
      }
    },
  }
}

type ConfirmedFacts = Extract<OperationOutcome, { kind: 'confirmed' }>['facts']
