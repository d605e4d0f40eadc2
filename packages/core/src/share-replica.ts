import { FreshetError } from './errors.ts'
import { followStore } from './follower.ts'
import type { OperationOutcome } from './operation.ts'
import type { Outbox } from './outbox.ts'
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
  | { readonly kind: 'settled'; readonly operationId: string; readonly outcome: PlainOutcome }

type PlainError = {
  readonly code: FreshetError['code']
  readonly kind: FreshetError['kind']
  readonly retryable: boolean
  readonly message: string
}
type PlainStatus = Omit<Status, 'role' | 'degraded' | 'freshness'> & {
  readonly degraded: PlainError | undefined
  readonly freshness: Omit<Status['freshness'], 'lastError'> & { readonly lastError: PlainError | undefined }
}
type PlainOutcome =
  | Exclude<OperationOutcome, { kind: 'rejected' } | { kind: 'unknown' }>
  | { readonly kind: 'rejected'; readonly error: PlainError }
  | { readonly kind: 'unknown'; readonly error: PlainError }

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
  const leads = (): boolean => replica.status.get().role === 'leader'
  const orReport = (work: Promise<unknown>): void => void work.catch(onError)

  const hear = (message: TabMessage): void => {
    switch (message.kind) {
      case 'hello':
        if (!leads()) return
        tabs.post({ kind: 'status', status: toPlainStatus(replica.status.get()) })
        // A tab that died may have noted what it could not tell any more.
        if (outbox) orReport(outbox.restore())
        return
      case 'status':
        if (!leads()) replica.status.update(fromPlainStatus(message.status))
        return
      case 'committed':
        return orReport(follower.pull())
      case 'noted':
        if (leads() && outbox) orReport(outbox.restore())
        return
      case 'settled':
        // The rows first, so that the layer does not fall onto the old ones.
        return orReport(
          follower
            .pull()
            .then(() => outbox?.settledElsewhere(message.operationId, fromPlainOutcome(message.outcome))),
        )
    }
  }
  const unsubscribe = [
    tabs.subscribe(hear),
    replica.status.subscribe((status) => {
      if (status.role === 'leader') tabs.post({ kind: 'status', status: toPlainStatus(status) })
    }),
    outbox?.onNoted(() => tabs.post({ kind: 'noted' })),
    outbox?.onSettled((operationId, outcome) =>
      orReport(
        replica
          .flushed()
          .then(() => tabs.post({ kind: 'settled', operationId, outcome: toPlainOutcome(outcome) })),
      ),
    ),
  ]
  tabs.whenLeader(async () => {
    await follower.promote()
    await outbox?.restore()
    sync.start()
    outbox?.start()
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
    degraded: toPlainError(degraded),
    freshness: { ...freshness, lastError: toPlainError(freshness.lastError) },
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

function toPlainOutcome(outcome: OperationOutcome): PlainOutcome {
  // The follower reads the rows from the store.
  if (outcome.kind === 'confirmed') return { ...outcome, facts: [] }
  if (outcome.kind !== 'rejected' && outcome.kind !== 'unknown') return outcome
  const { code, kind, retryable, message } = outcome.error
  return { kind: outcome.kind, error: { code, kind, retryable, message } }
}

function fromPlainOutcome(outcome: PlainOutcome): OperationOutcome {
  switch (outcome.kind) {
    case 'rejected':
      return { kind: 'rejected', error: new FreshetError(outcome.error) }
    case 'unknown':
      return { kind: 'unknown', error: new FreshetError(outcome.error) }
    case 'confirmed':
    case 'conflict':
    case 'discarded':
    case 'kept':
      return outcome
  }
}

function toPlainError(error: FreshetError | undefined): PlainError | undefined {
  return error && { code: error.code, kind: error.kind, retryable: error.retryable, message: error.message }
}

function fromPlainError(error: PlainError | undefined): FreshetError | undefined {
  return error && new FreshetError(error)
}
