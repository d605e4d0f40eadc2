import type { CoverageUpdate, RowFact, Seq, StateBatch, Version } from './batch.ts'
import { wholeTable } from './coverage.ts'
import type { Stamp } from './collection.ts'
import type { Kernel } from './kernel.ts'
import { dropInChange } from './layers.ts'
import { patchRow } from './overlay.ts'
import type { TableChange } from './replica-tables.ts'
import { rowsEqual } from './value-equality.ts'

/**
 * Writes absolute facts into the collections [A2].
 *
 * A fact about a row that changed after the read was sent is not written: the
 * versions decide where there are some, else the row is read again.
 *
 * @param receivedAt - `seq` when the batch came, where it has waited since.
 */
export function applyStateFacts(
  kernel: Kernel,
  change: TableChange,
  batch: StateBatch,
  receivedAt = kernel.seq,
): void {
  const isLive = batch.startedAt === 'live'
  const asOf = batch.startedAt === 'live' ? receivedAt : batch.startedAt
  const telling: Telling = {
    isLive,
    asOf,
    epoch: epochOf(kernel, asOf),
    nowUnixMs: kernel.clock.now(),
    seq: kernel.seq,
  }
  for (const fact of batch.facts) applyFact(kernel, change, fact, telling)
  for (const update of batch.covers ?? []) applyCoverage(kernel, change, update, telling)
}

/** How the facts of one batch are known; the stamp of what they write. */
type Telling = Stamp & {
  readonly isLive: boolean
  /** `seq` at which they are known to have been true: when a read was sent, or a push came. */
  readonly asOf: Seq
}

/** What was true in the connection before may have changed between the two. */
function epochOf(kernel: Kernel, asOf: Seq): number {
  return asOf >= kernel.epochStartedAt ? kernel.epoch : kernel.epoch - 1
}

function applyFact(kernel: Kernel, change: TableChange, fact: RowFact, telling: Telling): void {
  const { table, id } = fact
  if (fact.kind === 'touched') {
    kernel.openReads.touch(fact, telling.seq, undefined)
    if (kernel.tables.collection(table).confirmed(id) || wantsUnknown(kernel, table))
      kernel.refetches.want(fact)
    return
  }
  const verdict = kernel.rules.crossedReads === false ? 'newer' : judge(kernel, fact, telling)
  if (verdict === 'unordered') {
    kernel.refetches.want(fact)
    return
  }
  if (verdict === 'older') {
    // The remote answered from behind what it had told before: what was asked is still not known.
    if (!telling.isLive && isUnsure(kernel, fact)) kernel.refetches.want(fact)
    return
  }
  if (verdict === 'newer') writeFact(kernel, change, fact, telling)
  if (verdict === 'same' && kernel.tables.collection(table).confirmed(id))
    change.of(table).verify(id, telling)
  kernel.openReads.touch(fact, telling.seq, fact.version)
  if (fact.kind !== 'patch') rowSettled(kernel, change, fact, telling)
}

/** Whether the row was asked for again, or is not known to be as it is held. */
function isUnsure(kernel: Kernel, { table, id }: RowFact): boolean {
  return (
    kernel.refetches.awaits({ table, id }) || kernel.tables.writer(table).verifiedEpoch(id) !== kernel.epoch
  )
}

/** Whether a fact is newer than what is held, the same state, an older one, or cannot be told. */
function judge(
  kernel: Kernel,
  fact: Exclude<RowFact, { kind: 'touched' }>,
  { isLive, asOf }: Telling,
): 'newer' | 'same' | 'older' | 'unordered' {
  const touch = kernel.openReads.touched(fact)
  if (fact.version !== undefined) {
    const held = kernel.tables.writer(fact.table).version(fact.id) ?? touch?.version
    if (held !== undefined) return compareVersions(fact.version, held)
  }
  if (isLive && (asOf === kernel.seq || absentSince(kernel, fact) <= asOf)) return 'newer'
  const changedAt = Math.max(kernel.tables.writer(fact.table).changedSeq(fact.id), touch?.seq ?? 0)
  if (!isLive && Math.max(changedAt, absentSince(kernel, fact)) <= asOf) return 'newer'
  // The usual case is our own write, whose event came before its reply: both say the same.
  return saysWhatIsHeld(kernel, fact) ? 'same' : 'unordered'
}

/** When the walk began that did not see a row which is not held; before all time where there was none. */
function absentSince({ tables, coverages }: Kernel, { table, id }: RowFact): Seq {
  if (tables.collection(table).confirmed(id)) return -Infinity
  const whole = coverages.get(table, wholeTable)
  return whole?.complete ? whole.seq : -Infinity
}

function saysWhatIsHeld(kernel: Kernel, fact: Exclude<RowFact, { kind: 'touched' }>): boolean {
  // What is held is itself known to be old.
  if (kernel.refetches.wants(fact)) return false
  const collection = kernel.tables.collection(fact.table)
  const held = collection.confirmed(fact.id)
  if (fact.kind === 'delete') return held === undefined
  return fact.kind === 'put' && held !== undefined && rowsEqual(held, fact.row, collection.columns)
}

function compareVersions(version: Version, held: Version): 'newer' | 'same' | 'older' {
  if (version === held) return 'same'
  return version > held ? 'newer' : 'older'
}

function writeFact(
  kernel: Kernel,
  change: TableChange,
  fact: Exclude<RowFact, { kind: 'touched' }>,
  stamp: Stamp,
): void {
  const { table, id } = fact
  switch (fact.kind) {
    case 'put':
      return change.put(table, id, fact.row, stamp, fact.version)
    case 'delete':
      return change.remove(table, id, stamp)
    case 'patch': {
      const held = kernel.tables.collection(table).confirmed(id)
      const epoch = kernel.tables.writer(table).verifiedEpoch(id)
      // On a base that was not verified in this connection the other fields may be old [S3].
      const isOff = kernel.rules.verifiedBase === false
      if (!held || (epoch !== kernel.epoch && !isOff)) kernel.refetches.want(fact)
      if (!held) return
      const verified = isOff ? stamp.epoch : epoch
      change.put(table, id, patchRow(held, fact.set, fact.unset), { ...stamp, epoch: verified }, fact.version)
    }
  }
}

function applyCoverage(kernel: Kernel, change: TableChange, update: CoverageUpdate, telling: Telling): void {
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
  const held = kernel.coverages.get(table, key)
  if (held && (held.seq > since || (held.seq === since && held.complete && !update.complete))) return
  kernel.coverages.set({
    ...known,
    epoch,
    seq: since,
    fetchedAtUnixMs: update.fetchedAtUnixMs ?? telling.nowUnixMs,
    invalidated: kernel.coverages.invalidatedAt(table, key) > since,
  })
  if (key === wholeTable) change.of(table).setComplete(update.complete)
}

/** A walk saw every row there is: what it did not see is gone, unless it moved meanwhile [S4]. */
function removeUnseen(kernel: Kernel, change: TableChange, table: string, stamp: Stamp): void {
  if (kernel.rules.reconcileDeletions === false) return
  const writer = kernel.tables.writer(table)
  for (const id of [...writer.idsVerifiedBefore(kernel.epoch)]) {
    // It moved meanwhile, or waits to; or the walk saw it in a state that could not be ordered.
    const moved = writer.changedSeq(id) > kernel.epochStartedAt || kernel.isHeldBack(table, id)
    if (moved || kernel.refetches.wantedAt({ table, id }) > kernel.epochStartedAt)
      kernel.refetches.want({ table, id })
    else change.remove(table, id, stamp)
  }
}

/** Whether rows of a table that are not held are of interest: it is held whole, or may be being read. */
function wantsUnknown({ openReads, coverages }: Kernel, table: string): boolean {
  return openReads.size > 0 || coverages.get(table, wholeTable) !== undefined
}

/** A whole row was told: what waited for it can fall. */
function rowSettled(
  kernel: Kernel,
  change: TableChange,
  fact: Exclude<RowFact, { kind: 'touched' }>,
  { isLive, asOf }: Telling,
): void {
  kernel.refetches.settled(fact, asOf)
  for (const operationId of kernel.acks.confirmedBy(fact, isLive ? -Infinity : asOf)) {
    dropInChange(kernel, change, operationId)
  }
}

/** A whole table was read in this epoch: what waited before it for a row that is not there can fall too. */
function walked(kernel: Kernel, change: TableChange, table: string): void {
  const { refetches, acks, epochStartedAt } = kernel
  const isHeldBack = (id: string): boolean => kernel.isHeldBack(table, id)
  refetches.walked(table, epochStartedAt, isHeldBack)
  for (const operationId of acks.confirmedByWalk(table, epochStartedAt, isHeldBack)) {
    dropInChange(kernel, change, operationId)
  }
}
