import {
  FreshetError,
  uuidV7,
  valueKey,
  type Filter,
  type Operation,
  type OperationOutcome,
  type Row,
} from '@freshet/core'
import { idCacheKey } from './cache.ts'
import { checkPatch, checkRow } from './check-row.ts'
import { rowsTable, type LiveCore } from './live-core.ts'
import type { Guard, Patch } from './master.ts'
import { nextRequest } from './request-log.ts'
import { evaluable, queryRules } from './query-rules.ts'
import { requestRecord, rowEditOf, type RowRequest, type WriteRequest } from './write-request.ts'

export type TableWriteOptions = {
  /**
   * `remote`: resolve when the master has taken the write. `local`: when it is
   * noted, on the disk where there is a store. Default `remote`.
   */
  readonly wait?: 'remote' | 'local' | undefined
  /** Write only while the stored row has these values; `undefined` demands that a field is absent. */
  readonly expect?: Guard | undefined
  /** Queued operations that this write answers, such as failed ones: they go once it is noted. */
  readonly replaces?: readonly string[] | undefined
}

/** How a write ended. Refusals are thrown; a guard that did not hold is an answer. */
export type WriteResult<R extends Row = Row> =
  /** `row` as the master keeps it, where it says so. */
  | { readonly kind: 'stored'; readonly id: string; readonly row: R | undefined }
  | { readonly kind: 'deleted' }
  /** Someone else wrote first: nothing was written, and this is the row now. */
  | { readonly kind: 'conflict'; readonly row: R | undefined }
  /**
   * Noted and shown; it goes on in the background, in the next run, or once what
   * it waits behind has been decided. One that fails stays in the outbox until it
   * is retried, discarded or replaced.
   */
  | { readonly kind: 'queued'; readonly operationId: string }

/** The writing side of a live table: each write is shown, queued, sent in order and settled [W1–W6]. */
export type TableWriter = {
  insert(id: string, row: Row, options?: TableWriteOptions): Promise<WriteResult>
  replace(id: string, row: Row, options?: TableWriteOptions): Promise<WriteResult>
  patch(id: string, patch: Patch, options?: TableWriteOptions): Promise<WriteResult>
  delete(id: string, options?: TableWriteOptions): Promise<WriteResult>
  deleteAll(filter: Filter | undefined, options?: TableWriteOptions): Promise<WriteResult>
  insertReturnId(row: Row): Promise<WriteResult>
}

export function createTableWriter(core: LiveCore): TableWriter {
  const idField = (): string => core.master().schema.idField
  const submitRow = (request: RowRequest, options: TableWriteOptions | undefined): Promise<WriteResult> =>
    submit(core, request, [{ table: rowsTable, id: request.id, edit: rowEditOf(request) }], options)

  return {
    async insert(id, row, options) {
      return submitRow({ op: 'insert', id, row: checkRow(row, idField(), id) }, options)
    },
    async replace(id, row, options) {
      const checked = checkRow(row, idField(), id)
      return submitRow({ op: 'replace', id, row: checked, expect: options?.expect }, options)
    },
    async patch(id, patch, options) {
      const { set, unset } = checkPatch(patch, idField(), id)
      return submitRow({ op: 'patch', id, set, unset, expect: options?.expect }, options)
    },
    async delete(id, options) {
      return submitRow({ op: 'delete', id, expect: options?.expect }, options)
    },
    async deleteAll(filter, options) {
      return submit(core, { op: 'deleteAll', filter }, matchingDeletes(core, filter), options)
    },
    async insertReturnId(row) {
      return submit(core, { op: 'insertReturnId', row: checkNewRow(row, idField()) }, [], undefined)
    },
  }
}

async function submit(
  core: LiveCore,
  request: WriteRequest,
  edits: Operation['edits'],
  { wait = 'remote', replaces }: TableWriteOptions = {},
): Promise<WriteResult> {
  const { settings, outbox } = core
  const { clock, random, telemetry, log, cacheKey, customWriteTarget } = settings
  if (core.closed) throw queueClosed()
  const operationId = uuidV7(random, clock.now())
  const id = 'id' in request ? request.id : undefined
  const key = id === undefined ? undefined : idCacheKey(cacheKey, id)
  const fields = { req: nextRequest(core), cache_key: cacheKey, key, op: request.op, id }
  const span = telemetry.span('freshet.table.write', { cache_key: cacheKey, op: request.op })
  log.write('debug', 'freshet::table::write', 'queued', { ...fields, operation: operationId })
  if (log.enabled('trace'))
    log.write('trace', 'freshet::table::write', 'body', {
      req: fields.req,
      request: valueKey(requestRecord(request)),
    })
  // The rows here are the master's: what goes elsewhere does not show in them.
  const shown = customWriteTarget === undefined ? edits : []
  const { accepted, settled } = outbox.submit({
    operationId,
    group: rowsTable,
    request: requestRecord(request),
    edits: shown,
    createdAtUnixMs: clock.now(),
    once: request.op === 'insertReturnId',
    stays: wait === 'local',
    replaces: replaces?.length ? replaces : undefined,
  })
  core.events.emit({ kind: 'writePending', op: operationId, id })
  try {
    await accepted.catch((error: unknown) => {
      throw asQueueClosed(error)
    })
    if (wait === 'local') {
      span.end()
      return { kind: 'queued', operationId }
    }
    const outcome = await settled
    log.write('debug', 'freshet::table::write', outcome.kind, { ...fields, outcome: outcome.kind })
    const result = resultOf(request, outcome, operationId)
    span.end()
    return result
  } catch (error) {
    span.end(error)
    throw error
  }
}

function resultOf(request: WriteRequest, outcome: OperationOutcome, operationId: string): WriteResult {
  switch (outcome.kind) {
    case 'confirmed': {
      if (request.op === 'delete' || request.op === 'deleteAll') return { kind: 'deleted' }
      const { id, row } = outcome.reply ?? {}
      const name = typeof id === 'string' ? id : ''
      // Written by the target as the stored row.
      return { kind: 'stored', id: name, row: row as Row | undefined }
    }
    case 'conflict':
      return { kind: 'conflict', row: outcome.current }
    case 'kept':
      return { kind: 'queued', operationId }
    case 'discarded':
      throw new FreshetError({
        code: 'table/discarded',
        kind: 'usage',
        message: 'The write was taken back before it was sent.',
      })
    case 'rejected':
      throw asQueueClosed(outcome.error)
    case 'unknown':
      throw outcome.error
  }
}

/** How deleting all that match shows until it is confirmed: the known ones go. */
function matchingDeletes(core: LiveCore, filter: Filter | undefined): Operation['edits'] {
  const { collection } = core
  const master = core.master()
  if (!evaluable(master, filter)) return []
  const { matches } = queryRules(master, { filter })
  const ids = [...collection.entries()].filter(([, row]) => matches?.(row) ?? true).map(([id]) => id)
  return ids.map((id) => ({ table: rowsTable, id, edit: { kind: 'delete' } }))
}

/** A row without an id yet; one that names an id is for `insert`. */
function checkNewRow(row: Row, idField: string): Row {
  const { [idField]: id, ...checked } = checkRow(
    row,
    idField,
    typeof row[idField] === 'string' ? row[idField] : '',
  )
  if (id === '') return checked
  throw new FreshetError({
    code: 'table/id-mismatch',
    kind: 'usage',
    message: `The backend makes the id of this row; leave ${idField} out, or use insert().`,
  })
}

function asQueueClosed(error: unknown): unknown {
  return error instanceof FreshetError && error.code === 'outbox/closed' ? queueClosed() : error
}

function queueClosed(): FreshetError {
  return new FreshetError({
    code: 'table/queue-closed',
    kind: 'usage',
    message: 'The live table is closed and takes no more writes. Open it again.',
  })
}
