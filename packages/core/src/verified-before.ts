import type { CollectionWriter } from './collection-writer.ts'

/** The ids of all confirmed rows, shown or not, that were last verified in an older epoch. */
export function idsVerifiedBefore(
  { slots, confirmedAt }: CollectionWriter,
  epoch: number,
): readonly string[] {
  return slots.ids.filter(
    (id, slot): id is string =>
      id !== undefined && confirmedAt(slot) !== undefined && slots.epoch(slot) < epoch,
  )
}
