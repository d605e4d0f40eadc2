import { applyLateBatch, applyLogBatch, type LogKernel, type LogResult } from './apply-log.ts'
import { applyStateFacts } from './apply-state.ts'
import type { ApplyOutcome, Batch, LogBatch, Seq, StateBatch } from './batch.ts'
import { rowKeyText } from './draft.ts'
import { FreshetError } from './errors.ts'
import { applyAcks, retired } from './layers.ts'
import { publishPending, stage, type ReplicaCore } from './replica-core.ts'
import { coverageWrite, deferredDelete, deferredWrite } from './replica-records.ts'
import type { TableChange } from './replica-tables.ts'
import { checkRoom, checkTables } from './room.ts'
import type { StoreWrite } from './store.ts'

/** The one door into a replica: see `Replica.apply` [A1]. */
export function applyBatch<F>(core: ReplicaCore<F>, batch: Batch<F>): ApplyOutcome {
  return batch.kind === 'state' ? applyState(core, batch) : applyLog(core, batch)
}

/** Applies what waited and may go now; returns how many batches that were. */
export function retryDeferred<F>(core: ReplicaCore<F>): number {
  let applied = 0
  while (applyFirstReady(core)) applied += 1
  return applied
}

function applyState<F>(core: ReplicaCore<F>, batch: StateBatch): ApplyOutcome {
  checkTables(batch, core.tables)
  const parked = core.needsOf && park(core, batch, core.needsOf)
  if (parked) return parked
  checkRoom(batch.facts, core.tables, core.maxRows)
  if (batch.checkpoint !== undefined) core.checkpoint = batch.checkpoint
  return writeState(core, batch, noWrites)
}

const noWrites: readonly StoreWrite[] = []

function park<F>(
  core: ReplicaCore<F>,
  batch: StateBatch,
  needsOf: NonNullable<ReplicaCore<F>['needsOf']>,
): ApplyOutcome | undefined {
  const { deferrals, isReady, rules } = core
  const needs = [...new Set(batch.facts.flatMap(needsOf))]
  const keys = new Set(batch.facts.map(({ table, id }) => rowKeyText(table, id)))
  if (needs.every(isReady) && !(rules.deferSameKeys && deferrals.blocks(keys))) return undefined
  // What waits is on the disk, so that the source need not tell it again [A4].
  if (batch.checkpoint !== undefined) core.checkpoint = batch.checkpoint
  stage(core, [deferredWrite(deferrals.add({ batch, needs, keys, receivedAt: core.seq }))])
  publishPending(core)
  return { kind: 'parked', needs: deferrals.needs(isReady) }
}

function writeState<F>(
  core: ReplicaCore<F>,
  batch: StateBatch,
  records: readonly StoreWrite[],
  receivedAt?: Seq,
): ApplyOutcome {
  core.seq += 1
  const change = core.tables.transact(
    (work) => {
      applyStateFacts(core, work, batch, receivedAt)
      if (batch.acks) applyAcks(core, work, batch, ({ table, id }) => core.acks.toldBy(batch, table, id))
    },
    batch.facts.length,
    (done) => commitAndJudge(core, done, () => [...coverWrites(core, batch), ...retired(batch), ...records]),
  )
  return { kind: 'applied', changedRows: change.changedRows }
}

function coverWrites<F>({ coverages }: ReplicaCore<F>, { covers = [] }: StateBatch): readonly StoreWrite[] {
  return covers.flatMap(({ table, key }) => coverages.get(table, key) ?? []).map(coverageWrite)
}

/** What follows on a swap, before any listener hears of it [A6]. */
function commitAndJudge<F>(
  core: ReplicaCore<F>,
  change: TableChange,
  writes: () => readonly StoreWrite[],
): void {
  if (core.committer) stage(core, [...change.storeWrites, ...writes()])
  if (core.hostLayers.size > 0) core.hostLayers.judge((table, id) => change.changed(table, id))
}

function applyLog<F>(core: ReplicaCore<F>, batch: LogBatch<F>): ApplyOutcome {
  const result = refusable(() => applyLogBatch(logKernel(core), batch))
  if (result.outcome.kind !== 'applied' && result.outcome.kind !== 'parked') return result.outcome
  if (batch.checkpoint !== undefined) core.checkpoint = batch.checkpoint
  return publishLog(core, result, batch)
}

function logKernel<F>(core: ReplicaCore<F>): LogKernel<F> {
  const { name, projection, history, deferrals, rules, position, keepPositions, isReady, tables, maxRows } =
    core
  if (!projection) {
    throw new FreshetError({
      code: 'replica/no-projection',
      kind: 'usage',
      message: `Replica ${name} was given a log batch but no projection; pass one when you create it.`,
    })
  }
  return {
    ...{ projection, history, deferrals, rules, position, keepPositions, isReady },
    confirmed: (table, id) => tables.collection(table).confirmed(id),
    checkWrites: (writes) => checkRoom(writes, tables, maxRows),
  }
}

function publishLog<F>(core: ReplicaCore<F>, result: LogResult, batch: LogBatch<F>): ApplyOutcome {
  // What waits has not happened yet: its layers stay until it has [W5].
  const acking = result.outcome.kind === 'applied' ? batch : {}
  core.seq += 1
  core.position = result.position
  const stamp = { seq: core.seq, epoch: core.epoch, nowUnixMs: core.clock.now() }
  core.tables.transact(
    (work) => {
      for (const { table, id, row } of result.writes) {
        if (row) work.put(table, id, row, stamp)
        else work.remove(table, id, stamp)
      }
      applyAcks(core, work, acking, () => true)
    },
    result.writes.length,
    (done) => commitAndJudge(core, done, () => [...result.storeWrites, ...retired(acking)]),
  )
  if (core.deferrals.size > 0 || core.status.get().pending.length > 0) publishPending(core)
  return result.outcome
}

function applyFirstReady<F>(core: ReplicaCore<F>): boolean {
  const deferred = core.deferrals.firstReady(core.isReady)
  if (!deferred) return false
  const { batch, number, receivedAt } = deferred
  if (batch.kind === 'log') {
    publishLog(
      core,
      refusable(() => applyLateBatch(logKernel(core), number, batch)),
      batch,
    )
    return true
  }
  checkRoom(batch.facts, core.tables, core.maxRows)
  core.deferrals.remove(number)
  writeState(core, batch, [deferredDelete(number)], receivedAt)
  publishPending(core)
  return true
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
