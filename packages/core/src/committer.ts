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

const retryAfterMs = [100, 500, 2_000, 10_000]

/**
 * How long is gathered after a commit, in its own length. Each commit writes whole pages of the disk: 100,000
 * rows with ids in no order cost SQLite a third less processor time in transactions of 5,000 than of 1,000.
 */
const gatherFactor = 4
const maxGatherMs = 200

/** Records that are worth a commit of their own. */
const enoughRecords = 5_000

export function createCommitter(options: CommitterOptions): Committer {
  const { clock } = options
  let staged = createStage()
  let inFlight: Stage | undefined
  let draining = false
  let closed = false
  let faulty = false
  // A commit that failed for good ends the committer: a later one would carry a
  // checkpoint whose rows the store does not have.
  let failed: FreshetError | undefined
  const waiting: (() => void)[] = []
  const closing = new AbortController()
  let gatherMs = 0
  let endGathering = (): void => {}

  const backlog = (): number => staged.records + (inFlight?.records ?? 0)
  const release = (): void => {
    for (const resolve of waiting.splice(0)) resolve()
  }
  const onFault = (fault: FreshetError | undefined): void => {
    faulty = fault !== undefined
    options.onFault(fault)
    release()
  }
  const commit = async (stage: Stage): Promise<void> => {
    inFlight = stage
    staged = createStage()
    const startedAt = clock.now()
    const outcome = await commitWithRetry({ ...options, onFault }, stage.commit(), closing.signal)
    inFlight = undefined
    if (outcome instanceof FreshetError) {
      failed = outcome
      stage.reject(failed)
      staged.reject(failed)
      staged = createStage()
    } else stage.resolve()
    release()
    if (!(outcome instanceof FreshetError)) options.onCommitted(outcome)
    gatherMs = Math.min((clock.now() - startedAt) * gatherFactor, maxGatherMs)
  }
  const isDue = (): boolean =>
    closed || staged.isAwaited || backlog() >= Math.min(enoughRecords, options.maxBacklog)
  const gather = async (): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>()
    endGathering = resolve
    const cancel = clock.schedule(resolve, gatherMs)
    await promise
    cancel()
  }
  const drain = async (): Promise<void> => {
    try {
      while (staged.records > 0) {
        await commit(staged)
        if (gatherMs > 0 && !isDue()) await gather()
      }
    } finally {
      draining = false
    }
  }
  const flushed = async (): Promise<void> => {
    if (failed) throw failed
    if (staged.records > 0) staged.isAwaited = true
    endGathering()
    await (staged.records > 0 ? staged : inFlight)?.done
  }

  return {
    get backlog() {
      return backlog()
    },
    stage(writes, clear = []) {
      if (failed || closed) return
      for (const table of clear) staged.clear(table)
      for (const write of writes) staged.write(write)
      if (isDue()) endGathering()
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

/** The number of the commit, or why there will be none. */
async function commitWithRetry(
  options: CommitterOptions,
  commit: Commit,
  closing: AbortSignal,
): Promise<CommitSeq | FreshetError> {
  const { store, term, clock, onFault } = options
  for (let attempt = 0; ; attempt++) {
    try {
      const seq = await store.commit(commit, term)
      if (attempt > 0) onFault(undefined)
      return seq
    } catch (error) {
      const fault = asFreshetError(error, { code: 'storage/unavailable', kind: 'storage', retryable: true })
      onFault(fault)
      if (!fault.retryable || closing.aborted) return fault
      await delay(clock, retryAfterMs[Math.min(attempt, retryAfterMs.length - 1)] ?? 0, closing)
    }
  }
}

/** What the next commit carries: the newest value of each record; and word of its end. */
function createStage() {
  const writes = new Map<string, Map<string, StoreWrite>>()
  const cleared = new Set<string>()
  let count = 0
  const { promise: done, resolve, reject } = Promise.withResolvers<void>()
  // Nobody may be waiting for it.
  done.catch(() => {})
  return {
    done,
    resolve,
    reject,
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
