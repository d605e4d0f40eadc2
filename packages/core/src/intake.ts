import { commitAndJudge, noProjection, writeState } from './apply-batch.ts'
import { applyLateBatch, applyLogBatch, type LogKernel, type LogResult } from './apply-log.ts'
import type { ApplyOutcome, LogBatch, Need, Position, RowFact, StateBatch } from './batch.ts'
import { wholeTable } from './coverage.ts'
import { coverages } from './coverage-books.ts'
import { createDeferrals } from './deferral.ts'
import { rowKeyText } from './draft.ts'
import { FreshetError } from './errors.ts'
import { createHistory } from './history.ts'
import { deferredDelete, deferredWrite, readDeferred, readHistory } from './intake-records.ts'
import { applyAcks, retired } from './layers.ts'
import type { Projection } from './projection.ts'
import { stage, type ReplicaCore } from './replica-core.ts'
import { coverageWrite, kernelTables } from './replica-records.ts'
import type { TableChange } from './replica-tables.ts'
import { checkRoom } from './room.ts'
import type { Resume } from './source.ts'
import type { Store, StoreWrite } from './store.ts'

export type IntakeOptions<F> = {
  /** How the facts of a log become rows. Needed for log batches. */
  readonly projection?: Projection<F> | undefined
  /** What a row fact needs to be known first. Default nothing. */
  readonly needsOf?: ((fact: RowFact) => readonly Need[]) | undefined
  /** Whether a need is met. Default: never, until the host says so by giving this. */
  readonly isReady?: ((need: Need) => boolean) | undefined
  /** The position before the first. Default -1. */
  readonly origin?: Position | undefined
  /** How many positions back a rewind can reach. Default 0: none. */
  readonly keepPositions?: number | undefined
}

/** What a replica is given so that it takes in more than rows; see `createIntake`. */
export interface Intake<F> {
  readonly origin: Position
  /** Internal. */
  open(core: ReplicaCore<F>): OpenIntake<F>
}

/** The books of one replica over what is no row yet. Internal. */
export interface OpenIntake<F> {
  /** The oldest position that can still be rewound to. */
  readonly oldest: Position
  /** Whether the last page of a walk waits, which says what is gone. */
  readonly endOfWalkWaits: boolean
  applyLog(batch: LogBatch<F>): ApplyOutcome
  /** Parks a batch that must wait; `undefined` when it need not. */
  park(batch: StateBatch): ApplyOutcome | undefined
  /** Applies what waited and may go now; returns how many batches that were. */
  retry(): number
  /** Whether a parked batch will write this row. */
  holdsBack(table: string, id: string): boolean
  /** Kept positions with the source's own marks, newest first [S8]. */
  marks(): Resume['marks']
  /** The log has been applied up to its head: its tables are known whole, but for what waits. */
  reachedHead(): void
  /** Reads what a store keeps of these books; the returned function takes it over. */
  read(store: Store): Promise<(oldest: Position) => void>
  reset(): void
}

/**
 * Lets a replica take in what is not a row yet: stretches of a log, which a
 * projection turns into rows and a rewind takes back, and facts that must wait
 * until something is known [A3, S7]. Without one a replica takes rows alone.
 */
export function createIntake<F = RowFact>(options: IntakeOptions<F>): Intake<F> {
  return { origin: options.origin ?? -1, open: (core) => openIntake(core, options) }
}

function openIntake<F>(core: ReplicaCore<F>, options: IntakeOptions<F>): OpenIntake<F> {
  const { projection, needsOf, isReady = () => false, keepPositions = 0 } = options
  const { tables, rules, maxRows, status } = core
  const coverage = (core.coverage ??= coverages(core))
  let history = createHistory<F>(core.origin)
  let deferrals = createDeferrals<F>()
  /** Whether the log has been applied up to its head in this run. */
  let reached = false

  const isWhole = (table: string): boolean => coverage.get(table, wholeTable)?.complete === true
  /** Notes which tables are known whole now; returns the records that say so. */
  const coverTables = (work: TableChange): readonly StoreWrite[] => {
    const names = tables.names()
    const atHead = reached || names.some(isWhole)
    const waiting = deferrals.tables()
    const changed = names.filter((table) => isWhole(table) !== (atHead && !waiting.has(table)))
    return changed.map((table) => {
      const complete = atHead && !waiting.has(table)
      const { epoch, seq, clock } = core
      const known = {
        table,
        key: wholeTable,
        complete,
        epoch,
        seq,
        fetchedAtUnixMs: clock.now(),
        invalidated: false,
      }
      coverage.set(known)
      work.of(table).setComplete(complete)
      return coverageWrite(known)
    })
  }
  const logKernel = (): LogKernel<F> => {
    if (!projection) throw noProjection(core.name)
    return {
      ...{ projection, history, deferrals, rules, keepPositions, isReady, position: core.position },
      confirmed: (table, id) => tables.collection(table).confirmed(id),
      checkWrites: (writes) => checkRoom(writes, tables, maxRows),
    }
  }
  /** Shows in the status what parked batches wait for. */
  const publishPending = (): void => {
    const pending = deferrals.needs(isReady)
    if (pending.join('\n') !== status.get().pending.join('\n')) status.update({ pending })
  }
  const applyFirstReady = (): boolean => {
    const deferred = deferrals.firstReady(isReady)
    if (!deferred) return false
    const { batch, number, receivedAt } = deferred
    if (batch.kind === 'log') {
      const result = refusable(() => applyLateBatch(logKernel(), number, batch))
      publishLog(core, result, batch, coverTables)
    } else {
      checkRoom(batch.facts, tables, maxRows)
      deferrals.remove(number)
      writeState(core, batch, [deferredDelete(number)], receivedAt)
    }
    publishPending()
    return true
  }

  return {
    get oldest() {
      return history.oldest
    },
    get endOfWalkWaits() {
      return deferrals.all().some(({ batch }) => batch.kind === 'state' && (batch.covers ?? []).length > 0)
    },
    applyLog(batch) {
      const result = refusable(() => applyLogBatch(logKernel(), batch))
      const { kind } = result.outcome
      if (kind !== 'applied' && kind !== 'parked') return result.outcome
      if (batch.checkpoint !== undefined) core.checkpoint = batch.checkpoint
      publishLog(core, result, batch, coverTables)
      if (deferrals.size > 0 || status.get().pending.length > 0) publishPending()
      return result.outcome
    },
    park(batch) {
      if (!needsOf) return undefined
      const needs = [...new Set(batch.facts.flatMap(needsOf))]
      const keys = new Set(batch.facts.map(({ table, id }) => rowKeyText(table, id)))
      if (needs.every(isReady) && (rules.deferSameKeys === false || !deferrals.blocks(keys))) return undefined
      // What waits is on the disk, so that the source need not tell it again [A4].
      if (batch.checkpoint !== undefined) core.checkpoint = batch.checkpoint
      stage(core, [deferredWrite(deferrals.add({ batch, needs, keys, receivedAt: core.seq }))])
      publishPending()
      return { kind: 'parked', needs: deferrals.needs(isReady) }
    },
    retry() {
      let applied = 0
      while (applyFirstReady()) applied += 1
      return applied
    },
    holdsBack: (table, id) => deferrals.size > 0 && deferrals.blocks(new Set([rowKeyText(table, id)])),
    marks: () =>
      history
        .entries()
        .flatMap(({ upTo, mark }) => (mark === undefined ? [] : [{ position: upTo, mark }]))
        .toReversed(),
    reachedHead() {
      reached = true
      let writes: readonly StoreWrite[] = []
      tables.transact(
        (work) => (writes = coverTables(work)),
        0,
        () => stage(core, writes),
      )
    },
    async read(store) {
      const [entries, waiting] = await Promise.all([
        store.range(kernelTables.history, {}),
        store.range(kernelTables.deferred, {}),
      ])
      return (oldest) => {
        history = createHistory(oldest, entries.map(readHistory<F>))
        deferrals = createDeferrals(waiting.map(readDeferred<F>))
        publishPending()
      }
    },
    reset() {
      history = createHistory(core.origin)
      deferrals = createDeferrals()
      reached = false
      publishPending()
    },
  }
}

/** Swaps in what a stretch of a log changes. */
function publishLog<F>(
  core: ReplicaCore<F>,
  result: LogResult,
  batch: LogBatch<F>,
  coverTables: (work: TableChange) => readonly StoreWrite[],
): void {
  // What waits has not happened yet: its layers stay until it has [W5].
  const acking = result.outcome.kind === 'applied' ? batch : {}
  core.seq += 1
  core.position = result.position
  let covered: readonly StoreWrite[] = []
  const stamp = { seq: core.seq, epoch: core.epoch, nowUnixMs: core.clock.now() }
  core.tables.transact(
    (work) => {
      for (const { table, id, row } of result.writes) {
        if (row) work.put(table, id, row, stamp)
        else work.remove(table, id, stamp)
      }
      applyAcks(core, work, acking, () => true)
      covered = coverTables(work)
    },
    result.writes.length,
    (done) => commitAndJudge(core, done, () => [...result.storeWrites, ...covered, ...retired(acking)]),
  )
}

/** A projection that refuses halts its replica; the facts are named by the cause. */
function refusable<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (error instanceof FreshetError) throw error
    throw new FreshetError({
      code: 'replica/refused-facts',
      kind: 'protocol',
      message: `A batch could not be applied: ${error instanceof Error ? error.message : String(error)} Reset the replica to read everything again.`,
      cause: error,
    })
  }
}
