import type { Store } from '@freshet/core'
import type { Master } from '../master.ts'

/** Requests of a process that has died get no answer; those on their way may still arrive. */
export function mortalMaster(master: Master, death: AbortSignal): Master {
  const alive = async <T>(work: Promise<T>): Promise<T> => {
    const result = await work
    if (death.aborted) throw death.reason
    return result
  }
  return {
    ...master,
    list: (query, signal) => alive(master.list(query, signal)),
    page: (step, signal) => alive(master.page(step, signal)),
    get: (ids, signal) => alive(master.get(ids, signal)),
    watch: ({ signal, from }) => master.watch({ signal: AbortSignal.any([signal, death]), from }),
  }
}

/** The store of a process that has died takes nothing more. */
export function mortalStore(store: Store, death: AbortSignal): Store {
  const alive = async <T>(call: () => Promise<T>): Promise<T> => {
    death.throwIfAborted()
    return call()
  }
  return {
    ...store,
    commit: (commit, term) => alive(() => store.commit(commit, term)),
    append: (table, value) => alive(() => store.append(table, value)),
  }
}
