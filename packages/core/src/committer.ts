import { delay, type Clock } from './clock.ts'
import { asFreshetError, FreshetError } from './errors.ts'
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

const retryAfterMs = [100, 500, 2_000]
const longestRetryMs = 10_000

/**
 * How long is gathered after a commit, in its own length. Each commit writes whole pages of the disk: 100,000
 * rows with ids in no order cost SQLite a third less processor time in transactions of 5,000 than of 1,000.
 */
const gatherFactor = 4
const maxGatherMs = 200

/** Records that are worth a commit of their own. */
const enoughRecords = 5_000

export function createCommitter(options: CommitterOptions): Committer {
  const { store, term, clock, maxBacklog } = options
  let staged = createStage()
  let inFlight: Stage | undefined
  let draining = false
  let faulty = false
  // A commit that failed for good ends the committer: a later one would carry a
  // checkpoint whose rows the store does not have.
  let failed: FreshetError | undefined
  const waiting: (() => void)[] = []
  const closing = new AbortController()
  const { signal } = closing
  let gatherMs = 0
  let gathering = new AbortController()

  const backlog = (): number => staged.records + (inFlight?.records ?? 0)
  const release = (): void => {
    for (const resolve of waiting.splice(0)) resolve()
  }
  const onFault = (fault: FreshetError | undefined): void => {
    faulty = fault !== undefined
    options.onFault(fault)
    release()
  }
  /** The number of the commit, or why there will be none. */
  const commitWithRetry = async (commit: Commit): Promise<CommitSeq | FreshetError> => {
    for (let attempt = 0; ; attempt++) {
      try {
        const seq = await store.commit(commit, term)
        if (attempt > 0) onFault(undefined)
        return seq
      } catch (error) {
        const fault = asFreshetError(error, { code: 'storage/unavailable', kind: 'storage', retryable: true })
        onFault(fault)
        if (!fault.retryable || signal.aborted) return fault
        await delay(clock, retryAfterMs[attempt] ?? longestRetryMs, signal)
      }
    }
  }
  const commit = async (stage: Stage): Promise<void> => {
    inFlight = stage
    staged = createStage()
    const startedAt = clock.now()
    const outcome = await commitWithRetry(stage.commit())
    inFlight = undefined
    if (outcome instanceof FreshetError) {
      failed = outcome
      stage.reject(failed)
      staged.reject(failed)
      staged = createStage()
    } else {
      stage.resolve()
      release()
      options.onCommitted(outcome)
    }
    gatherMs = Math.min((clock.now() - startedAt) * gatherFactor, maxGatherMs)
  }
  const isDue = (): boolean =>
    signal.aborted || staged.isAwaited || backlog() >= Math.min(enoughRecords, maxBacklog)
  const drain = async (): Promise<void> => {
    try {
      while (staged.records > 0) {
        await commit(staged)
        if (gatherMs === 0 || isDue()) continue
        gathering = new AbortController()
        await delay(clock, gatherMs, gathering.signal)
      }
    } finally {
      draining = false
    }
  }
  const flushed = async (): Promise<void> => {
    if (failed) throw failed
    if (staged.records > 0) staged.isAwaited = true
    gathering.abort()
    await (staged.records > 0 ? staged : inFlight)?.promise
  }

  return {
    get backlog() {
      return backlog()
    },
    stage(writes, clear = []) {
      if (failed || signal.aborted) return
      for (const table of clear) staged.clear(table)
      for (const write of writes) staged.write(write)
      if (isDue()) gathering.abort()
      if (draining) return
      draining = true
      // A microtask later, so that batches applied in one turn share a transaction.
      queueMicrotask(() => void drain())
    },
    async ready() {
      // While the store is faulty memory serves on: the stage holds one value per record.
      while (backlog() > maxBacklog && !faulty && !signal.aborted) {
        await new Promise<void>((resolve) => waiting.push(resolve))
      }
    },
    flushed,
    async close() {
      closing.abort()
      release()
      await flushed()
    },
  }
}

/** What the next commit carries: the newest value of each record; and word of its end. */
function createStage() {
  const writes = new Map<string, Map<string, StoreWrite>>()
  const cleared = new Set<string>()
  let count = 0
  const settling = Promise.withResolvers<void>()
  // Nobody may be waiting for it.
  settling.promise.catch(() => {})
  return {
    ...settling,
    /** Somebody waits until it is on the disk. */
    isAwaited: false,
    get records() {
      return count + cleared.size
    },
    clear(table: string): void {
      count -= writes.get(table)?.size ?? 0
      writes.delete(table)
      cleared.add(table)
    },
    write(write: StoreWrite): void {
      // A map for each table: a key made of table and id costs more than the rest of it.
      let ofTable = writes.get(write.table)
      if (!ofTable) writes.set(write.table, (ofTable = new Map<string, StoreWrite>()))
      count -= ofTable.size
      ofTable.set(write.id, write)
      count += ofTable.size
    },
    commit: (): Commit => ({
      writes: [...writes.values()].flatMap((ofTable) => [...ofTable.values()]),
      clear: [...cleared],
    }),
  }
}

type Stage = ReturnType<typeof createStage>
