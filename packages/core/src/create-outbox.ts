import { defaultBackoff } from './backoff.ts'
import { delay, systemClock } from './clock.ts'
import { deliver, lostAnswer } from './delivery.ts'
import { asFreshetError } from './errors.ts'
import { createListeners } from './listeners.ts'
import { silentLog } from './log.ts'
import { createGroupSender } from './group-sender.ts'
import type { Operation, OperationFailure, OperationOutcome } from './operation.ts'
import { createOperationJournal, type NotedOperation } from './operation-journal.ts'
import { ackIds, layersOf } from './operation-records.ts'
import {
  closedError,
  createOutboxEntry,
  discardedError,
  heldBack,
  isFailure,
  notSent,
  stateOf,
  type OutboxEntry,
} from './outbox-entry.ts'
import { keepWork, readKept, type OutboxWork } from './outbox-work.ts'
import type { RowEdit } from './overlay.ts'
import { systemRandom } from './random.ts'
import { createWaitingRoom } from './waiting-room.ts'
import type { Outbox, OutboxOptions, SettledOperation } from './outbox.ts'

/** What the user did, shown at once and on its way to the remote; `start` begins to send. */
export function createOutbox<F>(options: OutboxOptions<F>): Outbox {
  const { replica, target, store, merging, capacity = 256, stallMs = 30_000 } = options
  const { clock = systemClock, random = systemRandom, log = silentLog, backoff = defaultBackoff } = options
  /** What was let in, in order; the others wait for room. */
  const entries: OutboxEntry[] = []
  const byId = new Map<string, OutboxEntry>()
  const failed = new Set<OutboxEntry>()
  /** Groups that wait for their next attempt. */
  const pauses = new Map<string, AbortController>()
  /** Records that were taken over, or settled. */
  const known = new Set<string>()
  const onError = (error: unknown): void => log.write('error', 'freshet::outbox', String(error))
  const warn = (error: unknown): void =>
    log.write('warn', 'freshet::outbox', `An operation's end was not kept: ${String(error)}`)
  const listeners = createListeners<void>(onError)
  const settledListeners = createListeners<SettledOperation>(onError)
  const room = createWaitingRoom(() => capacity - entries.length)
  const journal = createOperationJournal(store)
  let controller: AbortController | undefined
  let closed = false

  const sends = (): boolean => controller !== undefined && !controller.signal.aborted
  const follows = (): boolean => replica.status.get().role === 'follower'
  const find = (operationId: string): OutboxEntry | undefined => {
    const entry = byId.get(operationId)
    return entry?.into ?? entry
  }
  /** The queue is looked through only where something has failed. */
  const held = (): ReadonlySet<OutboxEntry> =>
    failed.size + work.parked.length > 0 ? heldBack(entries, work.parked) : nobody
  const changed = (): void => {
    for (const entry of held()) {
      if (!entry.noted || entry.failure) continue
      // What waits behind a failed one is not waited for any more.
      tell(entry, { kind: 'kept' })
      entry.stays = true
    }
    listeners.emit()
    room.letIn()
  }
  const show = ({ operation, failure }: OutboxEntry): void => {
    for (const layer of layersOf(operation, failure && nothing)) replica.addLayer(layer)
  }
  const hide = (entry: OutboxEntry): void => {
    for (const { operation } of [entry, ...entry.absorbed]) {
      for (const { operationId } of layersOf(operation)) replica.dropLayer(operationId)
    }
  }
  const add = (operation: Operation, kept?: Partial<OutboxEntry>): OutboxEntry => {
    const entry = Object.assign(createOutboxEntry(operation), kept)
    show(entry)
    byId.set(operation.operationId, entry)
    return entry
  }
  const setState = (entry: OutboxEntry, state: OutboxEntry['state'], failure?: OperationFailure): void => {
    Object.assign(entry, { state, failure })
    if (!failure) return void failed.delete(entry)
    failed.add(entry)
    show(entry)
  }
  const tell = (entry: OutboxEntry, outcome: OperationOutcome): void => {
    for (const { resolve } of [entry, ...entry.absorbed]) resolve(outcome)
  }
  const announce = (entry: OutboxEntry, outcome: OperationOutcome): void => {
    tell(entry, outcome)
    for (const { operation } of [entry, ...entry.absorbed])
      settledListeners.emit([operation.operationId, outcome, operation, entry.failure !== undefined])
    changed()
  }
  const end = (entry: OutboxEntry, outcome: OperationOutcome): void => {
    entry.ended = true
    const index = entries.indexOf(entry)
    if (index >= 0) entries.splice(index, 1)
    failed.delete(entry)
    for (const { operation } of [entry, ...entry.absorbed]) byId.delete(operation.operationId)
    announce(entry, outcome)
    pump()
  }

  const drop = (entry: OutboxEntry, outcome: OperationOutcome): void => {
    hide(entry)
    end(entry, outcome)
  }

  const note = async (entry: OutboxEntry): Promise<void> => {
    if (room.isFull) await room.enter()
    if (closed) throw closedError()
    if (entry.ended) throw discardedError()
    const absorbing = follows() ? undefined : merging?.absorb(work, entry)
    if (absorbing) await absorbing
    else {
      entries.push(entry)
      entry.writing = journal.append(entry)
      await entry.writing
      if (entry.recordId !== undefined) known.add(entry.recordId)
      if (entry.operation.stays && !follows()) await takeBackAnswered(entry)
      entry.noted = true
    }
    changed()
    if (follows()) work.elsewhere?.noted()
    else pump()
  }
  /** What it answers is in it from now on, or at the remote. One whose caller waits may yet end without a trace. */
  const takeBackAnswered = ({ operation: { replaces = [] } }: OutboxEntry): Promise<unknown> =>
    Promise.all(replaces.map(discard))
  const refuse = (entry: OutboxEntry, error: unknown): never => {
    if (!entry.ended) {
      const fault = asFreshetError(error, { code: 'outbox/not-noted', kind: 'storage' })
      drop(entry, { kind: 'rejected', error: fault })
    }
    throw error
  }

  const settle = async (entry: OutboxEntry, outcome: OperationOutcome, startedAt: number): Promise<void> => {
    if (entry.ended) return
    if (entry.stays && isFailure(outcome)) return fail(entry, outcome)
    if (outcome.kind !== 'confirmed') return undo(entry, outcome)
    confirm(entry, outcome.facts, startedAt)
    entry.ended = true
    if (entry.operation.replaces) await takeBackAnswered(entry)
    end(entry, outcome)
  }
  /** The record goes in the transaction that brings the confirmed rows [T1]. */
  const confirm = ({ operation, recordId }: OutboxEntry, facts: ConfirmedFacts, startedAt: number): void => {
    const acks = ackIds(operation).map((operationId) => ({ operationId, recordId }))
    const apply = (told: ConfirmedFacts): unknown =>
      replica.apply({ kind: 'state', startedAt, facts: told, acks })
    try {
      apply(facts)
    } catch (error) {
      // It was taken all the same; what it made is read instead.
      onError(error)
      apply([])
    }
  }
  const rewrite = (entry: OutboxEntry): Promise<unknown> => {
    entry.writing = journal.rewrite(entry).catch(warn)
    return entry.writing
  }
  const fail = async (entry: OutboxEntry, failure: OperationFailure): Promise<void> => {
    setState(entry, 'failed', failure)
    await rewrite(entry)
    if (!entry.ended) announce(entry, failure)
  }
  const undo = async (entry: OutboxEntry, outcome: OperationOutcome): Promise<void> => {
    entry.ended = true
    hide(entry)
    // What is not in the store yet cannot be removed from it.
    await entry.writing.catch(() => {})
    entry.writing = journal.remove(entry).catch(warn)
    await entry.writing
    end(entry, outcome)
  }
  const beforeSend = async (entry: OutboxEntry): Promise<void> => {
    if (!store || !entry.operation.once || entry.sent || entry.recordId === undefined) return
    await journal.rewrite({ ...entry, sent: true })
    entry.sent = true
  }

  const { beginRead } = replica
  const pause = async ({ operation: { group } }: OutboxEntry, forMs: number, signal: AbortSignal) => {
    const pausing = new AbortController()
    pauses.set(group, pausing)
    await delay(clock, forMs, AbortSignal.any([signal, pausing.signal]))
    pauses.delete(group)
  }
  const delivery = { target, backoff, clock, random, stallMs, beginRead, beforeSend, changed, pause, settle }
  const { pump, quiet } = createGroupSender({
    entries,
    next: (group) => {
      const behind = held()
      return entries.find((entry) => entry.operation.group === group && !behind.has(entry))
    },
    signal: () => controller?.signal,
    deliver: (entry, signal) => deliver(delivery, entry, signal),
    changed,
    onError,
  })

  const takeOver = ({ recordId, operation, sent, failure }: NotedOperation): void => {
    known.add(recordId)
    // Ours, whose noting has reached the store before its answer reached us.
    if (byId.has(operation.operationId)) return
    // Whoever waits for how it ends may be gone; a tab that is not discards it when it hears.
    const entry = add(operation, { recordId, noted: true, sent, stays: true, failure })
    setState(entry, stateOf(entry), failure)
    entries.push(entry)
  }

  const discard = async (operationId: string): Promise<boolean> => {
    const entry = find(operationId)
    if (!entry || entry.ended || entry.state === 'sending') return false
    // The leader may be sending it.
    if (entry.noted && follows()) return (await work.elsewhere?.ask('discard', operationId)) ?? false
    await undo(entry, { kind: 'discarded' })
    return true
  }
  const work: OutboxWork = {
    ...{ replica, target, journal, entries, byId, known, pauses, find, held, show, setState },
    ...{ announce, drop, changed, rewrite, pump },
    parked: [],
    elsewhere: undefined,
  }
  const outbox: Outbox = {
    submit(operation) {
      const queued = byId.get(operation.operationId)
      if (queued) return { accepted: queued.accepted, settled: queued.settled }
      const entry = add(operation)
      entry.accepted = note(entry).catch((error: unknown) => refuse(entry, error))
      entry.accepted.catch(() => {})
      changed()
      return { accepted: entry.accepted, settled: entry.settled }
    },
    queued() {
      const behind = held()
      return entries.map((entry) => {
        const { operation, state, attempts, lastError, failure } = entry
        const isParked = behind.has(entry) && !failure
        return { operation, state: isParked ? 'parked' : state, attempts, lastError, failure }
      })
    },
    subscribe: (listener) => listeners.add(listener),
    discard,
    async restore() {
      const before = [...known]
      // What is noted while this reads need not be among what it finds.
      const own = entries.filter(({ recordId }) => recordId !== undefined)
      const kept = await readKept(journal)
      if (!sends()) work.elsewhere?.takeBack(own, kept)
      for (const record of kept.values()) if (!known.has(record.recordId)) takeOver(record)
      // What has left the store need not be remembered any more.
      for (const id of before) if (!kept.has(id)) known.delete(id)
      changed()
      pump()
      const answering = follows()
        ? []
        : entries.filter(({ operation, failure }) => operation.stays && !failure)
      await Promise.all(answering.map(takeBackAnswered))
    },
    onSettled: (listener) => settledListeners.add((settled) => listener(...settled)),
    start() {
      if (sends()) return
      closed = false
      controller = new AbortController()
      work.parked = []
      pump()
    },
    async stop() {
      const ending = controller
      closed = true
      ending?.abort()
      room.close()
      await quiet()
      // It was started again meanwhile.
      if (controller !== ending) return
      for (const entry of [...entries]) {
        const { state, failure } = entry
        if (store) tell(entry, { kind: 'kept' })
        else await undo(entry, failure ?? (state === 'queued' ? notSent() : lostAnswer(entry)))
      }
    },
  }
  return keepWork(outbox, work)
}

/** Shows nothing, and keeps the place of an operation that failed until it is tried again. */
const nothing: RowEdit = { kind: 'patch', set: {} }

const nobody: ReadonlySet<OutboxEntry> = new Set()

type ConfirmedFacts = Extract<OperationOutcome, { kind: 'confirmed' }>['facts']
