import { applyLateBatch, applyLogBatch, type LogKernel, type LogResult } from './apply-log.ts'
import { applyStateFacts } from './apply-state.ts'
import type {
  Ack,
  ApplyOutcome,
  Batch,
  LogBatch,
  Need,
  Position,
  RowFact,
  Seq,
  StateBatch,
  Version,
} from './batch.ts'
import { systemClock, type Clock } from './clock.ts'
import type { Collection, Stamp } from './collection.ts'
import { createCommitter, type Committer } from './committer.ts'
import { createCoverages, wholeTable, type Coverages } from './coverage.ts'
import { createDeferrals } from './deferral.ts'
import { rowKeyText, type DraftWrite } from './draft.ts'
import { FreshetError } from './errors.ts'
import { createHistory, type History } from './history.ts'
import { createHostLayers, type HostLayer, type HostLayerOptions } from './host-layers.ts'
import { allRules, type Kernel, type KernelRules } from './kernel.ts'
import { silentLog, type Log } from './log.ts'
import { createOpenReads, type OpenRead } from './open-reads.ts'
import { createOverlay, type Layer, type Overlay } from './overlay.ts'
import { createPendingAcks } from './pending-acks.ts'
import type { Projection, RowKey } from './projection.ts'
import { createFollower } from './follower.ts'
import { readBooks, type KeptBooks } from './kept-books.ts'
import { createRefetches, type Refetches } from './refetch.ts'
import {
  coverageDelete,
  coverageWrite,
  deferredDelete,
  deferredWrite,
  kernelTables,
  operationDelete,
  stateWrite,
} from './replica-records.ts'
import {
  createReplicaTables,
  type ReplicaTables,
  type TableChange,
  type TableSpec,
} from './replica-tables.ts'
import type { Resume } from './source.ts'
import { createStatusCell, type StatusCell } from './status.ts'
import type { CommitSeq, Store, StoreRecord, StoreWrite, Term } from './store.ts'
import type { Row, Value } from './value.ts'

export type ReplicaOptions<F> = {
  readonly name: string
  readonly tables: readonly TableSpec[]
  /** Needed for log batches only. */
  readonly projection?: Projection<F> | undefined
  /** What a row fact needs to be known first. Default nothing. */
  readonly needsOf?: ((fact: RowFact) => readonly Need[]) | undefined
  /** Whether a need is met. Default: never, until the host says so by giving this. */
  readonly isReady?: ((need: Need) => boolean) | undefined
  /** The position before the first. Default -1. */
  readonly origin?: Position | undefined
  /** How many positions back a rewind can reach. Default 0: none. */
  readonly keepPositions?: number | undefined
  /** Rows of one table before the replica refuses more. Default 1,000,000 [R9]. */
  readonly maxRows?: number | undefined
  /** Records that memory may lead the store by. Default 20,000 [A1]. */
  readonly maxBacklog?: number | undefined
  readonly clock?: Clock | undefined
  readonly log?: Log | undefined
  /** Only for convergence runs. */
  readonly rules?: KernelRules | undefined
}

/**
 * A local replica: collections of rows, what is known of their freshness, and
 * the one door through which they change.
 */
export interface Replica<F = RowFact> {
  readonly name: string
  /** Counts what was applied in this run. Read it before sending a read. */
  readonly seq: Seq
  /** Where the replica stands in the log. */
  readonly position: Position
  readonly checkpoint: Value | undefined
  /** The connection now, from 1: what was verified in an older one may be stale. */
  readonly epoch: number
  readonly status: StatusCell
  readonly refetches: Refetches
  readonly coverages: Pick<Coverages, 'get' | 'ofTable'>
  readonly overlay: Pick<Overlay, 'find' | 'layersOf' | 'size'>
  tables(): readonly string[]
  /** @throws {FreshetError} `replica/unknown-table` */
  collection(table: string): Collection
  /**
   * The only writer of the collections [A1]: drops what is covered, parks what
   * must wait, works the rest out aside, swaps it in at once, tells each
   * listener once, and commits behind that. All of a batch or nothing.
   *
   * @throws {FreshetError} `replica/too-many-rows`, `replica/unknown-table`, or
   *   `replica/refused-facts` when the projection refuses; nothing has changed.
   */
  apply(batch: Batch<F>): ApplyOutcome
  /** To be held while a read is on its way; its `startedAt` goes into the batch. */
  beginRead(): OpenRead
  /** Begins a new connection: from now on everything must be verified anew. */
  beginEpoch(): number
  /** Notes that a change may have moved rows in or out of a known query [R8]. */
  invalidate(table: string, key: string): void
  /** Applies what waited and may go now; returns how many batches that were. */
  retryDeferred(): number
  /** What a source needs to go on where this replica stands. */
  resume(): Resume
  /** Shows a write that is not confirmed yet. */
  addLayer(layer: Layer): void
  /** Takes a write back, or lets it fall because it is confirmed elsewhere. */
  dropLayer(operationId: string): void
  /** Shows a write of the host's own, judged by its guard [O7]. */
  submitLayer(layer: Layer, options: HostLayerOptions): HostLayer
  /**
   * Lets results that were read on demand go, and rows that nothing needs any
   * more, here and on disk [R9]. Such rows are unknown from then on, not absent;
   * one with a layer stays. Returns how many rows left.
   */
  release(table: string, coverageKeys: readonly string[], ids: Iterable<string>): number
  /** Forgets rows, coverage, position and what waits, here and on disk; what the user did stays [T7]. */
  reset(): void
  /** Notes that everything is now equal to the remote. */
  markFresh(): void
  /** Notes that everything may have changed without our being told. */
  markStale(): void
  /**
   * Whether a stream that goes on from the checkpoint misses nothing: no
   * reading of everything is due or under way.
   */
  readonly continuous: boolean
  /**
   * As a follower, takes over what the leader has committed since the last call
   * [T9]; else does nothing.
   */
  pull(): Promise<void>
  /**
   * Ends the leadership before and becomes the leader: from now on what is
   * applied is committed, and this replica alone may run sources [T10].
   *
   * @throws {FreshetError} `storage/*` as the store does.
   */
  promote(): Promise<void>
  /** Resolves when the store has caught up enough for another batch [A1]. */
  ready(): Promise<void>
  /** Resolves when all that was applied is on the disk; at once without a store. */
  flushed(): Promise<void>
  close(): Promise<void>
}

/** What a replica stands on. */
export type ReplicaStore<F> = {
  readonly store: Store
  readonly kept: KeptBooks<F>
  readonly loaded: ReadonlyMap<string, readonly StoreRecord[]>
  /** Undefined for a follower. */
  readonly term: Term | undefined
  readonly onCommitted: ((seq: CommitSeq) => void) | undefined
}

/** A replica in memory alone. With a store: `openReplica`. */
export function createReplica<F = RowFact>(options: ReplicaOptions<F>): Replica<F> {
  return createReplicaOn(options, undefined)
}

/** Internal: a replica that goes on from what its store kept. */
export function createReplicaOn<F>(
  options: ReplicaOptions<F>,
  disk: ReplicaStore<F> | undefined,
): Replica<F> {
  const { clock = systemClock, log = silentLog, rules = allRules, origin = -1, maxRows = 1_000_000 } = options
  const onListenerError = (error: unknown): void =>
    log.write('error', 'freshet::listener', error instanceof Error ? error.message : String(error))
  const tables = createReplicaTables(options.tables, {
    durable: () => committer !== undefined,
    onListenerError,
  })
  const overlay = createOverlay()
  const openReads = createOpenReads()
  const refetches = createRefetches(() => seq)
  const coverages = createCoverages()
  const status = createStatusCell(onListenerError)
  const acks = createPendingAcks(refetches)
  const isReady = options.isReady ?? (() => false)

  let seq: Seq = 0
  let epoch = 1
  let epochStartedAt: Seq = 0
  let position = origin
  let checkpoint: Value | undefined
  let freshAtUnixMs: number | undefined
  let continuous = false
  let history = createHistory<F>(origin)
  let deferrals = createDeferrals<F>()
  let committer: Committer | undefined

  const takeOver = (kept: KeptBooks<F>): void => {
    position = kept.position
    checkpoint = kept.checkpoint
    freshAtUnixMs = kept.freshAtUnixMs
    continuous = kept.continuous
    history = createHistory(kept.oldest, kept.history)
    deferrals = createDeferrals(kept.deferred)
    for (const coverage of kept.coverages) {
      coverages.set({ ...coverage, epoch, seq })
      if (coverage.key === wholeTable) tables.writer(coverage.table).setComplete(coverage.complete)
    }
    status.update({ freshness: { freshAtUnixMs } })
  }
  const lead = ({ store, onCommitted }: ReplicaStore<F>, term: Term): void => {
    committer = createReplicaCommitter(options, { store, term, onCommitted }, clock, status, log)
    status.update({ role: 'leader' })
  }
  const confirmed = (table: string, id: string) => tables.collection(table).confirmed(id)
  const stage = (writes: readonly StoreWrite[], clear?: readonly string[]): void => {
    if (!committer) return
    // A row that is to be read again is in no checkpoint.
    const goesOn = continuous && refetches.idle
    const state = stateWrite({
      position,
      oldest: history.oldest,
      checkpoint,
      freshAtUnixMs,
      continuous: goesOn,
    })
    committer.stage([...writes, state], clear)
  }

  const kernel: Kernel = {
    clock,
    tables,
    overlay,
    openReads,
    refetches,
    coverages,
    rules,
    get epoch() {
      return epoch
    },
    get epochStartedAt() {
      return epochStartedAt
    },
    stamp: (at: Seq): Stamp => ({ seq: at, epoch, nowUnixMs: clock.now() }),
    versionOf: (table: string, id: string): Version | undefined => tables.writer(table).version(id),
    wantsUnknown: (table) => openReads.size > 0 || coverages.get(table, wholeTable) !== undefined,
    isHeldBack: (table, id) => deferrals.size > 0 && deferrals.blocks(new Set([rowKeyText(table, id)])),
    rowSettled(change, fact, startedAt) {
      refetches.settled(fact, startedAt)
      for (const operationId of acks.confirmedBy(fact, startedAt)) dropOperation(change, operationId)
    },
    walked(change, table) {
      const isHeldBack = (id: string): boolean => kernel.isHeldBack(table, id)
      refetches.walked(table, epochStartedAt, isHeldBack)
      for (const operationId of acks.confirmedByWalk(table, epochStartedAt, isHeldBack))
        dropOperation(change, operationId)
    },
  }

  const dropOperation = (change: TableChange, operationId: string): void => {
    const layer = overlay.drop(operationId)
    if (layer) change.layer(layer.table, layer.id, overlay.foldOf(layer))
  }
  const applyAcks = (
    change: TableChange,
    batch: { acks?: readonly Ack[] | undefined },
    settledNow: AckView,
  ): void => {
    for (const { operationId } of batch.acks ?? []) {
      const layer = overlay.find(operationId)
      if (!layer) continue
      if (settledNow(layer.table, layer.id)) dropOperation(change, operationId)
      else acks.hold(layer, seq)
    }
  }

  const hostLayers = createHostLayers({
    clock,
    confirmed,
    show: (layer) => replica.addLayer(layer),
    drop: (operationId) => replica.dropLayer(operationId),
    onGuardError: onListenerError,
  })
  const afterChange = (change: TableChange, writes: () => readonly StoreWrite[]): void => {
    if (committer) stage([...change.storeWrites, ...writes()])
    if (hostLayers.size > 0) hostLayers.judge((table, id) => change.changed(table, id))
  }
  const publishPending = (): void => {
    const pending = deferrals.needs(isReady)
    if (pending.join('\n') !== status.get().pending.join('\n')) status.update({ pending })
  }

  const applyState = (batch: StateBatch): ApplyOutcome => {
    checkTables(batch, tables)
    const parked = parkState(batch)
    if (parked) return parked
    checkRoom(batch.facts, tables, maxRows)
    if (batch.checkpoint !== undefined) checkpoint = batch.checkpoint
    return writeState(batch, [])
  }
  const writeState = (batch: StateBatch, records: readonly StoreWrite[]): ApplyOutcome => {
    seq += 1
    const change = tables.transact(
      (work) => {
        applyStateFacts(kernel, work, batch, seq)
        applyAcks(work, batch, (table, id) => acks.toldBy(batch, table, id))
      },
      batch.facts.length,
      (done) =>
        afterChange(done, () => {
          const covered = (batch.covers ?? []).flatMap(({ table, key }) => coverages.get(table, key) ?? [])
          return [...covered.map(coverageWrite), ...retired(batch), ...records]
        }),
    )
    return { kind: 'applied', changedRows: change.changedRows }
  }
  const parkState = (batch: StateBatch): ApplyOutcome | undefined => {
    const { needsOf } = options
    if (!needsOf) return undefined
    const needs = [...new Set(batch.facts.flatMap(needsOf))]
    const keys = new Set(batch.facts.map(({ table, id }) => rowKeyText(table, id)))
    if (needs.every(isReady) && !(rules.deferSameKeys && deferrals.blocks(keys))) return undefined
    // What waits is on the disk, so that the source need not tell it again.
    if (batch.checkpoint !== undefined) checkpoint = batch.checkpoint
    stage([deferredWrite(deferrals.add({ batch, needs, keys }))])
    publishPending()
    return { kind: 'parked', needs: deferrals.needs(isReady) }
  }

  const logKernel = (): LogKernel<F> => {
    const { projection } = options
    if (projection) {
      const keepPositions = options.keepPositions ?? 0
      const checkWrites = (writes: readonly DraftWrite[]): void => checkRoom(writes, tables, maxRows)
      return {
        projection,
        history,
        deferrals,
        rules,
        position,
        keepPositions,
        isReady,
        confirmed,
        checkWrites,
      }
    }
    throw new FreshetError({
      code: 'replica/no-projection',
      kind: 'usage',
      message: `Replica ${options.name} was given a log batch but no projection; pass one when you create it.`,
    })
  }
  const publishLog = (result: LogResult, batch: LogBatch<F>): ApplyOutcome => {
    if (result.outcome.kind !== 'applied' && result.outcome.kind !== 'parked') return result.outcome
    // What waits has not happened yet: its layers stay until it has [W5].
    const acked = result.outcome.kind === 'applied' ? batch : {}
    seq += 1
    position = result.position
    const stamp = kernel.stamp(seq)
    tables.transact(
      (work) => {
        for (const { table, id, row } of result.writes) {
          if (row) work.put(table, id, row, stamp)
          else work.remove(table, id, stamp)
        }
        applyAcks(work, acked, () => true)
      },
      result.writes.length,
      (done) => afterChange(done, () => [...result.storeWrites, ...retired(acked)]),
    )
    if (deferrals.size > 0 || status.get().pending.length > 0) publishPending()
    return result.outcome
  }
  const applyLog = (batch: LogBatch<F>): ApplyOutcome => {
    const result = refusable(() => applyLogBatch(logKernel(), batch))
    const taken = result.outcome.kind === 'applied' || result.outcome.kind === 'parked'
    if (taken && batch.checkpoint !== undefined) checkpoint = batch.checkpoint
    return publishLog(result, batch)
  }

  const retryOne = (): boolean => {
    const deferred = deferrals.firstReady(isReady)
    if (!deferred) return false
    const { batch, number } = deferred
    if (batch.kind === 'log')
      publishLog(
        refusable(() => applyLateBatch(logKernel(), number, batch)),
        batch,
      )
    else {
      checkRoom(batch.facts, tables, maxRows)
      deferrals.remove(number)
      writeState(batch, [deferredDelete(number)])
      publishPending()
    }
    return true
  }

  const replica: Replica<F> = {
    name: options.name,
    get seq() {
      return seq
    },
    get position() {
      return position
    },
    get checkpoint() {
      return checkpoint
    },
    get epoch() {
      return epoch
    },
    status,
    refetches,
    coverages,
    overlay,
    tables: tables.names,
    collection: tables.collection,
    apply: (batch) => (batch.kind === 'state' ? applyState(batch) : applyLog(batch)),
    beginRead: () => openReads.begin(seq),
    beginEpoch() {
      epoch += 1
      // A number of its own, so that reads sent before are told apart from those sent after.
      seq += 1
      epochStartedAt = seq
      continuous = false
      return epoch
    },
    invalidate(table, key) {
      // A number of its own, so that reads sent before are told apart from those sent after [R6].
      seq += 1
      const invalidated = coverages.invalidate(table, key, seq)
      if (invalidated) stage([coverageWrite(invalidated)])
    },
    retryDeferred() {
      let applied = 0
      while (retryOne()) applied += 1
      return applied
    },
    resume: () => ({ position, checkpoint, marks: marksOf(history) }),
    addLayer(layer) {
      tables.collection(layer.table)
      const before = overlay.find(layer.operationId)
      overlay.add(layer)
      tables.transact((change) => {
        for (const { table, id } of before ? [before, layer] : [layer])
          change.layer(table, id, overlay.foldOf({ table, id }))
      })
    },
    dropLayer(operationId) {
      acks.forget(operationId)
      tables.transact((change) => dropOperation(change, operationId))
    },
    get continuous() {
      return continuous
    },
    submitLayer: (layer, layerOptions) => hostLayers.add(layer, layerOptions),
    release(table, coverageKeys, ids) {
      for (const key of coverageKeys) coverages.delete(table, key)
      const gone: string[] = []
      tables.transact((change) => {
        for (const id of ids) if (change.forget(table, id)) gone.push(id)
      })
      stage([
        ...gone.map((id) => ({ table, id, value: undefined })),
        ...coverageKeys.map((key) => coverageDelete(table, key)),
      ])
      return gone.length
    },
    reset() {
      history = createHistory<F>(origin)
      deferrals = createDeferrals<F>()
      position = origin
      checkpoint = undefined
      freshAtUnixMs = undefined
      continuous = false
      coverages.clear()
      seq += 1
      tables.transact((change) => {
        for (const name of tables.names()) change.clear(name)
      })
      const { coverage, history: kept, deferred } = kernelTables
      stage([], [...tables.names(), coverage, kept, deferred])
      status.update({ freshness: { freshAtUnixMs } })
      publishPending()
    },
    markStale() {
      continuous = false
      const { staleSinceUnixMs = clock.now() } = status.get().freshness
      status.update({ freshness: { staleSinceUnixMs } })
      stage([])
    },
    markFresh() {
      continuous = true
      freshAtUnixMs = clock.now()
      status.update({ freshness: { freshAtUnixMs, staleSinceUnixMs: undefined } })
      stage([])
    },
    pull: async () => {
      if (!committer) await follower?.pull()
    },
    async promote() {
      if (!disk || committer) return
      await follower?.pull()
      const term = await disk.store.takeTerm()
      // What the leader before committed between the two.
      await follower?.pull()
      takeOver(await readBooks<F>(disk.store, origin))
      lead(disk, term)
      publishPending()
    },
    ready: async () => committer?.ready(),
    flushed: async () => committer?.flushed(),
    close: async () => committer?.close(),
  }
  if (!disk) return replica

  for (const [table, records] of disk.loaded) {
    // Of a table that is not held whole, not even a stream that goes on tells what was missed before [S3].
    const whole = disk.kept.coverages.some(
      (known) => known.table === table && known.key === wholeTable && known.complete,
    )
    const verified = whole || disk.kept.position !== origin
    const loadStamp: Stamp = { seq, epoch: verified ? epoch : 0, nowUnixMs: disk.kept.freshAtUnixMs ?? 0 }
    tables.writer(table).load(
      records.map(({ id, value }): [string, Row] => [id, value]),
      loadStamp,
    )
  }
  takeOver(disk.kept)
  // What the run before held may have changed since.
  status.update({ freshness: { staleSinceUnixMs: freshAtUnixMs } })
  const { store, kept } = disk
  const follower = createFollower({
    store,
    seq: kept.seq,
    apply: (facts) => replica.apply({ kind: 'state', startedAt: 'live', facts }),
    tables: tables.names(),
    held: (table) => [...tables.writer(table).idsVerifiedBefore(Infinity)],
    async refresh() {
      takeOver(await readBooks<F>(store, origin))
    },
    log,
  })
  if (disk.term !== undefined) lead(disk, disk.term)
  else status.update({ role: 'follower' })
  publishPending()
  return replica
}

type AckView = (table: string, id: string) => boolean

function createReplicaCommitter<F>(
  options: ReplicaOptions<F>,
  leadership: { store: Store; term: Term; onCommitted: ((seq: CommitSeq) => void) | undefined },
  clock: Clock,
  status: StatusCell,
  log: Log,
): Committer {
  return createCommitter({
    store: leadership.store,
    term: leadership.term,
    clock,
    maxBacklog: options.maxBacklog ?? 20_000,
    onCommitted(committedSeq) {
      try {
        leadership.onCommitted?.(committedSeq)
      } catch (error) {
        log.write('error', 'freshet::store', String(error))
      }
    },
    onFault(fault) {
      if (fault) log.write('warn', 'freshet::store', fault.message, { code: fault.code })
      status.update({ degraded: fault })
    },
  })
}

function marksOf<F>(history: History<F>): Resume['marks'] {
  return history
    .entries()
    .flatMap(({ upTo, mark }) => (mark === undefined ? [] : [{ position: upTo, mark }]))
    .reverse()
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

function retired({ acks = [] }: { readonly acks?: readonly Ack[] | undefined }): readonly StoreWrite[] {
  return acks.flatMap(({ recordId }) => (recordId === undefined ? [] : [operationDelete(recordId)]))
}

/** @throws {FreshetError} `replica/unknown-table` before anything has changed. */
function checkTables({ facts, covers = [] }: StateBatch, tables: ReplicaTables): void {
  let last: string | undefined
  for (const { table } of facts) {
    if (table !== last) tables.collection(table)
    last = table
  }
  for (const { table } of covers) tables.collection(table)
}

/** What may add a row: a fact or a write of a projection. */
type RowAdding = RowKey & { readonly row?: Row | undefined }

function checkRoom(adding: readonly RowAdding[], tables: ReplicaTables, maxRows: number): void {
  const added = new Map<string, Set<string>>()
  for (const { table, id, row } of adding) {
    const collection = tables.collection(table)
    if (row === undefined || collection.size + adding.length <= maxRows || collection.confirmed(id)) continue
    let ids = added.get(table)
    if (!ids) added.set(table, (ids = new Set()))
    ids.add(id)
  }
  for (const [table, ids] of added) {
    if (tables.collection(table).size + ids.size <= maxRows) continue
    throw new FreshetError({
      code: 'replica/too-many-rows',
      kind: 'usage',
      message: `Table ${table} would hold more than ${maxRows} rows; narrow what is replicated, or raise maxRows.`,
    })
  }
}
