import type { Operation, OperationFailure } from './operation.ts'
import type { Layer, RowEdit } from './overlay.ts'
import { fromPlainOutcome, toPlainOutcome, type PlainOutcome } from './plain-outcome.ts'
import type { Row } from './value.ts'
import { withoutAbsent } from './without-absent.ts'

/** What the store keeps of an operation. */
export type KeptOperation = {
  readonly operation: Operation
  /** Whether an operation that must not be sent twice may have been sent. */
  readonly sent: boolean
  /** How it failed, if it did and stays. */
  readonly failure?: OperationFailure | undefined
}

export function operationRecord({ operation, sent, failure }: KeptOperation): Row {
  const plain =
    sent || failure ? { ...operation, sent, failure: failure && toPlainOutcome(failure) } : operation
  // An operation is plain data by its type.
  return withoutAbsent(plain) as unknown as Row
}

export function readOperation(record: Row): KeptOperation {
  const { sent, failure, ...operation } = record
  // Both written by operationRecord.
  const plain = failure as unknown as PlainOutcome | undefined
  return {
    operation: operation as unknown as Operation,
    sent: sent === true,
    failure: plain && (fromPlainOutcome(plain) as OperationFailure),
  }
}

/**
 * One layer per edited row; the first has the operation's own id.
 *
 * @param instead - What each shows instead of its edit.
 */
export function layersOf({ operationId, edits }: Operation, instead?: RowEdit): readonly Layer[] {
  return edits.map(({ table, id, edit }, index) => ({
    operationId: index === 0 ? operationId : `${operationId}/${index}`,
    table,
    id,
    edit: instead ?? edit,
  }))
}

/** What the remote acknowledges: the layers, or the operation alone where it shows nothing. */
export function ackIds(operation: Operation): readonly string[] {
  const [, ...rest] = layersOf(operation)
  return [operation.operationId, ...rest.map(({ operationId }) => operationId)]
}
