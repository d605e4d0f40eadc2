import { FreshetError } from './errors.ts'
import type { StatusCell } from './status.ts'
import type { Store } from './store.ts'

/**
 * A replica's store for what its user does: shows as `degraded` that it refuses
 * to note an operation or a draft, until it notes one, or the replica commits [T4].
 *
 * To be given to what writes intent, such as `createOutbox`; the replica has the store itself.
 */
export function watchedStore(store: Store, status: StatusCell): Store {
  let fault: FreshetError | undefined
  const show = (degraded: FreshetError | undefined): void => {
    const now = status.get().degraded
    // Rows that could not be committed are no less missing when this is noted.
    if (!now || now === fault) status.update({ degraded })
    fault = degraded
  }
  const watched = async <T>(writing: Promise<T>): Promise<T> => {
    try {
      const written = await writing
      if (fault) show(undefined)
      return written
    } catch (error) {
      if (error instanceof FreshetError && error.kind === 'storage') show(error)
      throw error
    }
  }
  return {
    append: (table, value) => watched(store.append(table, value)),
    commit: (commit, term) => watched(store.commit(commit, term)),
    get: (table, ids) => store.get(table, ids),
    range: (table, range) => store.range(table, range),
    scan: (table, sliceRows) => store.scan(table, sliceRows),
    count: (table) => store.count(table),
    changesSince: (seq) => store.changesSince(seq),
    takeTerm: () => store.takeTerm(),
    info: () => store.info(),
    close: () => store.close(),
  }
}
