import { FreshetError } from './errors.ts'
import { followStore } from './follower.ts'
import type { OperationOutcome } from './operation.ts'
import type { Outbox, OutboxAsk } from './outbox.ts'
import { shareOutbox } from './outbox-tabs.ts'
import { retryOperation } from './retry-operation.ts'
import {
  fromPlainOutcome,
  toPlainError,
  toPlainOutcome,
  type PlainError,
  type PlainOutcome,
} from './plain-outcome.ts'
import type { Replica } from './replica.ts'
import type { Status } from './status.ts'
import type { Sync } from './sync.ts'
import type { TabGroup } from './tab-group.ts'

/** What tabs tell each other. Plain data. */
export type TabMessage =
  /** A new tab asks how things stand. */
  | { readonly kind: 'hello' }
  | { readonly kind: 'status'; readonly status: PlainStatus }
  | { readonly kind: 'committed' }
  /** A follower has noted an operation in the store. */
  | { readonly kind: 'noted' }
  | {
      readonly kind: 'settled'
      readonly operationId: string
      readonly outcome: PlainOutcome
      /** It failed, and the leader keeps it. */
      readonly stays: boolean
    }
  /** What waits behind a failed operation, of all tabs. */
  | { readonly kind: 'parked'; readonly operationIds: readonly string[] }
  /** A tab has taken the lead, and has read what is noted. */
  | { readonly kind: 'leads' }
  /** A follower asks to be told when all that was settled by now has been told. */
  | { readonly kind: 'catch-up' }
  | { readonly kind: 'caught-up' }
  /** A follower wants something done with an operation it has noted. */
  | { readonly kind: 'ask'; readonly ask: OutboxAsk['kind']; readonly operationId: string }
  | Answer

type Answer = {
  readonly kind: 'answer'
  readonly ask: OutboxAsk['kind']
  readonly operationId: string
  readonly isDone: boolean
}
type PlainStatus = Omit<Status, 'role' | 'degraded' | 'freshness'> & {
  readonly degraded: PlainError | undefined
  readonly freshness: Omit<Status['freshness'], 'lastError'> & { readonly lastError: PlainError | undefined }
}
export type ShareReplicaOptions<F> = {
  /** Opened as a follower; this makes it the leader when its turn comes. */
  readonly replica: Replica<F>
  readonly tabs: TabGroup<TabMessage>
  readonly sync: Sync
  readonly outbox?: Outbox | undefined
  onError(error: unknown): void
}

/**
 * Keeps the replicas of several tabs as one: the leader runs the source and
 * sends the outbox, the followers show what it commits and hand it their
 * operations [T9, T10]. When the leader goes, the next tab takes over.
 *
 * To be called by `onCommitted` of `openReplica`: `committed`.
 */
export function shareReplica<F>(options: ShareReplicaOptions<F>): {
  committed(): void
  close(): Promise<void>
} {
  const { replica, tabs, sync, outbox, onError } = options
  const follower = followStore(replica)
  const shared = outbox && shareOutbox(outbox, onError)
  const leads = (): boolean => replica.status.get().role === 'leader'
  /** What this tab has asked its leader and not been told. */
  const asks = new Set<OutboxAsk>()
  const orReport = (work: Promise<unknown>): void => void work.catch(onError)

  const waiting: (() => void)[] = []
  const caughtUp = (): Promise<void> =>
    new Promise((resolve) => {
      waiting.push(resolve)
      tabs.post({ kind: 'catch-up' })
    })

  const hear = (message: TabMessage): void => {
    switch (message.kind) {
      case 'hello':
        if (!leads()) return
        tabs.post({ kind: 'status', status: toPlainStatus(replica.status.get()) })
        tellParked(true)
        // A tab that died may have noted what it could not tell any more.
        if (outbox) orReport(outbox.restore())
        return
      case 'parked':
        return leads() ? undefined : shared?.parkedElsewhere(message.operationIds)
      case 'status':
        if (leads()) return
        replica.status.update(fromPlainStatus(message.status))
        // It may come from another leader, who was not asked.
        for (const { kind, operationId } of asks) tabs.post({ kind: 'ask', ask: kind, operationId })
        return
      case 'committed':
        return orReport(follower.pull())
      case 'noted':
        if (leads() && outbox) orReport(outbox.restore())
        return
      case 'leads':
        if (shared && !leads()) orReport(shared.endUntold(caughtUp))
        return
      case 'catch-up':
        // What was settled is told behind the same wait, and before this.
        if (leads()) orReport(replica.flushed().then(() => tabs.post({ kind: 'caught-up' })))
        return
      case 'caught-up':
        // Rows come first for what was told before, here too.
        return orReport(follower.pull().then(() => waiting.splice(0).forEach((resolve) => resolve())))
      case 'ask':
        if (leads()) answer(message)
        return
      case 'answer':
        return answered(message)
      case 'settled':
        // The rows first, so that the layer does not fall onto the old ones.
        return orReport(
          follower
            .pull()
            .then(() =>
              shared?.settledElsewhere(message.operationId, fromPlainOutcome(message.outcome), message.stays),
            ),
        )
    }
  }
  let told: string | undefined
  const tellParked = (again = false): void => {
    if (!outbox || !leads()) return
    const operationIds = outbox
      .queued()
      .flatMap(({ operation, state }) => (state === 'parked' ? [operation.operationId] : []))
    const text = operationIds.join()
    if (text !== told || again) tabs.post({ kind: 'parked', operationIds })
    told = text
  }
  const answer = ({ ask, operationId }: Pick<Answer, 'ask' | 'operationId'>): void => {
    if (!outbox) return
    const work = ask === 'retry' ? retryOperation(outbox, operationId) : outbox.discard(operationId)
    orReport(
      work.then((isDone) => {
        const reply: Answer = { kind: 'answer', ask, operationId, isDone }
        answered(reply)
        tabs.post(reply)
      }),
    )
  }
  const answered = ({ ask, operationId, isDone }: Answer): void => {
    for (const each of [...asks]) {
      if (each.kind !== ask || each.operationId !== operationId) continue
      asks.delete(each)
      each.answer(isDone)
    }
  }
  const unsubscribe = [
    tabs.subscribe(hear),
    replica.status.subscribe((status) => {
      if (status.role === 'leader') tabs.post({ kind: 'status', status: toPlainStatus(status) })
    }),
    outbox?.subscribe(tellParked),
    shared?.onNoted(() => tabs.post({ kind: 'noted' })),
    shared?.onAsk((ask) => {
      asks.add(ask)
      tabs.post({ kind: 'ask', ask: ask.kind, operationId: ask.operationId })
    }),
    outbox?.onSettled((operationId, outcome, _operation, stays) => {
      if (!leads()) return
      const settled = { kind: 'settled', operationId, outcome: toTab(outcome), stays } as const
      orReport(replica.flushed().then(() => tabs.post(settled)))
    }),
  ]
  tabs.whenLeader(async () => {
    await follower.promote()
    await outbox?.restore()
    tabs.post({ kind: 'leads' })
    tellParked(true)
    sync.start()
    outbox?.start()
    for (const { kind, operationId } of asks) answer({ ask: kind, operationId })
    return async () => {
      await sync.stop()
      await outbox?.stop()
      await replica.flushed()
    }
  })
  tabs.post({ kind: 'hello' })

  return {
    committed: () => tabs.post({ kind: 'committed' }),
    async close() {
      for (const stop of unsubscribe) stop?.()
      await tabs.close()
    },
  }
}

function toPlainStatus({ role: _, ...status }: Status): PlainStatus {
  const { freshness, degraded } = status
  return {
    ...status,
    degraded: degraded && toPlainError(degraded),
    freshness: { ...freshness, lastError: freshness.lastError && toPlainError(freshness.lastError) },
  }
}

function fromPlainStatus(status: PlainStatus): Omit<Status, 'role'> {
  const { freshness, degraded } = status
  return {
    ...status,
    degraded: fromPlainError(degraded),
    freshness: { ...freshness, lastError: fromPlainError(freshness.lastError) },
  }
}

/** Other tabs read rows from the store; here only what is no row crosses. */
function toTab(outcome: OperationOutcome): PlainOutcome {
  if (outcome.kind === 'conflict') return { kind: 'conflict', current: undefined }
  if (outcome.kind !== 'confirmed') return toPlainOutcome(outcome)
  const reply = Object.entries(outcome.reply ?? {}).filter(([, value]) => typeof value !== 'object')
  return { kind: 'confirmed', facts: [], reply: Object.fromEntries(reply) }
}

function fromPlainError(error: PlainError | undefined): FreshetError | undefined {
  return error && new FreshetError(error)
}
