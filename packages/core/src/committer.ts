import { delay, type Clock } from './clock.ts'
import { asFreshetError, type FreshetError } from './errors.ts'
import type { Commit, CommitSeq, Store, StoreWrite, Term } from './store.ts'

/**
 * Carries what memory shows to the disk, behind it by a bounded amount [A1].
 *
 * What is staged in one call commits in one transaction, the checkpoint with
 * the rows it covers; several calls may share a transaction, in which only the
 * newest value of a record is written.
 */
export type Committer = {
  /** Staged or on its way, in records. */
  readonly backlog: number
  stage(writes: readonly StoreWrite[], clear?: readonly string[]): void
  /** Resolves when the backlog is below the bound, or the store is faulty. */
  ready(): Promise<void>
  /** Resolves when all that was staged before the call is on the disk; rejects when the store fails. */
  flushed(): Promise<void>
  close(): Promise<void>
}

export type CommitterOptions = {
  readonly store: Store
  readonly term: Term
  readonly clock: Clock
  /** How many records memory may lead the store by before sources must wait. */
  readonly maxBacklog: number
  onCommitted(seq: CommitSeq): void
  /** The store failed (tried again unless it is deposed or closed), or works again. */
  onFault(fault: FreshetError | undefined): void
}

const retryAfterMs = [100, 500, 2_000, 10_000]

export function createCommitter(options: CommitterOptions): Committer {
  let staged = emptyStage()
  let inFlight: Promise<void> | undefined
  let inFlightRecords = 0
  let waiting: (() => void)[] = []
  // A commit that failed for good ends the committer: a later one would carry a
  // checkpoint whose rows the store does not have.
  let failed: FreshetError | undefined
  let faulty = false
  const stop = new AbortController()

  const backlog = (): number => staged.records + inFlightRecords
  const release = (): void => {
    for (const resolve of waiting.splice(0)) resolve()
  }
  const reporting: CommitterOptions = {
    ...options,
    onFault(fault) {
      faulty = fault !== undefined
      options.onFault(fault)
      release()
    },
  }

  const commitStaged = async (): Promise<void> => {
    const { commit, records } = staged.take()
    staged = emptyStage()
    inFlightRecords = records
    try {
      await commitWithRetry(reporting, commit, stop.signal)
    } catch (error) {
      failed = asFreshetError(error, { code: 'storage/unavailable', kind: 'storage' })
      staged = emptyStage()
      throw failed
    } finally {
      inFlightRecords = 0
      release()
    }
  }
  const drain = async (): Promise<void> => {
    try {
      while (staged.records > 0) await commitStaged()
    } finally {
      inFlight = undefined
    }
  }
  const flushed = async (): Promise<void> => {
    while (staged.records > 0 || inFlight) {
      inFlight ??= drain()
      await inFlight
    }
    if (failed) throw failed
  }

  return {
    get backlog() {
      return backlog()
    },
    stage(writes, clear = []) {
      if (failed) return
      for (const table of clear) staged.clear(table)
      for (const write of writes) staged.write(write)
      // A microtask later, so that batches applied in one turn share a transaction.
      inFlight ??= Promise.resolve().then(drain)
      // The fault is reported through onFault; flushed() is for those who wait for it.
      inFlight.catch(() => {})
    },
    async ready() {
      // While the store is faulty memory serves on: the stage holds one value per record.
      while (backlog() > options.maxBacklog && !faulty && !stop.signal.aborted) {
        await new Promise<void>((resolve) => waiting.push(resolve))
      }
    },
    flushed,
    async close() {
      try {
        await flushed()
      } finally {
        stop.abort()
        release()
      }
    },
  }
}

async function commitWithRetry(options: CommitterOptions, commit: Commit, stop: AbortSignal): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      const seq = await options.store.commit(commit, options.term)
      if (attempt > 0) options.onFault(undefined)
      options.onCommitted(seq)
      return
    } catch (error) {
      const fault = asFreshetError(error, { code: 'storage/unavailable', kind: 'storage', retryable: true })
      options.onFault(fault)
      if (!fault.retryable || stop.aborted) throw fault
      const pause = retryAfterMs[Math.min(attempt, retryAfterMs.length - 1)] ?? 0
      await delay(options.clock, pause, stop)
      if (stop.aborted) throw fault
    }
  }
}

function emptyStage() {
  const tables = new Map<string, Map<string, StoreWrite>>()
  const cleared = new Set<string>()
  let records = 0
  return {
    get records() {
      return records
    },
    clear(table: string): void {
      records -= tables.get(table)?.size ?? 0
      tables.delete(table)
      if (!cleared.has(table)) records += 1
      cleared.add(table)
    },
    write(write: StoreWrite): void {
      let writes = tables.get(write.table)
      if (!writes) tables.set(write.table, (writes = new Map()))
      if (!writes.has(write.id)) records += 1
      writes.set(write.id, write)
    },
    take(): { commit: Commit; records: number } {
      const writes = [...tables.values()].flatMap((table) => [...table.values()])
      return { commit: { writes, clear: [...cleared] }, records }
    },
  }
}
