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
  /** Resolves when all that was staged before the call is on the disk; rejects once the store has failed for good. */
  flushed(): Promise<void>
  /** Commits what is staged, without trying a failing store for long, and takes nothing more. Rejects as `flushed`. */
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
  let staged = createStage()
  let stagedCount = 0
  let durableCount = 0
  let inFlightRecords = 0
  let draining = false
  let closed = false
  let faulty = false
  // A commit that failed for good ends the committer: a later one would carry a
  // checkpoint whose rows the store does not have.
  let failed: FreshetError | undefined
  const waiting: (() => void)[] = []
  let flushes: { readonly count: number; resolve(): void; reject(fault: FreshetError): void }[] = []
  const closing = new AbortController()

  const backlog = (): number => staged.records + inFlightRecords
  const release = (): void => {
    for (const resolve of waiting.splice(0)) resolve()
  }
  const onFault = (fault: FreshetError | undefined): void => {
    faulty = fault !== undefined
    options.onFault(fault)
    release()
  }
  const fail = (fault: FreshetError): void => {
    failed = fault
    staged = createStage()
    for (const flush of flushes) flush.reject(fault)
    flushes = []
  }
  const commitStaged = async (): Promise<void> => {
    const { commit, records } = staged.take()
    const count = stagedCount
    staged = createStage()
    inFlightRecords = records
    const outcome = await commitWithRetry({ ...options, onFault }, commit, closing.signal)
    inFlightRecords = 0
    if (outcome.kind === 'failed') fail(outcome.fault)
    else {
      durableCount = count
      for (const flush of flushes) if (flush.count <= count) flush.resolve()
      flushes = flushes.filter((flush) => flush.count > count)
    }
    release()
    if (outcome.kind === 'committed') options.onCommitted(outcome.seq)
  }
  const drain = async (): Promise<void> => {
    try {
      while (staged.records > 0) await commitStaged()
    } finally {
      draining = false
    }
  }
  const flushed = (): Promise<void> => {
    if (failed) return Promise.reject(failed)
    if (durableCount === stagedCount) return Promise.resolve()
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    flushes.push({ count: stagedCount, resolve, reject })
    return promise
  }

  return {
    get backlog() {
      return backlog()
    },
    stage(writes, clear = []) {
      if (failed || closed) return
      stagedCount += 1
      for (const table of clear) staged.clear(table)
      for (const write of writes) staged.write(write)
      if (draining) return
      draining = true
      // A microtask later, so that batches applied in one turn share a transaction.
      queueMicrotask(() => void drain())
    },
    async ready() {
      // While the store is faulty memory serves on: the stage holds one value per record.
      while (backlog() > options.maxBacklog && !faulty && !closed) {
        await new Promise<void>((resolve) => waiting.push(resolve))
      }
    },
    flushed,
    async close() {
      closed = true
      closing.abort()
      release()
      await flushed()
    },
  }
}

type CommitOutcome =
  | { readonly kind: 'committed'; readonly seq: CommitSeq }
  | { readonly kind: 'failed'; readonly fault: FreshetError }

async function commitWithRetry(
  options: CommitterOptions,
  commit: Commit,
  closing: AbortSignal,
): Promise<CommitOutcome> {
  const { store, term, clock, onFault } = options
  for (let attempt = 0; ; attempt++) {
    try {
      const seq = await store.commit(commit, term)
      if (attempt > 0) onFault(undefined)
      return { kind: 'committed', seq }
    } catch (error) {
      const fault = asFreshetError(error, { code: 'storage/unavailable', kind: 'storage', retryable: true })
      onFault(fault)
      if (!fault.retryable || closing.aborted) return { kind: 'failed', fault }
      await delay(clock, retryAfterMs[Math.min(attempt, retryAfterMs.length - 1)] ?? 0, closing)
    }
  }
}

/** What the next commit carries: the newest value of each record. */
function createStage() {
  const tables = new Map<string, Map<string, StoreWrite>>()
  const cleared = new Set<string>()
  let records = 0
  const writesOf = (table: string): Map<string, StoreWrite> => {
    const known = tables.get(table)
    if (known) return known
    const fresh = new Map<string, StoreWrite>()
    tables.set(table, fresh)
    return fresh
  }
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
      const writes = writesOf(write.table)
      if (!writes.has(write.id)) records += 1
      writes.set(write.id, write)
    },
    take(): { commit: Commit; records: number } {
      const writes = [...tables.values()].flatMap((table) => [...table.values()])
      return { commit: { writes, clear: [...cleared] }, records }
    },
  }
}
