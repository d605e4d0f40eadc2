import type { FreshetError, Store } from '@freshet/core'

/**
 * A store that refuses writes while `failure()` gives an error, and then goes
 * on as before: a full disk, a lock held elsewhere.
 */
export function failingStore(store: Store, failure: () => FreshetError | undefined): Store {
  const writing = async <T>(call: () => Promise<T>): Promise<T> => {
    const error = failure()
    if (error !== undefined) throw error
    return call()
  }
  return {
    commit: (commit, term) => writing(() => store.commit(commit, term)),
    append: (table, value) => writing(() => store.append(table, value)),
    takeTerm: () => writing(() => store.takeTerm()),
    get: (table, ids) => store.get(table, ids),
    range: (table, range) => store.range(table, range),
    count: (table) => store.count(table),
    changesSince: (seq) => store.changesSince(seq),
    info: () => store.info(),
    scan: (table, sliceRows) => store.scan(table, sliceRows),
    close: () => store.close(),
  }
}
