import type { CoverageUpdate, Seq } from './batch.ts'
import { createCoverages, wholeTable, type Coverage, type Coverages } from './coverage.ts'
import { epochOf, type Kernel, type Telling } from './kernel.ts'
import { dropInChange } from './layers.ts'
import type { RowKey } from './projection.ts'
import { coverageWrite, kernelTables, readCoverage } from './replica-records.ts'
import type { TableChange } from './replica-tables.ts'
import type { Store, StoreWrite } from './store.ts'
import { idsVerifiedBefore } from './verified-before.ts'

/** What a replica knows of tables and queries as a whole, and how readings of them are applied. Internal. */
export interface CoverageBooks extends Coverages {
  /** When the walk began that did not see a row which is not held; before all time where there was none. */
  absentSince(key: RowKey): Seq
  /** Notes what a batch has read, and what follows from it for rows it did not see. */
  apply(change: TableChange, updates: readonly CoverageUpdate[], telling: Telling): void
  /** The records of what was just applied. */
  writesOf(updates: readonly CoverageUpdate[]): readonly StoreWrite[]
  /** What a store keeps of these books. */
  read(store: Store): Promise<KeptCoverages>
}

/** What was read from a store and is not taken over yet. */
export type KeptCoverages = {
  isWhole(table: string): boolean
  takeOver(): void
}

/** Opens the books of one replica; `coverages` is one. */
export type OpenCoverages = (kernel: Kernel) => CoverageBooks

/**
 * Lets a replica know what was read as a whole: tables, and results of queries
 * [R7, S4]. To be passed to `createReplica` and `openReplica` where a source is
 * read (`createSync`), or a batch says what it `covers`; `createIntake` brings it along.
 */
export const coverages: OpenCoverages = (kernel) => {
  const known = createCoverages()
  return {
    ...known,
    absentSince({ table, id }) {
      if (kernel.tables.collection(table).confirmed(id)) return -Infinity
      const whole = known.get(table, wholeTable)
      return whole?.complete ? whole.seq : -Infinity
    },
    apply(change, updates, telling) {
      for (const update of updates) applyCoverage(kernel, known, change, update, telling)
    },
    writesOf: (updates) =>
      updates.flatMap(({ table, key }) => known.get(table, key) ?? []).map(coverageWrite),
    async read(store) {
      const kept = (await store.range(kernelTables.coverage, {})).map(readCoverage)
      return {
        isWhole: (table) => kept.some((each) => each.table === table && saysWhole(each)),
        takeOver: () => takeOver(kernel, known, kept),
      }
    },
  }
}

function saysWhole({ key, complete }: Coverage): boolean {
  return key === wholeTable && complete
}

function takeOver({ epoch, seq, tables }: Kernel, known: Coverages, kept: readonly Coverage[]): void {
  for (const coverage of kept) {
    known.set({ ...coverage, epoch, seq })
    const { table, key, complete } = coverage
    if (key === wholeTable) tables.writer(table).setComplete(complete)
  }
}

function applyCoverage(
  kernel: Kernel,
  coverages: Coverages,
  change: TableChange,
  update: CoverageUpdate,
  telling: Telling,
): void {
  const { since = telling.asOf, ...known } = update
  const { table, key } = update
  const epoch = epochOf(kernel, since)
  if (key === wholeTable && update.complete) {
    // A walk that began in the connection before proves nothing about what it did not see.
    if (epoch !== kernel.epoch) return
    removeUnseen(kernel, change, table, telling)
    walked(kernel, change, table)
  }
  // A newer reading came first, or the end of this one, where a page of it has waited.
  const held = coverages.get(table, key)
  if (held && (held.seq > since || (held.seq === since && held.complete && !update.complete))) return
  coverages.set({
    ...known,
    epoch,
    seq: since,
    fetchedAtUnixMs: update.fetchedAtUnixMs ?? telling.nowUnixMs,
    invalidated: coverages.invalidatedAt(table, key) > since,
  })
  if (key === wholeTable) change.of(table).setComplete(update.complete)
}

/** A walk saw every row there is: what it did not see is gone, unless it moved meanwhile [S4]. */
function removeUnseen(kernel: Kernel, change: TableChange, table: string, telling: Telling): void {
  if (kernel.rules.reconcileDeletions === false) return
  const writer = kernel.tables.writer(table)
  for (const id of idsVerifiedBefore(writer, kernel.epoch)) {
    // It moved meanwhile, or waits to; or the walk saw it in a state that could not be ordered.
    const moved = writer.changedSeq(id) > kernel.epochStartedAt || kernel.intake?.holdsBack(table, id)
    if (moved || kernel.refetches.wantedAt({ table, id }) > kernel.epochStartedAt)
      kernel.refetches.want({ table, id })
    else change.remove(table, id, telling)
  }
}

/** A whole table was read in this epoch: what waited before it for a row that is not there can fall too. */
function walked(kernel: Kernel, change: TableChange, table: string): void {
  const { refetches, acks, epochStartedAt } = kernel
  const isTold = (key: RowKey, waitedFrom: Seq): boolean =>
    key.table === table && waitedFrom <= epochStartedAt && !kernel.intake?.holdsBack(table, key.id)
  for (const wanted of refetches.all()) {
    if (isTold(wanted, wanted.wantedAt)) refetches.settled(wanted, epochStartedAt)
  }
  for (const operationId of acks.take((ack) => isTold(ack, ack.ackedAt))) {
    dropInChange(kernel, change, operationId)
  }
}
