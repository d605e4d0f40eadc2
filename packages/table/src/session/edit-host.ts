import type {
  ColumnPolicy,
  ColumnTypes,
  OperationOutcome,
  RecordChange,
  RecordConflict,
  Row,
} from '@freshet/core'
import type { Patch } from '../master.ts'
import type { TableWriteOptions, WriteResult } from '../table-writer.ts'
import type { SavedDrafts } from './saved-drafts.ts'

/** What a session needs of its table. */
export type EditHost = {
  readonly columns: ColumnTypes
  readonly idField: string
  readonly policies: { readonly [field: string]: ColumnPolicy }
  nowUnixMs(): number
  confirmed(id: string): Row | undefined
  /** Whether `confirmed` says what the remote last said of the row, also that there is none. */
  isKnown(id: string): boolean
  /** Reads the row from the remote; afterwards `confirmed` is it. */
  refresh(id: string): Promise<void>
  patch(id: string, patch: Patch, options: TableWriteOptions): Promise<WriteResult>
  insert(id: string, row: Row, options: TableWriteOptions): Promise<WriteResult>
  insertReturnId(row: Row): Promise<WriteResult>
  delete(id: string, options: TableWriteOptions): Promise<WriteResult>
  /** Whether queued operations of the row wait behind one that failed. */
  isParked(id: string): boolean
  /** Takes queued operations back. */
  discard(operationIds: readonly string[]): void
  readonly drafts: Pick<SavedDrafts, 'write' | 'remove'>
  newDraftId(): string
  /** Calls back when a write to a row of this session has been settled. */
  onSettled(listener: (operationId: string, outcome: OperationOutcome['kind']) => void): void
  onChange(listener: () => void): () => void
  idChanged(from: string, to: string): void
  disposed(id: string): void
}

export type RecordEditStart = {
  readonly id: string
  readonly snapshot: Row | undefined
  readonly local: Row
  /** `manual`: the draft moves onto newer rows by `refreshSnapshot` and `save` alone. `auto`: whenever they come. */
  readonly track: 'manual' | 'auto'
  /** Who makes the id of a new record. */
  readonly newId: 'minted' | 'given' | 'backend' | undefined
  /** Of a draft that was kept. */
  readonly draftId?: string | undefined
  readonly conflicts?: readonly RecordConflict[] | undefined
  /** Saves of this row that failed before, or wait behind such a one, oldest first: they are edits again. */
  readonly failed?: readonly FailedSave[] | undefined
  /** Such saves whose changes are in the draft that was kept. */
  readonly answers?: readonly string[] | undefined
}

/** A queued save that is not over, and what it was to change. */
export type FailedSave = { readonly operationId: string; readonly sent: RecordChange }
