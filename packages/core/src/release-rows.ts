import type { Replica } from './replica.ts'
import { coreOf, stage } from './replica-core.ts'
import { coverageDelete } from './replica-records.ts'

/**
 * Lets results that were read on demand go, and rows that nothing needs any
 * more, here and on disk [R9]. Such rows are unknown from then on, not absent;
 * those with a pending write stay.
 *
 * @param coverageKeys - The results to forget.
 * @param ids - The rows, which no other result, view or session may need.
 * @returns How many rows left.
 */
export function releaseRows<F>(
  replica: Replica<F>,
  table: string,
  coverageKeys: readonly string[],
  ids: Iterable<string>,
): number {
  const core = coreOf(replica)
  for (const key of coverageKeys) core.coverage?.delete(table, key)
  const gone: string[] = []
  core.tables.transact(
    (change) => {
      for (const id of ids) if (change.of(table).forget(id)) gone.push(id)
    },
    0,
    () =>
      stage(core, [
        ...gone.map((id) => ({ table, id, value: undefined })),
        ...coverageKeys.map((key) => coverageDelete(table, key)),
      ]),
  )
  return gone.length
}
