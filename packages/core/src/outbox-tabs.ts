import { lostAnswer } from './delivery.ts'
import { createListeners } from './listeners.ts'
import type { OperationOutcome } from './operation.ts'
import type { NotedOperation } from './operation-journal.ts'
import type { Outbox, OutboxAsk } from './outbox.ts'
import { isFailure, stateOf, type OutboxEntry } from './outbox-entry.ts'
import { readKept, workOf, type OutboxWork } from './outbox-work.ts'

/** The side of an outbox that other tabs are told of, and tell. */
export interface OutboxTabs {
  /** The leader's outbox parks these, and no other ones of this outbox. */
  parkedElsewhere(operationIds: readonly string[]): void
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
}

/** Lets tabs share an outbox: the leader sends what all of them have noted [T10]. Once per outbox. */
export function shareOutbox(outbox: Outbox, onError: (error: unknown) => void): OutboxTabs {
  const work = workOf(outbox)
  const noted = createListeners<void>(onError)
  const asks = createListeners<OutboxAsk>(onError)
  const ask = (kind: OutboxAsk['kind'], operationId: string): Promise<boolean> =>
    new Promise((answer) => {
      if (asks.size === 0) answer(false)
      asks.emit({ kind, operationId, answer })
    })
  work.elsewhere = { noted: noted.emit, ask, takeBack: (own, kept) => takeBack(work, own, kept) }

  return {
    parkedElsewhere(operationIds) {
      work.parked = operationIds
      work.changed()
    },
    settledElsewhere(operationId, told, stays) {
      const entry = work.find(operationId)
      if (!entry || entry.ended) return
      const outcome = withCurrent(work, entry, told)
      if (stays && isFailure(outcome) && entry.stays) {
        work.setState(entry, 'failed', outcome)
        return work.announce(entry, outcome)
      }
      work.drop(entry, outcome)
      if (!stays) return
      // Who waited for it has heard it. Should the leader die before it does this, the next one finds it again.
      if (entry.recordId !== undefined) work.known.delete(entry.recordId)
      ask('discard', operationId).catch(onError)
    },
    async endUntold(told) {
      const own = work.entries.filter((entry) => entry.noted)
      const kept = await readKept(work.journal)
      if (own.every(({ recordId }) => recordId === undefined || kept.has(recordId))) return
      await told()
      lose(work, own, kept)
    },
    onNoted: noted.add,
    onAsk: asks.add,
  }
}

/** Rows come from the store. */
function withCurrent(
  { replica }: OutboxWork,
  { operation }: OutboxEntry,
  told: OperationOutcome,
): OperationOutcome {
  const [edited] = operation.edits
  if (told.kind !== 'conflict' || !edited) return told
  return { ...told, current: replica.collection(edited.table).confirmed(edited.id) }
}

function takeBack(
  work: OutboxWork,
  own: readonly OutboxEntry[],
  kept: ReadonlyMap<string, NotedOperation>,
): void {
  for (const entry of own) {
    const record = entry.ended ? undefined : kept.get(entry.recordId ?? '')
    if (!record) continue
    entry.sent = record.sent
    work.setState(entry, stateOf(record), record.failure)
  }
  lose(work, own, kept)
}

/** Ends what has left the store, and nobody here knows how. */
function lose({ drop }: OutboxWork, own: readonly OutboxEntry[], kept: ReadonlyMap<string, unknown>): void {
  for (const entry of own) {
    const { recordId, ended } = entry
    if (recordId !== undefined && !ended && !kept.has(recordId)) drop(entry, lostAnswer(entry))
  }
}
