import { FreshetError } from './errors.ts'
import { operationRecord, readOperation, type KeptOperation } from './operation-records.ts'
import type { OutboxEntry } from './outbox-entry.ts'
import { kernelTables, operationDelete } from './replica-records.ts'
import type { StatusCell } from './status.ts'
import type { Commit, Store } from './store.ts'

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

/** @param status - Shows what the store refuses as `degraded`, until it takes something again [T4]. */
export function createOperationJournal(store: Store | undefined, status: StatusCell): OperationJournal {
  const { operations } = kernelTables
  let fault: FreshetError | undefined
  const shown = async <T>(writing: Promise<T> | undefined): Promise<T | undefined> => {
    try {
      const written = await writing
      // What the committer could not write is no less missing now.
      if (fault && status.get().degraded === fault) status.update({ degraded: undefined })
      fault = undefined
      return written
    } catch (error) {
      if (error instanceof FreshetError && error.kind === 'storage') {
        fault = error
        if (!status.get().degraded) status.update({ degraded: error })
      }
      throw error
    }
  }
  const commit = async (writes: Commit['writes']): Promise<void> =>
    void (await shown(store?.commit({ writes }, undefined)))
  return {
    async append(entry) {
      entry.recordId = await shown(store?.append(operations, operationRecord(entry)))
    },
    async rewrite(entry) {
      const { recordId } = entry
      if (recordId === undefined) return
      await commit([{ table: operations, id: recordId, value: operationRecord(entry) }])
    },
    async remove({ recordId }) {
      if (recordId !== undefined) await commit([operationDelete(recordId)])
    },
    async read() {
      const records = (await store?.range(operations, {})) ?? []
      return records.map(({ id, value }) => ({ ...readOperation(value), recordId: id }))
    },
  }
}
