import type { RowFact } from './batch.ts'
import { createCommitter } from './committer.ts'
import { wholeTable } from './coverage.ts'
import { createDeferrals } from './deferral.ts'
import { createFollower, type Follower } from './follower.ts'
import { createHistory } from './history.ts'
import { readBooks, type KeptBooks } from './kept-books.ts'
import { publishPending, type ReplicaCore } from './replica-core.ts'
import type { CommitSeq, Store, StoreRecord, Term } from './store.ts'
import type { Row } from './value.ts'

/** What a replica stands on. */
export type ReplicaStore<F> = {
  readonly store: Store
  readonly kept: KeptBooks<F>
  readonly loaded: ReadonlyMap<string, readonly StoreRecord[]>
  /** Undefined for a follower. */
  readonly term: Term | undefined
  readonly onCommitted: ((seq: CommitSeq) => void) | undefined
}

/** How a replica follows the store it stands on, and becomes its leader [T9, T10]. */
export type Leadership = Follower & { promote(): Promise<void> }

/**
 * Takes over what a store has kept, and leads or follows.
 *
 * @param apply - The replica's own door.
 */
export function standOn<F>(
  core: ReplicaCore<F>,
  disk: ReplicaStore<F>,
  apply: (facts: readonly RowFact[]) => void,
): Leadership {
  const { store, kept, term } = disk
  const { tables, status, log, origin } = core
  loadRows(core, disk)
  takeOver(core, kept)
  // What the run before held may have changed since.
  status.update({ freshness: { staleSinceUnixMs: core.freshAtUnixMs } })
  const follower = createFollower({
    store,
    seq: kept.seq,
    apply,
    tables: tables.names(),
    held: (table) => [...tables.writer(table).idsVerifiedBefore(Infinity)],
    refresh: async () => takeOver(core, await readBooks<F>(store, origin)),
    log,
  })
  if (term !== undefined) lead(core, disk, term)
  else status.update({ role: 'follower' })
  publishPending(core)

  return {
    async pull() {
      if (!core.committer) await follower.pull()
    },
    async promote() {
      if (core.committer) return
      await follower.pull()
      const newTerm = await store.takeTerm()
      // What the leader before committed between the two.
      await follower.pull()
      takeOver(core, await readBooks<F>(store, origin))
      // Which rows of other tables the leader before held for verified is not known.
      core.continuous &&= tables.names().every((table) => core.coverages.get(table, wholeTable)?.complete)
      lead(core, disk, newTerm)
      publishPending(core)
    },
  }
}

function loadRows<F>(
  { tables, seq, epoch, origin }: ReplicaCore<F>,
  { kept, loaded }: ReplicaStore<F>,
): void {
  for (const [table, records] of loaded) {
    // Of a table that is not held whole, not even a stream that goes on tells what was missed before [S3].
    const verified = isWhole(kept, table) || kept.position !== origin
    const stamp = { seq, epoch: verified ? epoch : 0, nowUnixMs: kept.freshAtUnixMs ?? 0 }
    const entries = records.map(({ id, value }): [string, Row] => [id, value])
    tables.writer(table).load(entries, stamp)
  }
}

function isWhole<F>({ coverages }: KeptBooks<F>, table: string): boolean {
  return coverages.some((known) => known.table === table && known.key === wholeTable && known.complete)
}

function takeOver<F>(core: ReplicaCore<F>, kept: KeptBooks<F>): void {
  const { coverages, tables, epoch, seq, status } = core
  const { position, checkpoint, freshAtUnixMs, continuous } = kept
  Object.assign(core, { position, checkpoint, freshAtUnixMs, continuous })
  core.history = createHistory(kept.oldest, kept.history)
  core.deferrals = createDeferrals(kept.deferred)
  for (const coverage of kept.coverages) {
    coverages.set({ ...coverage, epoch, seq })
    if (coverage.key === wholeTable) tables.writer(coverage.table).setComplete(coverage.complete)
  }
  status.update({ freshness: { freshAtUnixMs } })
}

/** From now on what is applied is committed. */
function lead<F>(core: ReplicaCore<F>, { store, onCommitted }: ReplicaStore<F>, term: Term): void {
  const { clock, log, maxBacklog, status } = core
  core.committer = createCommitter({
    store,
    term,
    clock,
    maxBacklog,
    onCommitted(committedSeq) {
      try {
        onCommitted?.(committedSeq)
      } catch (error) {
        log.write('error', 'freshet::store', String(error))
      }
    },
    onFault(fault) {
      if (fault) log.write('warn', 'freshet::store', fault.message, { code: fault.code })
      status.update({ degraded: fault })
    },
  })
  status.update({ role: 'leader' })
}
