import type { Operation, OperationOutcome } from '@freshet/core'
import type { LiveCore } from './live-core.ts'
import { rowsTable } from './live-settings.ts'

/** What a settled write means for everything that was read before, and for the sessions of its row. */
export function noteOutcome(core: LiveCore, operation: Operation, outcome: OperationOutcome): void {
  const { settings, events, sessions } = core
  const { operationId: op, request } = operation
  const id = typeof request['id'] === 'string' ? request['id'] : undefined
  if (id !== undefined && outcome.kind !== 'kept') sessions.settled(id, op, outcome.kind)
  switch (outcome.kind) {
    case 'confirmed':
      if (settings.customWriteTarget !== undefined) {
        if (settings.invalidateOnCustomWrite) core.invalidateAll()
      } else if (settings.invalidation === 'prefix') core.invalidateAll()
      else if (!isKnownNow(core, id ?? outcome.reply?.['id'])) core.upkeep.markAll()
      return events.emit({ kind: 'writeConfirmed', op, id })
    case 'conflict':
    case 'discarded':
      return events.emit({ kind: 'writeReverted', reason: outcome.kind, op, id, error: undefined })
    case 'rejected':
      return events.emit({ kind: 'writeReverted', reason: outcome.kind, op, id, error: outcome.error })
    case 'unknown':
      return events.emit({ kind: 'writeFailed', op, id, error: outcome.error })
    case 'kept':
      return
  }
}

/**
 * Whether this connection has told of the row. One that must be read again, or
 * whose write began in the connection before, has told the results nothing: none
 * is sure then, here and in the next run.
 */
function isKnownNow({ replica, collection }: LiveCore, id: unknown): boolean {
  if (typeof id !== 'string') return true
  if (replica.refetches.wants({ table: rowsTable, id })) return false
  const meta = collection.confirmed(id) && collection.meta(id)
  return meta === undefined || meta.verifiedEpoch === replica.epoch
}
