import type { RowFact, StateBatch, Version } from './batch.ts'
import { wholeTable } from './coverage.ts'
import type { Stamp } from './collection.ts'
import { epochOf, type Kernel, type Telling } from './kernel.ts'
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
  const { startedAt } = batch
  const isLive = startedAt === 'live'
  const asOf = isLive ? receivedAt : startedAt
  const telling: Telling = {
    isLive,
    asOf,
    epoch: epochOf(kernel, asOf),
    nowUnixMs: kernel.clock.now(),
    seq: kernel.seq,
  }
  for (const fact of batch.facts) applyFact(kernel, change, fact, telling)
  if (batch.covers) kernel.coverage?.apply(change, batch.covers, telling)
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
  const absentSince = kernel.coverage?.absentSince(fact) ?? -Infinity
  if (isLive && (asOf === kernel.seq || absentSince <= asOf)) return 'newer'
  const changedAt = Math.max(kernel.tables.writer(fact.table).changedSeq(fact.id), touch?.seq ?? 0)
  if (!isLive && Math.max(changedAt, absentSince) <= asOf) return 'newer'
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
      const isOff = kernel.rules.verifiedBase === false
      if (!held || (epoch !== kernel.epoch && !isOff)) kernel.refetches.want(fact)
      if (!held) return
      const verified = isOff ? stamp.epoch : epoch
      change.put(table, id, patchRow(held, fact.set, fact.unset), { ...stamp, epoch: verified }, fact.version)
    }
  }
}

/** Whether rows of a table that are not held are of interest: it is held whole, or may be being read. */
function wantsUnknown({ openReads, coverage }: Kernel, table: string): boolean {
  return openReads.size > 0 || coverage?.get(table, wholeTable) !== undefined
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
