import { applyStateFacts } from './apply-state.ts'
import type { ApplyOutcome, Batch, Seq, StateBatch } from './batch.ts'
import { usageError, type FreshetError } from './errors.ts'
import { applyAcks, retired } from './layers.ts'
import { stage, type ReplicaCore } from './replica-core.ts'
import type { TableChange } from './replica-tables.ts'
import { checkBatch, checkRoom } from './room.ts'
import type { StoreWrite } from './store.ts'

/** The one door into a replica: see `Replica.apply` [A1]. */
export function applyBatch<F>(core: ReplicaCore<F>, batch: Batch<F>): ApplyOutcome {
  const { intake, tables, maxRows } = core
  if (batch.kind === 'log') {
    if (!intake) throw noProjection(core.name)
    return intake.applyLog(batch)
  }
  checkBatch(batch, core)
  const parked = intake?.park(batch)
  if (parked) return parked
  checkRoom(batch.facts, tables, maxRows)
  if (batch.checkpoint !== undefined) core.checkpoint = batch.checkpoint
  return writeState(core, batch)
}

/**
 * Writes absolute facts, with the records that go with them.
 *
 * @param receivedAt - `seq` when the batch came, where it has waited since.
 */
export function writeState<F>(
  core: ReplicaCore<F>,
  batch: StateBatch,
  records: readonly StoreWrite[] = [],
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

function coverWrites<F>({ coverage }: ReplicaCore<F>, { covers = [] }: StateBatch): readonly StoreWrite[] {
  return coverage?.writesOf(covers) ?? []
}

/** What follows on a swap, before any listener hears of it [A6]. */
export function commitAndJudge<F>(
  core: ReplicaCore<F>,
  change: TableChange,
  writes: () => readonly StoreWrite[],
): void {
  if (core.committer) stage(core, [...change.storeWrites, ...writes()])
  core.hostLayers?.judge(change.storeWrites)
}

/** A log batch is given to a replica that cannot make rows of it. */
export function noProjection(name: string): FreshetError {
  return usageError(
    'replica/no-projection',
    `The replica ${name} has no projection for a log. Pass it an intake with one.`,
  )
}
