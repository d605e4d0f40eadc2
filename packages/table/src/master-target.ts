import {
  asFreshetError,
  FreshetError,
  patchRow,
  valuesEqual,
  type Log,
  type Operation,
  type Row,
  type RowFact,
  type SendOutcome,
  type Telemetry,
  type WriteTarget,
} from '@freshet/core'
import { columnType } from './master-schema.ts'
import { entryFact, rowFacts } from './master-source.ts'
import type { Conflict, Deleted, Master, Stored, TableSchema, WriteOptions } from './master.ts'
import { mergeOperations } from './merge-writes.ts'
import { readRequest, type RowRequest, type WriteRequest } from './write-request.ts'

export type MasterTargetOptions = {
  /** Where writes go now; asked anew for each, so that it can be swapped. */
  master(): Master
  /** Whether local rows are those of this master; not so for a custom write target. */
  ownRows(): boolean
  readonly table: string
  readonly cacheKey: string
  /** Whether an operation may wait for an unreachable master; if not, it fails. */
  readonly waits: boolean
  /** A write's effect on rows that are not held is not known. */
  onUnknownEffect(): void
  /** The replica's count when something is sent. */
  seq(): number
  /** A guard did not hold: this is the row as it was since then. */
  onCurrent(facts: readonly RowFact[], startedAt: number): void
  readonly log: Log
  readonly telemetry: Telemetry
}

/** The outbox's way to a master. */
export function masterTarget(options: MasterTargetOptions): WriteTarget {
  const { cacheKey, log, telemetry } = options
  return {
    async send(operation, signal) {
      const request = readRequest(operation)
      const span = telemetry.span('freshet.table.worker', { cache_key: cacheKey, op: request.op })
      try {
        const outcome = await sendRequest(options, operation, request, signal)
        log.write('debug', 'freshet::table::worker', outcome.kind, fieldsOf(options, operation, request))
        span.end()
        return outcome
      } catch (error) {
        span.end(error)
        log.write('debug', 'freshet::table::worker', 'failed', {
          ...fieldsOf(options, operation, request),
          outcome: 'failed',
        })
        throw options.waits ? asFreshetError(error, driverFault) : final(error)
      }
    },
    verify: (operation, signal) => verify(options, readRequest(operation), signal),
    merge: (first, next) => mergeOperations(first, next, options.master().schema),
  }
}

async function sendRequest(
  options: MasterTargetOptions,
  { operationId }: Operation,
  request: WriteRequest,
  signal: AbortSignal,
): Promise<SendOutcome> {
  const master = options.master()
  const write: WriteOptions = { opId: operationId, signal }
  const startedAt = options.seq()
  const confirmed = (id: string, result: Stored | Conflict | Deleted): SendOutcome =>
    outcomeOf(options, id, result, startedAt)
  switch (request.op) {
    case 'insert':
      return confirmed(request.id, await master.insert(request.id, request.row, write))
    case 'replace':
      return confirmed(
        request.id,
        await master.replace(request.id, request.row, { ...write, ...guard(request) }),
      )
    case 'patch': {
      const { set, unset } = request
      return confirmed(
        request.id,
        await master.patch(request.id, { set, unset }, { ...write, ...guard(request) }),
      )
    }
    case 'delete':
      return confirmed(request.id, await master.delete(request.id, { ...write, ...guard(request) }))
    case 'deleteAll':
      await master.deleteAll(request.filter, write)
      if (options.ownRows()) options.onUnknownEffect()
      return { kind: 'confirmed', facts: [] }
    case 'insertReturnId': {
      const stored = await master.insertReturnId(request.row, write)
      return confirmed(stored.id, stored)
    }
  }
}

function guard({ expect }: Extract<WriteRequest, { readonly expect: unknown }>) {
  return expect === undefined ? {} : { expect }
}

function outcomeOf(
  options: MasterTargetOptions,
  id: string,
  result: Stored | Conflict | Deleted,
  startedAt: number,
): SendOutcome {
  const { table } = options
  const known = options.ownRows()
  switch (result.kind) {
    case 'conflict': {
      const { row, version } = result
      if (known)
        options.onCurrent(
          row ? [entryFact(table, [id, row, version])] : [{ kind: 'delete', table, id }],
          startedAt,
        )
      return { kind: 'conflict', current: row ?? undefined }
    }
    case 'deleted':
      return { kind: 'confirmed', facts: known ? [{ kind: 'delete', table, id }] : [], reply: { id } }
    case 'stored': {
      const { row, version } = result
      if (row === undefined) return { kind: 'confirmed', facts: [], reply: { id } }
      return {
        kind: 'confirmed',
        facts: known ? [entryFact(table, [id, row, version])] : [],
        reply: { id, row },
      }
    }
  }
}

/** Reads whether the row shows the write, after its answer was lost [W4]. */
async function verify(
  options: MasterTargetOptions,
  request: WriteRequest,
  signal: AbortSignal,
): Promise<SendOutcome | undefined> {
  if (request.op === 'deleteAll' || request.op === 'insertReturnId') return undefined
  const { id } = request
  const master = options.master()
  const entries = await master.get([id], signal)
  const [entry] = entries
  if (!shows(master.schema, request, entry?.[1])) return undefined
  const facts = options.ownRows() ? rowFacts(options.table, [id], entries) : []
  return { kind: 'confirmed', facts, reply: entry ? { id, row: entry[1] } : { id } }
}

function shows(schema: TableSchema, request: RowRequest, row: Row | undefined): boolean {
  switch (request.op) {
    case 'insert':
      return row !== undefined
    case 'delete':
      return row === undefined
    case 'replace':
      return row !== undefined && sameFields(schema, row, { [schema.idField]: request.id, ...request.row })
    case 'patch':
      return row !== undefined && sameFields(schema, row, patchRow(row, request.set, request.unset))
  }
}

function sameFields(schema: TableSchema, a: Row, b: Row): boolean {
  const fields = new Set([...Object.keys(a), ...Object.keys(b)])
  return [...fields].every((field) => {
    const [left, right] = [a[field], b[field]]
    if (left === undefined || right === undefined) return left === right
    return valuesEqual(left, right, columnType(schema, field))
  })
}

function fieldsOf({ cacheKey }: MasterTargetOptions, { operationId }: Operation, request: WriteRequest) {
  const id = 'id' in request ? request.id : undefined
  return { cache_key: cacheKey, op: request.op, id, operation: operationId }
}

/** The error as one the outbox does not wait on; the caller may try again. */
function final(error: unknown): FreshetError {
  const fault = asFreshetError(error, driverFault)
  if (!fault.retryable) return fault
  const { code, kind, message } = fault
  return new FreshetError({
    code,
    kind,
    message: `${message} The write was not kept; its outcome may be unknown.`,
    cause: error,
  })
}

/** A driver that throws what is no error of ours is broken: trying again would not mend it. */
const driverFault = { code: 'table/driver', kind: 'internal' } as const
