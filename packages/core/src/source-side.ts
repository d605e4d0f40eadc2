import type { Replica } from './replica.ts'
import { coreOf, stage, type ReplicaCore } from './replica-core.ts'
import { coverageWrite, kernelTables } from './replica-records.ts'
import type { Resume } from './source.ts'

/** What whoever feeds a replica from a source tells it beside batches, and asks of it. `createSync` is one. */
export type SourceSide = {
  /** What a source needs to go on where this replica stands. */
  resume(): Resume
  /** Begins a new connection: from now on everything must be verified anew. */
  beginEpoch(): number
  /** Notes that a change may have moved rows in or out of a known query [R8]. */
  invalidate(table: string, key: string): void
  /** Applies what waited and may go now; returns how many batches that were. */
  retryDeferred(): number
  /**
   * Notes that a log has been applied up to its head: all tables are known
   * whole from now on, but for those that a waiting batch will write.
   */
  reachedHead(): void
  /** Notes that everything is now equal to the remote. */
  markFresh(): void
  /** Notes that everything may have changed without our being told. */
  markStale(): void
  /** Forgets rows, coverage, position and what waits, here and on disk; what the user did stays [T7]. */
  reset(): void
}

/** A replica as its source sees it. Cheap: it keeps nothing of its own. */
export function sourceSide<F>(replica: Replica<F>): SourceSide {
  const core = coreOf(replica)
  return {
    resume: () => ({
      position: core.position,
      checkpoint: core.checkpoint,
      marks: core.intake?.marks() ?? [],
    }),
    beginEpoch: () => beginEpoch(core),
    invalidate: (table, key) => invalidate(core, table, key),
    retryDeferred: () => core.intake?.retry() ?? 0,
    reachedHead: () => core.intake?.reachedHead(),
    markFresh: () => markFresh(core),
    markStale: () => markStale(core),
    reset: () => reset(core),
  }
}

function beginEpoch<F>(core: ReplicaCore<F>): number {
  // A number of its own, so that reads sent before are told apart from those sent after.
  core.seq += 1
  core.epochStartedAt = core.seq
  core.epoch += 1
  core.continuous = false
  return core.epoch
}

function invalidate<F>(core: ReplicaCore<F>, table: string, key: string): void {
  // A number of its own, as for an epoch [R6].
  core.seq += 1
  const invalidated = core.coverage?.invalidate(table, key, core.seq)
  if (invalidated) stage(core, [coverageWrite(invalidated)])
}

function reset<F>(core: ReplicaCore<F>): void {
  const { tables, status, origin } = core
  core.intake?.reset()
  core.position = origin
  core.checkpoint = undefined
  core.freshAtUnixMs = undefined
  core.continuous = false
  core.seq += 1
  core.coverage?.clear()
  const { coverage, history, deferred } = kernelTables
  tables.transact(
    (change) => {
      for (const name of tables.names()) change.of(name).clear()
    },
    0,
    () => stage(core, [], [...tables.names(), coverage, history, deferred]),
  )
  status.update({ freshness: { freshAtUnixMs: undefined } })
}

function markFresh<F>(core: ReplicaCore<F>): void {
  const freshAtUnixMs = core.clock.now()
  core.continuous = true
  core.freshAtUnixMs = freshAtUnixMs
  core.status.update({ freshness: { freshAtUnixMs, staleSinceUnixMs: undefined } })
  stage(core, [])
}

function markStale<F>(core: ReplicaCore<F>): void {
  const { staleSinceUnixMs = core.clock.now() } = core.status.get().freshness
  core.continuous = false
  core.status.update({ freshness: { staleSinceUnixMs } })
  stage(core, [])
}
