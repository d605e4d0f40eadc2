import type { Position } from './batch.ts'
import type { Coverage } from './coverage.ts'
import { rowKeyText } from './draft.ts'
import type { StoreRecord, StoreTable, StoreWrite } from './store.ts'
import type { Row, Value } from './value.ts'
import { withoutAbsent } from './without-absent.ts'

/** Where the kernel keeps its own books, beside the tables of rows. */
export const kernelTables = {
  /** One record: position and checkpoint. */
  state: '$state',
  coverage: '$coverage',
  history: '$history',
  deferred: '$deferred',
  operations: '$operations',
  /** What hosts keep of unsaved edits. */
  drafts: '$drafts',
} as const

/** The tables a store must have besides those of the rows. */
export const kernelStoreTables: readonly StoreTable[] = Object.values(kernelTables).map((name) => ({
  name,
  // What the user did outlives everything else [T7].
  space: name === kernelTables.operations || name === kernelTables.drafts ? 'intent' : 'replica',
}))

export type KeptState = {
  readonly position: Position
  readonly oldest: Position
  readonly checkpoint: Value | undefined
  readonly freshAtUnixMs: number | undefined
  /** Whether a stream that goes on from the checkpoint misses nothing. */
  readonly continuous: boolean
}

const stateId = 'replica'

export function stateWrite(state: KeptState): StoreWrite {
  // Plain data by its type.
  const value = withoutAbsent(state) as unknown as Row
  return { table: kernelTables.state, id: stateId, value }
}

export function readState(records: readonly StoreRecord[], origin: Position): KeptState {
  const value = records.find((record) => record.id === stateId)?.value
  // Written by stateWrite above.
  const kept = value as Partial<KeptState> | undefined
  return {
    position: origin,
    oldest: origin,
    checkpoint: undefined,
    freshAtUnixMs: undefined,
    continuous: false,
    ...kept,
  }
}

export function operationDelete(recordId: string): StoreWrite {
  return { table: kernelTables.operations, id: recordId, value: undefined }
}

export function coverageWrite(coverage: Coverage): StoreWrite {
  const { table, key } = coverage
  // As above.
  const value = withoutAbsent(coverage) as unknown as Row
  return { table: kernelTables.coverage, id: rowKeyText(table, key), value }
}

export function coverageDelete(table: string, key: string): StoreWrite {
  return { table: kernelTables.coverage, id: rowKeyText(table, key), value: undefined }
}

export function readCoverage(record: StoreRecord): Coverage {
  // Written by coverageWrite above.
  return record.value as unknown as Coverage
}
