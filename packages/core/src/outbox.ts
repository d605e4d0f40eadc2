import { backoffMs, defaultBackoff, type Backoff } from './backoff.ts'
import { delay, systemClock, type Clock } from './clock.ts'
import { asFreshetError, FreshetError } from './errors.ts'
import { createListeners } from './listeners.ts'
import { silentLog, type Log } from './log.ts'
import type { Operation, OperationOutcome, SendOutcome, WriteTarget } from './operation.ts'
import type { Layer } from './overlay.ts'
import { systemRandom, type Random } from './random.ts'
import type { Replica } from './replica.ts'
import { kernelTables } from './replica-records.ts'
import type { Store } from './store.ts'
import type { Row } from './value.ts'

export type OutboxOptions<F> = {
  readonly replica: Replica<F>
  readonly target: WriteTarget
  /** Where operations survive a restart; absent: in memory only. */
  readonly store?: Store | undefined
  /** Operations that may wait before `submit` makes the caller wait. Default 256. */
  readonly capacity?: number | undefined
  readonly backoff?: Backoff | undefined
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
   * Shows the operation at once and queues it.
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
  /** The leader's outbox has settled an operation of this one. */
  settledElsewhere(operationId: string, outcome: OperationOutcome): void
  /** Called when an operation of this outbox is in the store and another must send it. */
  onNoted(listener: () => void): () => void
  /** Called when an operation has been settled here. */
  onSettled(listener: (operationId: string, outcome: OperationOutcome) => void): () => void
  /** Sends from now on. Only the leader does [T10]. */
  start(): void
  stop(): Promise<void>
  /** Resolves when nothing is queued. */
  drained(): Promise<void>
}

type Entry = {
  readonly operation: Operation
  /** The record in the store, once it is there. */
  recordId: string | undefined
  state: 'queued' | 'sending' | 'unsure'
  attempts: number
  lastError: FreshetError | undefined
  /** Whether it may be sent: it is noted. */
  noted: boolean
  resolve(outcome: OperationOutcome): void
  readonly settled: Promise<OperationOutcome>
}

export function createOutbox<F>(options: OutboxOptions<F>): Outbox {
  const { replica, target, store, capacity = 256 } = options
  const { clock = systemClock, random = systemRandom, log = silentLog, backoff = defaultBackoff } = options
  const entries: Entry[] = []
  const known = new Set<string>()
  const busyGroups = new Map<string, Promise<void>>()
  const onListenerError = (error: unknown): void => log.write('error', 'freshet::outbox', String(error))
  const listeners = createListeners<void>(onListenerError)
  const notedListeners = createListeners<void>(onListenerError)
  const settledListeners = createListeners<readonly [string, OperationOutcome]>(onListenerError)
  let controller: AbortController | undefined
  let closed = false
  const room: (() => void)[] = []

  const changed = (): void => {
    listeners.emit()
    if (entries.length < capacity) for (const resolve of room.splice(0)) resolve()
  }

  const addEntry = (operation: Operation): Entry => {
    const { promise, resolve } = Promise.withResolvers<OperationOutcome>()
    const entry: Entry = {
      operation,
      recordId: undefined,
      state: 'queued',
      attempts: 0,
      lastError: undefined,
      noted: false,
      resolve,
      settled: promise,
    }
    for (const layer of layersOf(operation)) replica.addLayer(layer)
    return entry
  }

  const note = async (entry: Entry): Promise<void> => {
    while (entries.length >= capacity && !closed) await new Promise<void>((resolve) => room.push(resolve))
    if (closed) throw closedError()
    entries.push(entry)
    try {
      if (store) {
        const recordId = await store.append(kernelTables.operations, operationRecord(entry.operation))
        entry.recordId = recordId
        known.add(recordId)
      }
    } catch (error) {
      remove(entry)
      throw error
    }
    entry.noted = true
    changed()
    if (controller) pump()
    else notedListeners.emit()
  }
  const remove = (entry: Entry): void => {
    const index = entries.indexOf(entry)
    if (index >= 0) entries.splice(index, 1)
  }
  const dropLayers = (entry: Entry): void => {
    for (const { operationId } of layersOf(entry.operation)) replica.dropLayer(operationId)
  }

  const settle = async (entry: Entry, outcome: OperationOutcome, startedAt: number): Promise<void> => {
    if (outcome.kind === 'confirmed') {
      // The record goes in the transaction that brings the confirmed rows [T1].
      const { recordId } = entry
      const acks = ackIds(entry.operation).map((operationId) => ({ operationId, recordId }))
      replica.apply({ kind: 'state', startedAt, facts: outcome.facts, acks })
    } else {
      dropLayers(entry)
      if (entry.recordId !== undefined) await forget(entry.recordId)
    }
    end(entry, outcome)
    settledListeners.emit([entry.operation.operationId, outcome])
  }
  const end = (entry: Entry, outcome: OperationOutcome): void => {
    remove(entry)
    entry.resolve(outcome)
    changed()
  }
  const forget = async (recordId: string): Promise<void> => {
    try {
      await store?.commit(
        { writes: [{ table: kernelTables.operations, id: recordId, value: undefined }] },
        undefined,
      )
    } catch (error) {
      log.write('warn', 'freshet::outbox', `A settled operation could not be removed: ${String(error)}`)
    }
  }

  /** What this outbox noted may have been sent, or settled, by the leader before. */
  const takeBack = (kept: ReadonlySet<string>): void => {
    for (const entry of [...entries]) {
      if (entry.recordId === undefined) continue
      entry.state = 'unsure'
      if (kept.has(entry.recordId)) continue
      dropLayers(entry)
      end(entry, lostAnswer(entry))
    }
  }

  const sendOnce = async (entry: Entry, signal: AbortSignal): Promise<SendOutcome | undefined> => {
    const { operation } = entry
    if (entry.state === 'unsure') {
      const verified = await target.verify(operation, signal)
      if (verified) return verified
    }
    entry.state = 'sending'
    entry.attempts += 1
    changed()
    return target.send(operation, signal)
  }

  const deliver = async (entry: Entry, signal: AbortSignal): Promise<void> => {
    if (entry.operation.once && entry.state === 'unsure') return settle(entry, lostAnswer(entry), replica.seq)
    for (let attempt = 0; !signal.aborted; attempt++) {
      const read = replica.beginRead()
      try {
        const outcome = await sendOnce(entry, signal)
        if (outcome) return await settle(entry, outcome, read.startedAt)
      } catch (error) {
        const fault = asFreshetError(error, { code: 'outbox/unsure', kind: 'remote', retryable: true })
        entry.lastError = fault
        const sent = entry.state !== 'queued'
        entry.state = sent ? 'unsure' : entry.state
        if (entry.operation.once && sent) return await settle(entry, lostAnswer(entry), read.startedAt)
        if (!fault.retryable) return await settle(entry, { kind: 'rejected', error: fault }, read.startedAt)
        changed()
      } finally {
        read.end()
      }
      await delay(clock, backoffMs(backoff, attempt, random), signal)
    }
  }

  const drainGroup = async (group: string, signal: AbortSignal): Promise<void> => {
    for (;;) {
      const entry = entries.find((candidate) => candidate.operation.group === group)
      if (!entry?.noted || signal.aborted) return
      await deliver(entry, signal)
    }
  }
  const pump = (): void => {
    const signal = controller?.signal
    if (!signal || signal.aborted) return
    for (const { operation } of entries) {
      const { group } = operation
      if (busyGroups.has(group)) continue
      const done = drainGroup(group, signal).finally(() => {
        busyGroups.delete(group)
        if (entries.some((entry) => entry.operation.group === group && entry.noted)) pump()
        changed()
      })
      busyGroups.set(group, done)
    }
  }

  return {
    submit(operation) {
      const entry = addEntry(operation)
      changed()
      const accepted = note(entry).catch((error: unknown) => {
        dropLayers(entry)
        entry.resolve({
          kind: 'rejected',
          error: asFreshetError(error, { code: 'outbox/not-noted', kind: 'storage' }),
        })
        throw error
      })
      accepted.catch(() => {})
      return { accepted, settled: entry.settled }
    },
    queued: () =>
      entries.map(({ operation, state, attempts, lastError }) => ({ operation, state, attempts, lastError })),
    subscribe: (listener) => listeners.add(listener),
    async discard(operationId) {
      const entry = entries.find((candidate) => candidate.operation.operationId === operationId)
      if (!entry || entry.state === 'sending') return false
      await settle(entry, { kind: 'discarded' }, replica.seq)
      return true
    },
    async restore() {
      if (!store) return
      const records = await store.range(kernelTables.operations, {})
      if (!controller) takeBack(new Set(records.map(({ id }) => id)))
      for (const { id, value } of records) {
        if (known.has(id)) continue
        known.add(id)
        const entry = addEntry(readOperation(value))
        entry.recordId = id
        entry.noted = true
        // It may have been on its way when the run before ended.
        entry.state = 'unsure'
        entries.push(entry)
      }
      changed()
      pump()
    },
    settledElsewhere(operationId, outcome) {
      const entry = entries.find((candidate) => candidate.operation.operationId === operationId)
      if (!entry) return
      dropLayers(entry)
      end(entry, outcome)
    },
    onNoted: (listener) => notedListeners.add(listener),
    onSettled: (listener) => settledListeners.add(([operationId, outcome]) => listener(operationId, outcome)),
    start() {
      if (controller && !controller.signal.aborted) return
      closed = false
      controller = new AbortController()
      pump()
    },
    async stop() {
      closed = true
      controller?.abort()
      for (const resolve of room.splice(0)) resolve()
      await Promise.all(busyGroups.values())
      for (const entry of entries)
        entry.resolve(store ? { kind: 'kept' } : { kind: 'rejected', error: closedError() })
    },
    async drained() {
      while (entries.length > 0) {
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

/** What the remote acknowledges: the layers, or the operation alone where it shows nothing. */
function ackIds(operation: Operation): readonly string[] {
  const layers = layersOf(operation)
  return layers.length > 0 ? layers.map(({ operationId }) => operationId) : [operation.operationId]
}

function lostAnswer({ operation, lastError }: Entry): OperationOutcome {
  const error = new FreshetError({
    code: 'outbox/unknown-outcome',
    kind: 'remote',
    message: `The answer to operation ${operation.operationId} was lost. It may have been taken or not; look before you send it again.`,
    cause: lastError,
  })
  return { kind: 'unknown', error }
}

/** One layer per edited row; the first has the operation's own id. */
function layersOf({ operationId, edits }: Operation): readonly Layer[] {
  return edits.map(({ table, id, edit }, index) => ({
    operationId: index === 0 ? operationId : `${operationId}/${index}`,
    table,
    id,
    edit,
  }))
}

function operationRecord(operation: Operation): Row {
  // An operation is plain data by its type; fields that are undefined are not kept.
  return withoutAbsent(operation) as Row
}

function withoutAbsent(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutAbsent)
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype)
    return value
  return Object.fromEntries(
    Object.entries(value).flatMap(([field, item]) =>
      item === undefined ? [] : [[field, withoutAbsent(item)]],
    ),
  )
}

function readOperation(record: Row): Operation {
  // Written by operationRecord.
  return record as unknown as Operation
}

function closedError(): FreshetError {
  return new FreshetError({
    code: 'outbox/closed',
    kind: 'usage',
    message: 'The outbox is closed; open the table again to write.',
  })
}
