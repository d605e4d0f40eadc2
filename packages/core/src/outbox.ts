import { defaultBackoff, type Backoff } from './backoff.ts'
import { delay, systemClock, type Clock } from './clock.ts'
import { deliver, lostAnswer } from './delivery.ts'
import { asFreshetError, type FreshetError } from './errors.ts'
import { createListeners } from './listeners.ts'
import { silentLog, type Log } from './log.ts'
import { createGroupSender } from './group-sender.ts'
import type { Operation, OperationFailure, OperationOutcome, WriteTarget } from './operation.ts'
import { createOperationJournal, type NotedOperation } from './operation-journal.ts'
import { ackIds, emptyLayersOf, layersOf, type KeptOperation } from './operation-records.ts'
import {
  closedError,
  createOutboxEntry,
  discardedError,
  heldBack,
  isFailure,
  isUnsent,
  notSent,
  stateOf,
  type OutboxEntry,
} from './outbox-entry.ts'
import { systemRandom, type Random } from './random.ts'
import type { Replica } from './replica.ts'
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
  /**
   * Sends one that failed again, and then what waits behind it; one that waits
   * for its next attempt, or behind one that does, is tried at once. Whether it could.
   */
  retry(operationId: string): Promise<boolean>
  /** Those that wait behind a failed one. */
  parked(): readonly string[]
  /** The leader's outbox parks these, and no other ones of this outbox. */
  parkedElsewhere(operationIds: readonly string[]): void
  /** Takes over what an earlier run, or another tab, has noted in the store. */
  restore(): Promise<void>
  /** The leader's outbox has settled an operation of this one, or keeps it though it failed. */
  settledElsewhere(operationId: string, outcome: OperationOutcome, stays: boolean): void
  /**
   * Ends what a leader that is gone has settled and could not tell any more: its
   * outcome is unknown.
   *
   * @param told - Resolves when all that the new leader has settled by now was told.
   */
  endUntold(told: () => Promise<void>): Promise<void>
  /** Called when an operation of this outbox is in the store and another must send it. */
  onNoted(listener: () => void): () => void
  /** Called where a follower wants an operation discarded or retried that its leader may be sending. */
  onAsk(listener: (ask: OutboxAsk) => void): () => void
  /** Called when an operation has ended, or failed and stays, here or at the leader. */
  onSettled(listener: (...settled: SettledOperation) => void): () => void
  /** Sends from now on. Only the leader does [T10]. */
  start(): void
  /**
   * Sends no more, and takes nothing more. What is in the store is `kept` for
   * the next run; without a store what was not sent is undone and rejected.
   */
  stop(): Promise<void>
  /** Resolves when nothing is queued but what failed, and what waits behind that. */
  drained(): Promise<void>
}

export function createOutbox<F>(options: OutboxOptions<F>): Outbox {
  const { replica, target, store, capacity = 256, stallMs = 30_000 } = options
  const { clock = systemClock, random = systemRandom, log = silentLog, backoff = defaultBackoff } = options
  /** What was let in, in order; the others wait for room. */
  const entries: OutboxEntry[] = []
  const byId = new Map<string, OutboxEntry>()
  /** Those that failed, or that the leader parks. */
  const failed = new Set<OutboxEntry>()
  /** Groups that wait for their next attempt. */
  const pauses = new Map<string, AbortController>()
  /** Records that were taken over, or settled. */
  const known = new Set<string>()
  const onError = (error: unknown): void => log.write('error', 'freshet::outbox', String(error))
  const warn = (error: unknown): void =>
    log.write('warn', 'freshet::outbox', `What became of an operation could not be noted: ${String(error)}`)
  const listeners = createListeners<void>(onError)
  const notedListeners = createListeners<void>(onError)
  const askListeners = createListeners<OutboxAsk>(onError)
  const settledListeners = createListeners<SettledOperation>(onError)
  const room = createWaitingRoom(() => capacity - entries.length)
  const journal = createOperationJournal(store, replica.status)
  let controller: AbortController | undefined
  let closed = false

  const sends = (): boolean => controller !== undefined && !controller.signal.aborted
  const follows = (): boolean => replica.status.get().role === 'follower'
  const find = (operationId: string): OutboxEntry | undefined => {
    const entry = byId.get(operationId)
    return entry?.into ?? entry
  }
  const held = (): ReadonlySet<OutboxEntry> => heldBack(entries, failed)
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
    for (const layer of failure ? emptyLayersOf(operation) : layersOf(operation)) replica.addLayer(layer)
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
  const setState = (
    entry: OutboxEntry,
    state: OutboxEntry['state'],
    failure?: OperationFailure,
  ): void => {
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

  const note = async (entry: OutboxEntry): Promise<void> => {
    if (room.isFull) await room.enter()
    if (closed) throw closedError()
    if (entry.ended) throw discardedError()
    const merge = mergeOf(entry)
    if (merge) await absorb(entry, merge)
    else {
      entries.push(entry)
      entry.writing = journal.append(entry)
      await entry.writing
      if (entry.recordId !== undefined) known.add(entry.recordId)
      if (entry.operation.stays && !follows()) await takeBackAnswered(entry)
      entry.noted = true
    }
    changed()
    if (follows()) notedListeners.emit()
    else pump(entry.operation.group)
  }
  /** The operation before it that can do its work too [W9]. */
  const mergeOf = ({ operation }: OutboxEntry): Merge | undefined => {
    const before = entries.findLast(({ operation: { group } }) => group === operation.group)
    if (!before || !isUnsent(before) || operation.replaces?.length || follows()) return undefined
    const merged = held().has(before) ? undefined : target.merge?.(before.operation, operation)
    return merged && { before, merged }
  }
  const absorb = async (entry: OutboxEntry, { before, merged }: Merge): Promise<void> => {
    const was = before.operation
    before.noted = false
    before.absorbed.push(entry)
    entry.into = before
    try {
      if (merged !== 'nothing') before.operation = { ...merged, stays: was.stays || entry.stays }
      before.writing = merged === 'nothing' ? journal.remove(before) : journal.rewrite(before)
      await before.writing
    } catch (error) {
      before.operation = was
      before.noted = true
      before.absorbed.pop()
      entry.into = undefined
      throw error
    }
    // Taken back meanwhile.
    if (before.ended) return
    if (merged === 'nothing') {
      hide(before)
      end(before, { kind: 'confirmed', facts: [] })
    } else {
      before.noted = true
      before.stays ||= entry.stays
      show(before)
      for (const { operationId } of layersOf(entry.operation)) replica.dropLayer(operationId)
    }
  }
  /** What it answers is in it from now on, or at the remote. One whose caller waits may yet end without a trace. */
  const takeBackAnswered = ({ operation: { replaces = [] } }: OutboxEntry): Promise<unknown> =>
    Promise.all(replaces.map(discard))
  const refuse = (entry: OutboxEntry, error: unknown): never => {
    if (!entry.ended) {
      hide(entry)
      const fault = asFreshetError(error, { code: 'outbox/not-noted', kind: 'storage' })
      end(entry, { kind: 'rejected', error: fault })
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
    try {
      replica.apply({ kind: 'state', startedAt, facts, acks })
    } catch (error) {
      // It was taken all the same; what it made is read instead.
      onError(error)
      replica.apply({ kind: 'state', startedAt, facts: [], acks })
    }
  }
  const fail = async (entry: OutboxEntry, failure: OperationFailure): Promise<void> => {
    setState(entry, 'failed', failure)
    entry.writing = journal.rewrite(entry).catch(warn)
    await entry.writing
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

  /** What this outbox noted may have been sent, or settled, by the leader before. */
  const takeBack = (own: readonly OutboxEntry[], records: ReadonlyMap<string, KeptOperation>): void => {
    for (const entry of own) {
      if (entry.recordId === undefined || entry.ended) continue
      const { sent = false, failure } = records.get(entry.recordId) ?? {}
      entry.sent = sent
      setState(entry, stateOf({ ...entry, failure }), failure)
      if (records.has(entry.recordId)) continue
      hide(entry)
      end(entry, lostAnswer(entry))
    }
  }
  const takeOver = ({ recordId, operation, sent, failure }: NotedOperation): void => {
    known.add(recordId)
    // Ours, whose noting has reached the store before its answer reached us.
    if (byId.has(operation.operationId)) return
    // Whoever waits for how it ends may be gone; a tab that is not discards it when it hears.
    const entry = add(operation, { recordId, noted: true, sent, stays: true, failure })
    setState(entry, stateOf(entry), failure)
    entries.push(entry)
  }

  const parkedElsewhere = (operationIds: readonly string[]): void => {
    for (const entry of entries) {
      entry.parked = operationIds.includes(entry.operation.operationId)
      if (entry.parked) failed.add(entry)
      else if (!entry.failure) failed.delete(entry)
    }
    changed()
  }
  const asked = (kind: OutboxAsk['kind'], operationId: string): Promise<boolean> =>
    new Promise((answer) => {
      if (askListeners.size === 0) answer(false)
      askListeners.emit({ kind, operationId, answer })
    })
  const discard = async (operationId: string): Promise<boolean> => {
    const entry = find(operationId)
    if (!entry || entry.ended || entry.state === 'sending') return false
    // The leader may be sending it.
    if (entry.noted && follows()) return asked('discard', operationId)
    await undo(entry, { kind: 'discarded' })
    return true
  }
  const hurry = (entry: OutboxEntry): boolean => {
    const pausing = held().has(entry) ? undefined : pauses.get(entry.operation.group)
    pausing?.abort()
    return pausing !== undefined
  }
  const retry = async (operationId: string): Promise<boolean> => {
    const entry = find(operationId)
    if (!entry || entry.ended) return false
    if (follows() && !(entry.noted && (await asked('retry', operationId)))) return false
    if (!entry.failure) return follows() || hurry(entry)
    // Whether it was taken is looked for first, where that can be told.
    setState(entry, entry.failure?.kind === 'unknown' && !entry.operation.once ? 'unsure' : 'queued')
    entry.sent = false
    show(entry)
    if (!follows()) entry.writing = journal.rewrite(entry).catch(warn)
    await entry.writing
    changed()
    pump()
    return true
  }

  return {
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
        const parked = behind.has(entry) && !failure
        return { operation, state: parked ? 'parked' : state, attempts, lastError, failure }
      })
    },
    subscribe: (listener) => listeners.add(listener),
    discard,
    retry,
    async restore() {
      const before = [...known]
      // What is noted while this reads need not be among what it finds.
      const own = entries.filter(({ recordId }) => recordId !== undefined)
      const records = await journal.read()
      const kept = new Map(records.map((record) => [record.recordId, record]))
      if (!sends()) takeBack(own, kept)
      for (const record of records) if (!known.has(record.recordId)) takeOver(record)
      // What has left the store need not be remembered any more.
      for (const id of before) if (!kept.has(id)) known.delete(id)
      changed()
      pump()
      const answering = follows()
        ? []
        : entries.filter(({ operation, failure }) => operation.stays && !failure)
      await Promise.all(answering.map(takeBackAnswered))
    },
    parked: () => [...held()].flatMap(({ failure, operation }) => (failure ? [] : [operation.operationId])),
    parkedElsewhere,
    settledElsewhere(operationId, told, stays) {
      const entry = find(operationId)
      if (!entry || entry.ended) return
      const [edited] = entry.operation.edits
      // Rows come from the store.
      const outcome =
        told.kind === 'conflict' && edited
          ? { ...told, current: replica.collection(edited.table).confirmed(edited.id) }
          : told
      if (stays && isFailure(outcome) && entry.stays) {
        setState(entry, 'failed', outcome)
        return announce(entry, outcome)
      }
      hide(entry)
      end(entry, outcome)
      if (!stays) return
      // Who waited for it has heard it. Should the leader die before it does this, the next one finds it again.
      if (entry.recordId !== undefined) known.delete(entry.recordId)
      asked('discard', operationId).catch(onError)
    },
    async endUntold(told) {
      const own = entries.filter(({ recordId, noted }) => noted && recordId !== undefined)
      const kept = new Set((await journal.read()).map(({ recordId }) => recordId))
      const gone = own.filter(({ recordId }) => recordId !== undefined && !kept.has(recordId))
      if (gone.length === 0) return
      await told()
      for (const entry of gone) {
        if (entry.ended) continue
        hide(entry)
        end(entry, lostAnswer(entry))
      }
    },
    onNoted: (listener) => notedListeners.add(listener),
    onAsk: (listener) => askListeners.add(listener),
    onSettled: (listener) => settledListeners.add((settled) => listener(...settled)),
    start() {
      if (sends()) return
      closed = false
      controller = new AbortController()
      parkedElsewhere([])
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
    async drained() {
      const isWaiting = (): boolean => {
        const behind = held()
        return [...byId.values()].some((entry) => !behind.has(entry.into ?? entry))
      }
      while (isWaiting()) {
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
type Merge = { readonly before: OutboxEntry; readonly merged: Operation | 'nothing' }
