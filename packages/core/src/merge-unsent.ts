import type { Operation } from './operation.ts'
import { layersOf } from './operation-records.ts'
import { isUnsent, type OutboxEntry } from './outbox-entry.ts'
import type { Merging, OutboxWork } from './outbox-work.ts'

/** For an outbox whose target can make one operation of two that have not been sent [W9]. */
export const mergeUnsent: Merging = {
  absorb(work, entry) {
    const merge = mergeOf(work, entry)
    return merge && absorb(work, entry, merge)
  },
}

type Merge = { readonly before: OutboxEntry; readonly merged: Operation | 'nothing' }

/** The operation before it that can do its work too. */
function mergeOf({ entries, held, target }: OutboxWork, { operation }: OutboxEntry): Merge | undefined {
  const before = entries.findLast((entry) => entry.operation.group === operation.group)
  if (!before || !isUnsent(before) || operation.replaces?.length) return undefined
  const merged = held().has(before) ? undefined : target.merge?.(before.operation, operation)
  return merged && { before, merged }
}

async function absorb(
  { journal, replica, drop, show }: OutboxWork,
  entry: OutboxEntry,
  { before, merged }: Merge,
): Promise<void> {
  const was = before.operation
  before.noted = false
  before.absorbed.push(entry)
  entry.into = before
  try {
    if (merged !== 'nothing') before.operation = { ...merged, stays: was.stays || entry.stays }
    before.writing = merged === 'nothing' ? journal.remove(before) : journal.rewrite(before)
    await before.writing
  } catch (error) {
    before.operation = was
    before.noted = true
    before.absorbed.pop()
    entry.into = undefined
    throw error
  }
  // Taken back meanwhile.
  if (before.ended) return
  if (merged === 'nothing') {
    drop(before, { kind: 'confirmed', facts: [] })
  } else {
    before.noted = true
    before.stays ||= entry.stays
    show(before)
    for (const { operationId } of layersOf(entry.operation)) replica.dropLayer(operationId)
  }
}
