import type { RecordChange, Row } from '@freshet/core'
import type { LiveCore } from '../live-core.ts'
import { readRequest, type WriteRequest } from '../write-request.ts'
import type { FailedSave } from './edit-host.ts'
import { own } from './save-guard.ts'

/**
 * The saves of a row that failed, or wait behind such a one, as changes of a
 * draft; none where one of them is no save. `newId` where they begin with the
 * insert of a row that is not there.
 */
export function failedSaves(
  core: LiveCore,
  id: string,
  confirmed: Row | undefined,
): { readonly failed: readonly FailedSave[]; readonly newId: 'given' | undefined } {
  const failed: FailedSave[] = []
  let newId: 'given' | undefined
  for (const { operation, state } of core.outbox.queued()) {
    if ((state !== 'failed' && state !== 'parked') || operation.request['id'] !== id) continue
    const request = readRequest(operation)
    const sent = changeOf(request, confirmed)
    if (!sent) return { failed: [], newId: undefined }
    if (!confirmed && failed.length === 0 && request.op === 'insert') newId = 'given'
    failed.push({ operationId: operation.operationId, sent })
  }
  return { failed: confirmed || newId ? failed : [], newId }
}

function changeOf(request: WriteRequest, confirmed: Row | undefined): RecordChange | undefined {
  if (request.op === 'insert') return { set: request.row, unset: [], expect: {} }
  if (request.op !== 'patch') return undefined
  const { set, unset } = request
  // What was written whatever was there is based on what is there now.
  const fields = [...Object.keys(set), ...unset]
  const expect = request.expect ?? Object.fromEntries(fields.map((field) => [field, own(confirmed, field)]))
  return { set, unset, expect }
}
