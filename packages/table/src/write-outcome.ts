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
      // The row must be read again to be known: until then no result is sure, here and in the next run.
      else if (id !== undefined && core.replica.refetches.wants({ table: rowsTable, id }))
        core.upkeep.markAll()
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
