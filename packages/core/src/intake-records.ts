import type { LogBatch, StateBatch } from './batch.ts'
import type { Deferred } from './deferral.ts'
import type { DraftWrite } from './draft.ts'
import type { HistoryEntry } from './history.ts'
import { kernelTables } from './replica-records.ts'
import type { StoreRecord, StoreWrite } from './store.ts'
import type { Row } from './value.ts'
import { withoutAbsent } from './without-absent.ts'

export function historyWrite<F>(entry: HistoryEntry<F>): StoreWrite {
  return {
    table: kernelTables.history,
    id: orderedId(entry.number),
    value: shallow({ ...entry, undo: entry.undo.map(shallow), lateFacts: withoutAbsent(entry.lateFacts) }),
  }
}

export function historyDelete(number: number): StoreWrite {
  return { table: kernelTables.history, id: orderedId(number), value: undefined }
}

export function readHistory<F>(record: StoreRecord): HistoryEntry<F> {
  // Written by historyWrite above; a fact is plain data by the contract of Projection.
  const value = record.value as unknown as Omit<HistoryEntry<F>, 'undo'> & {
    undo: readonly Partial<DraftWrite>[]
  }
  return {
    number: value.number,
    upTo: value.upTo,
    mark: value.mark,
    undo: value.undo.map(({ table = '', id = '', row }) => ({ table, id, row })),
    lateFacts: value.lateFacts,
  }
}

export function deferredWrite<F>(deferred: Deferred<F>): StoreWrite {
  const { number, batch, needs, keys } = deferred
  return {
    table: kernelTables.deferred,
    id: orderedId(number),
    value: shallow({ number, batch: withoutAbsent(batch), needs, keys: [...keys] }),
  }
}

export function deferredDelete(number: number): StoreWrite {
  return { table: kernelTables.deferred, id: orderedId(number), value: undefined }
}

export function readDeferred<F>(record: StoreRecord): Deferred<F> {
  // Written by deferredWrite above.
  const value = record.value as unknown as Omit<Deferred<F>, 'keys' | 'batch' | 'receivedAt'> & {
    keys: readonly string[]
    batch: LogBatch<F> | StateBatch
  }
  // A read that was on its way when the process ended can no longer be ordered: it yields to
  // all, and proves nothing about the rows it did not bring.
  const batch: LogBatch<F> | StateBatch =
    value.batch.kind === 'state' && value.batch.startedAt !== 'live'
      ? { ...value.batch, startedAt: -1, covers: undefined }
      : value.batch
  return { ...value, batch, keys: new Set(value.keys), receivedAt: -1 }
}

/** Numbers as ids whose text order is their number order. */
function orderedId(number: number): string {
  return String(number).padStart(16, '0')
}

/** A record without the fields of its own that are undefined; rows in it are not copied. */
function shallow(value: object): Row {
  // Only fields of our own types and facts, which are plain data by contract.
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as Row
}
