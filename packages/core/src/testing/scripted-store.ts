import { FreshetError } from '../errors.ts'
import type { Commit, Store } from '../store.ts'

export type ScriptedStore = {
  readonly store: Store
  /** What was committed, in order. */
  readonly commits: readonly Commit[]
  /** How often a commit was asked for. */
  readonly asked: number
  /** The next commits fail with these. */
  failNext(...errors: readonly Error[]): void
  /** Holds every commit back until told; the returned function lets them go on. */
  hold(): () => void
}

/** A store that does nothing but commit, or fail, as a test says. */
export function createScriptedStore(): ScriptedStore {
  const commits: Commit[] = []
  const failures: Error[] = []
  let asked = 0
  let held: Promise<void> = Promise.resolve()

  const unused = (): never => {
    throw new RangeError('The scripted store only commits.')
  }
  return {
    commits,
    get asked() {
      return asked
    },
    failNext: (...errors) => void failures.push(...errors),
    hold() {
      const { promise, resolve } = Promise.withResolvers<void>()
      held = promise
      return resolve
    },
    store: {
      async commit(commit) {
        asked += 1
        await held
        const failure = failures.shift()
        if (failure) throw failure
        commits.push(commit)
        return commits.length
      },
      append: unused,
      get: unused,
      range: unused,
      scan: unused,
      count: unused,
      changesSince: unused,
      takeTerm: unused,
      info: unused,
      close: async () => {},
    },
  }
}

export function storageFault(retryable: boolean): FreshetError {
  return new FreshetError({
    code: retryable ? 'storage/locked' : 'storage/deposed',
    kind: 'storage',
    retryable,
    message: 'As the script of the test says.',
  })
}
