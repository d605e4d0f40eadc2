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
 */
export function applyStateFacts(kernel: Kernel, change: TableChange, batch: StateBatch): void {
  const { startedAt } = batch
  const stamp = { seq: kernel.seq, epoch: epochOf(kernel, startedAt), nowUnixMs: kernel.clock.now() }
  for (const fact of batch.facts) applyFact(kernel, change, fact, startedAt, stamp)
  for (const update of batch.covers ?? []) applyCoverage(kernel, change, update, startedAt, stamp)
}

/** A read that was sent in the connection before may have missed what changed between the two. */
function epochOf(kernel: Kernel, startedAt: Seq | 'live'): number {
  return startedAt === 'live' || startedAt >= kernel.epochStartedAt ? kernel.epoch : kernel.epoch - 1
}

function applyFact(
  kernel: Kernel,
  change: TableChange,
  fact: RowFact,
  startedAt: Seq | 'live',
  stamp: Stamp,
): void {
  const { table, id } = fact
  if (fact.kind === 'touched') {
    kernel.openReads.touch(fact, stamp.seq, undefined)
    if (kernel.tables.collection(table).confirmed(id) || wantsUnknown(kernel, table))
      kernel.refetches.want(fact)
    return
  }
  const verdict = kernel.rules.crossedReads ? judge(kernel, fact, startedAt) : 'newer'
  if (verdict === 'unordered') {
    kernel.refetches.want(fact)
    return
  }
  if (verdict === 'older') {
    // The remote answered from behind what it had told before: what was asked is still not known.
    if (startedAt !== 'live' && isUnsure(kernel, fact)) kernel.refetches.want(fact)
    return
  }
  if (verdict === 'newer') writeFact(kernel, change, fact, stamp)
  if (verdict === 'same' && kernel.tables.collection(table).confirmed(id)) change.verify(table, id, stamp)
  kernel.openReads.touch(fact, stamp.seq, fact.version)
  if (fact.kind !== 'patch') rowSettled(kernel, change, fact, startedAt)
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
  startedAt: Seq | 'live',
): 'newer' | 'same' | 'older' | 'unordered' {
  const touch = kernel.openReads.touched(fact)
  if (fact.version !== undefined) {
    const held = kernel.tables.writer(fact.table).version(fact.id) ?? touch?.version
    if (held !== undefined) return compareVersions(fact.version, held)
  }
  if (startedAt === 'live') return 'newer'
  const changedAt = Math.max(kernel.tables.writer(fact.table).changedSeq(fact.id), touch?.seq ?? 0)
  if (changedAt <= startedAt) return 'newer'
  // The usual case is our own write, whose event came before its reply: both say the same.
  return saysWhatIsHeld(kernel, fact) ? 'same' : 'unordered'
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
      if (!held || (epoch !== kernel.epoch && kernel.rules.verifiedBase)) kernel.refetches.want(fact)
      if (!held) return
      const verified = kernel.rules.verifiedBase ? epoch : stamp.epoch
      change.put(table, id, patchRow(held, fact.set, fact.unset), { ...stamp, epoch: verified }, fact.version)
    }
  }
}

function applyCoverage(
  kernel: Kernel,
  change: TableChange,
  update: CoverageUpdate,
  startedAt: Seq | 'live',
  stamp: Stamp,
): void {
  const { since = startedAt === 'live' ? stamp.seq : startedAt, ...known } = update
  const { table, key } = update
  const epoch = epochOf(kernel, startedAt === 'live' ? startedAt : since)
  if (key === wholeTable && update.complete) {
    // A walk that began in the connection before proves nothing about what it did not see.
    if (epoch !== kernel.epoch) return
    removeUnseen(kernel, change, table, stamp)
    walked(kernel, change, table)
  }
  // A newer reading came first.
  if ((kernel.coverages.get(table, key)?.seq ?? 0) > since) return
  kernel.coverages.set({
    ...known,
    epoch,
    seq: since,
    fetchedAtUnixMs: update.fetchedAtUnixMs ?? stamp.nowUnixMs,
    invalidated: kernel.coverages.invalidatedAt(table, key) > since,
  })
  if (key === wholeTable) kernel.tables.writer(table).setComplete(update.complete)
}

/** A walk saw every row there is: what it did not see is gone, unless it moved meanwhile [S4]. */
function removeUnseen(kernel: Kernel, change: TableChange, table: string, stamp: Stamp): void {
  if (!kernel.rules.reconcileDeletions) return
  const writer = kernel.tables.writer(table)
  for (const id of [...writer.idsVerifiedBefore(kernel.epoch)]) {
    if (kernel.isHeldBack(table, id)) continue
    // It moved meanwhile, or the walk saw it in a state that could not be ordered.
    const moved = writer.changedSeq(id) > kernel.epochStartedAt
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
  startedAt: Seq | 'live',
): void {
  kernel.refetches.settled(fact, startedAt)
  for (const operationId of kernel.acks.confirmedBy(fact, startedAt))
    dropInChange(kernel, change, operationId)
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
