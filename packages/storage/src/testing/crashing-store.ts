import { FreshetError, type Store } from '@freshet/core'

export type CrashPoint = {
  /** The how-manyeth writing call dies: 1 is the first. Writing calls are commit, append and takeTerm. */
  readonly failAt: number
  /** Whether the process dies before the write reaches the disk, or after and before it hears so. Default `before`. */
  readonly when?: 'before' | 'after' | undefined
}

/**
 * A store whose process dies at a chosen write. From then on every call
 * rejects, also those under way; open the same disk again to play the restart.
 */
export function crashingStore(store: Store, { failAt, when = 'before' }: CrashPoint): Store {
  let writes = 0
  let crashed = false

  const alive = async <T>(call: () => Promise<T>): Promise<T> => {
    if (crashed) throw crash()
    const result = await call()
    if (crashed) throw crash()
    return result
  }
  const writing = async <T>(call: () => Promise<T>): Promise<T> => {
    if (crashed) throw crash()
    writes += 1
    if (writes !== failAt) return alive(call)
    if (when === 'after') await call()
    crashed = true
    throw crash()
  }

  return {
    commit: (commit, term) => writing(() => store.commit(commit, term)),
    append: (table, value) => writing(() => store.append(table, value)),
    takeTerm: () => writing(() => store.takeTerm()),
    get: (table, ids) => alive(() => store.get(table, ids)),
    range: (table, range) => alive(() => store.range(table, range)),
    count: (table) => alive(() => store.count(table)),
    changesSince: (seq) => alive(() => store.changesSince(seq)),
    info: () => alive(() => store.info()),
    async *scan(table, sliceRows) {
      for await (const slice of store.scan(table, sliceRows)) yield await alive(async () => slice)
    },
    close: () => store.close(),
  }
}

/** The error of a dead process: nothing can be said about the write it interrupted. */
function crash(): FreshetError {
  return new FreshetError({
    code: 'storage/unavailable',
    kind: 'storage',
    message: 'The process of this store has crashed (a test asked for it). Open its disk again.',
  })
}
