import { operationRecord, readOperation, type KeptOperation } from './operation-records.ts'
import type { OutboxEntry } from './outbox-entry.ts'
import { kernelTables, operationDelete } from './replica-records.ts'
import type { Store } from './store.ts'

/** Where operations survive a restart. Without a store nothing does, and every step is done at once. */
export type OperationJournal = {
  /** All of these reject with `storage/*` when the store refuses. */
  append(entry: OutboxEntry): Promise<void>
  rewrite(entry: OutboxEntry): Promise<void>
  remove(entry: OutboxEntry): Promise<void>
  /** What is noted, oldest first. */
  read(): Promise<readonly NotedOperation[]>
}

export type NotedOperation = KeptOperation & { readonly recordId: string }

export function createOperationJournal(store: Store | undefined): OperationJournal {
  const { operations } = kernelTables
  return {
    async append(entry) {
      entry.recordId = await store?.append(operations, operationRecord(entry))
    },
    async rewrite(entry) {
      const { recordId } = entry
      if (recordId === undefined) return
      const write = { table: operations, id: recordId, value: operationRecord(entry) }
      await store?.commit({ writes: [write] }, undefined)
    },
    async remove({ recordId }) {
      if (recordId !== undefined) await store?.commit({ writes: [operationDelete(recordId)] }, undefined)
    },
    async read() {
      const records = (await store?.range(operations, {})) ?? []
      return records.map(({ id, value }) => ({ ...readOperation(value), recordId: id }))
    },
  }
}
