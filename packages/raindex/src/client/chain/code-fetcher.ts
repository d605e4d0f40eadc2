import { createListeners, delay, systemClock, type Clock } from '@freshet/core'
import type { Artifact, ArtifactId, Hex } from '../../engine/index.ts'
import { distinctArtifacts } from '../../live/missing-code.ts'
import type { StoredCode } from '../database/book-tables.ts'
import { fetchCode } from './check-book.ts'
import { readHeadNumber } from './read-head-number.ts'
import type { RpcPool } from './rpc-pool.ts'

/** Where code is kept between runs; a `LocalBook` is one. */
export interface CodeShelf {
  code(): Promise<readonly StoredCode[]>
  putCode(code: StoredCode): Promise<void>
  /** The lowest block that was undone to since a time; undefined when nothing was. */
  lowestRewindSince(unixMs: number): Promise<number | undefined>
}

export type CodeFetcherOptions = {
  readonly pool: RpcPool
  readonly shelf?: CodeShelf | undefined
  /** Kept code that is older is read again in the background. Default 30 days. */
  readonly maxAgeMs?: number | undefined
  /** How long until code that was not there is asked for again. Default 10,000. */
  readonly retryMs?: number | undefined
  readonly clock?: Clock | undefined
  /** Told when an address has other code than the one that is kept; the kept one goes on being used. */
  readonly onChanged?: ((artifact: ArtifactId) => void) | undefined
}

/** Fetches the code of interpreters and stores in the background, while everything else goes on. */
export interface CodeFetcher {
  /** Begins to fetch what is not known; returns at once. */
  want(artifacts: readonly ArtifactId[]): void
  /** What has come since the last call. */
  take(): readonly Artifact[]
  /** What is on its way, in the order it was wanted. */
  pending(): readonly ArtifactId[]
  /** Pieces that were read from the chain: those that were kept are not among them. */
  readonly fetched: number
  /** Called whenever code has come. @returns a function that ends it. */
  subscribe(listener: () => void): () => void
  /** Stops fetching. Resolves when nothing is under way any more. */
  close(): Promise<void>
}

/**
 * Makes a fetcher of code.
 *
 * Kept code is used at once. It is stale, and read again behind that, when it is older than `maxAgeMs` or was read in
 * a block that a fork may have taken away.
 */
export function createCodeFetcher(options: CodeFetcherOptions): CodeFetcher {
  const { pool, shelf, maxAgeMs = 30 * 86_400_000, retryMs = 10_000, clock = systemClock } = options
  const controller = new AbortController()
  const { signal } = controller
  const listeners = createListeners<void>(() => undefined)
  const wanted = new Set<string>()
  const pending = new Map<string, ArtifactId>()
  const underway = new Set<Promise<void>>()
  let arrived: Artifact[] = []
  let fetched = 0
  let kept: Promise<ReadonlyMap<string, StoredCode>> | undefined

  const arrive = (artifact: ArtifactId, bytecode: Hex): void => {
    pending.delete(keyOf(artifact))
    arrived.push({ ...artifact, bytecode })
    listeners.emit()
  }
  const readKept = async (): Promise<ReadonlyMap<string, StoredCode>> => {
    const codes = (await shelf?.code()) ?? []
    return new Map(codes.map((code) => [keyOf(code), code]))
  }
  const isStale = async ({ fetchedAtUnixMs, fetchedAtBlock }: StoredCode): Promise<boolean> => {
    if (clock.now() - fetchedAtUnixMs > maxAgeMs) return true
    const lowest = await shelf?.lowestRewindSince(fetchedAtUnixMs)
    return lowest !== undefined && lowest < fetchedAtBlock
  }
  /** Asks until there is code, or the fetcher is closed. */
  const read = async ({ kind, address }: ArtifactId): Promise<StoredCode | undefined> => {
    while (!signal.aborted) {
      try {
        const fetchedAtBlock = await readHeadNumber(pool, signal)
        const bytecode = await fetchCode(pool, address, signal)
        if (bytecode !== '0x')
          return { kind, address, bytecode, fetchedAtBlock, fetchedAtUnixMs: clock.now() }
      } catch {
        // The pool has told of the fault; it is tried again.
      }
      await delay(clock, retryMs, signal)
    }
    return undefined
  }
  const fetch = async (artifact: ArtifactId): Promise<void> => {
    kept ??= readKept()
    const known = (await kept.catch(() => undefined))?.get(keyOf(artifact))
    if (known !== undefined) {
      arrive(artifact, known.bytecode)
      if (!(await isStale(known))) return
    }
    const code = await read(artifact)
    if (code === undefined) return
    fetched++
    if (known === undefined) arrive(artifact, code.bytecode)
    else if (known.bytecode !== code.bytecode) options.onChanged?.(artifact)
    await shelf?.putCode(code)
  }
  return {
    want(artifacts) {
      for (const artifact of distinctArtifacts(artifacts)) {
        const key = keyOf(artifact)
        if (wanted.has(key) || signal.aborted) continue
        wanted.add(key)
        pending.set(key, artifact)
        // A shelf that fails costs only that the code is read again another time.
        const work = fetch(artifact).catch(() => undefined)
        underway.add(work)
        void work.then(() => underway.delete(work))
      }
    },
    take() {
      const taken = arrived
      arrived = []
      return taken
    },
    pending: () => [...pending.values()],
    get fetched() {
      return fetched
    },
    subscribe: (listener) => listeners.add(listener),
    async close() {
      controller.abort()
      await Promise.all(underway)
    },
  }
}

function keyOf({ kind, address }: ArtifactId): string {
  return `${kind}:${address}`
}
