import type { Operation } from './operation.ts'
import type { Layer } from './overlay.ts'
import type { Row } from './value.ts'
import { withoutAbsent } from './without-absent.ts'

/** What the store keeps of an operation. */
export type KeptOperation = {
  readonly operation: Operation
  /** Whether an operation that must not be sent twice may have been sent. */
  readonly sent: boolean
}

export function operationRecord(operation: Operation, sent: boolean): Row {
  // An operation is plain data by its type.
  const fields = withoutAbsent(operation) as unknown as Row
  return sent ? { ...fields, sent } : fields
}

export function readOperation(record: Row): KeptOperation {
  const { sent, ...operation } = record
  // Written by operationRecord.
  return { operation: operation as unknown as Operation, sent: sent === true }
}

/** One layer per edited row; the first has the operation's own id. */
export function layersOf({ operationId, edits }: Operation): readonly Layer[] {
  return edits.map(({ table, id, edit }, index) => ({
    operationId: index === 0 ? operationId : `${operationId}/${index}`,
    table,
    id,
    edit,
  }))
}

/** What the remote acknowledges: the layers, or the operation alone where it shows nothing. */
export function ackIds(operation: Operation): readonly string[] {
  const layers = layersOf(operation)
  return layers.length > 0 ? layers.map(({ operationId }) => operationId) : [operation.operationId]
}
