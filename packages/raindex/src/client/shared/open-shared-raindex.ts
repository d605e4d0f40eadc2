import { createListeners, delay, FreshetError, systemClock } from '@freshet/core'
import {
  openChainRaindex,
  type ChainCounts,
  type ChainFreshness,
  type ChainRaindex,
  type ChainRaindexOptions,
} from '../registry/open-chain-raindex.ts'
import { beginFromShared } from './begin-from-shared.ts'
import { createPublisher, type Publisher } from './publish-engine.ts'
import { readerFreshness } from './reader-freshness.ts'
import type { SharedBooks, SharedCursor, SharedWriter } from './shared-books.ts'
import { openSharedReader, type SharedReader } from './shared-reader.ts'
import { beat } from './writer-beat.ts'

export type SharedRaindexOptions = Omit<ChainRaindexOptions, 'through'> & {
  /** Not closed with this. */
  readonly shared: SharedBooks
  /** How often a reader looks for news, and whether somebody writes. Default 1,000. */
  readonly lookMs?: number | undefined
  /** How often a writer says that it is there; three times as long a silence is shown. Default 5,000. */
  readonly heartbeatMs?: number | undefined
  /** How long after a failure nothing is tried. Default 5,000. */
  readonly restMs?: number | undefined
}

/** An order book that several processes keep together. */
export interface SharedRaindex extends ChainRaindex {
  /** Whether this process reads the chain and tells the others. */
  readonly role: 'writer' | 'reader'
  /** Told that `live` is another, while the one before can still be read. @returns a function that ends it. */
  onReplaced(listener: () => void): () => void
}

/** What reads the chain, and tells what it reads while it leads. */
type Chain = { readonly raindex: ChainRaindex; readonly publisher: Publisher; lastTerm: number }

/**
 * Keeps an order book together with other processes: one of them reads the chain into its own database and tells the
 * others, who hold the same state without asking a node. When it ends, another goes on.
 *
 * A writer that loses the shared database goes on for itself and tells nobody, until it leads again or another does.
 * Whoever reads takes up the newest snapshot and what came since; `live` may thereby become another, see `onReplaced`.
 *
 * @throws what the store of `shared` throws while this is opened; later failures are in the status.
 */
export async function openSharedRaindex(options: SharedRaindexOptions): Promise<SharedRaindex> {
  const { shared, chainId, orderbook, interpreter, clock = systemClock } = options
  const { lookMs = 1_000, heartbeatMs = 5_000, restMs = 5_000, everyBlocks = 500 } = options
  const book = shared.book({ chainId, orderbook })
  const listeners = createListeners<void>(() => undefined)
  const replaced = createListeners<void>(() => undefined)
  const closing = new AbortController()
  const emit = (): void => listeners.emit()
  const openReader = (): Promise<SharedReader> =>
    openSharedReader(book, { chainId, orderbook, interpreter, clock, onChange: emit })

  let reader: SharedReader | undefined = await openReader()
  let chain: Chain | undefined
  let shown: Pick<ChainRaindex, 'live' | 'code'> = reader
  let seen: SharedCursor | undefined
  let fault: FreshetError | undefined
  let restUntilUnixMs = 0
  let past: ChainCounts = { bytecodeFetches: 0, snapshotLoads: reader.place === undefined ? 0 : 1 }
  let bell = new AbortController()
  const ring = (): void => bell.abort()
  closing.signal.addEventListener('abort', ring)

  const showReader = async (): Promise<void> => {
    const fresh = await openReader()
    if (fresh.place !== undefined) past = { ...past, snapshotLoads: past.snapshotLoads + 1 }
    const before = reader
    reader = fresh
    shown = fresh
    replaced.emit()
    await before?.close()
  }
  const showChain = async ({ raindex }: Chain): Promise<void> => {
    if (shown === raindex) return
    shown = raindex
    replaced.emit()
    const before = reader
    reader = undefined
    await before?.close()
  }
  const openChain = async (): Promise<Chain> => {
    const publisher = createPublisher({
      everyBlocks,
      everyChanges,
      state() {
        const { live } = opened.raindex
        return live.cursor && { bundle: live.snapshot(), cursor: live.cursor }
      },
      code: () => opened.raindex.code.artifacts(),
      onEnd(error) {
        fault = faultOf(error)
        ring()
      },
    })
    const raindex = await openChainRaindex({ ...options, through: publisher.through })
    const opened: Chain = { raindex, publisher, lastTerm: 0 }
    raindex.subscribe(emit)
    return opened
  }
  const closeChain = async (closed: Chain): Promise<void> => {
    const { writer } = closed.publisher
    closed.publisher.end()
    await closed.raindex.close()
    const { counts } = closed.raindex
    past = {
      bytecodeFetches: past.bytecodeFetches + counts.bytecodeFetches,
      snapshotLoads: past.snapshotLoads + counts.snapshotLoads,
    }
    if (chain === closed) chain = undefined
    await writer?.release().catch(() => undefined)
  }

  /** Reads the chain to its head, then tells all that comes. */
  const lead = async (writer: SharedWriter): Promise<void> => {
    const over = AbortSignal.any([closing.signal, writer.lost])
    writer.lost.addEventListener('abort', ring)
    void beat(writer, {
      ...{ clock, heartbeatMs, lookMs },
      closing: closing.signal,
      freshness: () => chain?.raindex.freshness,
      onFailure(error) {
        fault = faultOf(error)
        ring()
      },
    })
    try {
      if (chain === undefined) {
        await beginFromShared(options.database.book({ chainId, orderbook }), book, options.pool, over)
        chain = await openChain()
      }
      // Nothing else could be shown meanwhile.
      if (reader?.place === undefined) await showChain(chain)
      await chain.raindex.caughtUp(over)
      chain.lastTerm = writer.term
      chain.publisher.begin(writer)
      while (chain.publisher.writer === writer && !chain.publisher.hasBegun)
        await chain.raindex.live.syncOnce()
      if (chain.publisher.hasBegun) await showChain(chain)
    } catch (error) {
      chain?.publisher.end()
      await writer.release().catch(() => undefined)
      // What is shown already is shown on: it is nearer to the chain than what is shared.
      if (chain !== undefined && shown !== chain.raindex) await closeChain(chain)
      throw error
    }
  }
  const stepDown = async (left: Chain): Promise<void> => {
    left.publisher.end()
    if (shown === left.raindex) await showReader()
    await closeChain(left)
  }

  const lookAsReader = async (now: SharedReader): Promise<void> => {
    seen = await book.cursor()
    await now.read()
    if (now.isOver) {
      await showReader()
      await reader?.read()
    }
    if (clock.now() < restUntilUnixMs) return
    const writer = await book.lead()
    if (writer !== undefined) await lead(writer)
  }
  const lookAsChain = async (now: Chain): Promise<void> => {
    const { raindex, publisher, lastTerm } = now
    const { state, freshness } = raindex.freshness.chain
    if (raindex.live.status.phase === 'Errored' || state === 'halted') {
      await publisher.writer?.release().catch(() => undefined)
      await stepDown(now)
      throw freshness.lastError ?? new Error('The state could not take in what the chain says.')
    }
    if (publisher.writer !== undefined && !publisher.writer.lost.aborted) return
    publisher.end()
    seen = await book.cursor()
    if (seen !== undefined && seen.term > lastTerm) return stepDown(now)
    if (clock.now() < restUntilUnixMs) return
    const writer = await book.lead()
    if (writer !== undefined) await lead(writer)
  }
  const run = async (): Promise<void> => {
    while (!closing.signal.aborted) {
      bell = new AbortController()
      const stop = book.subscribe(ring)
      try {
        if (chain !== undefined) await lookAsChain(chain)
        else if (reader !== undefined) await lookAsReader(reader)
        if (clock.now() >= restUntilUnixMs) fault = undefined
      } catch (error) {
        fault = faultOf(error)
        restUntilUnixMs = clock.now() + restMs
      }
      emit()
      await delay(clock, lookMs, bell.signal)
      stop()
    }
  }

  const freshness = (): ChainFreshness => {
    if (chain !== undefined && shown === chain.raindex) {
      const own = chain.raindex.freshness
      const degraded = own.chain.degraded ?? (chain.publisher.hasBegun ? undefined : fault)
      return { ...own, chain: { ...own.chain, degraded } }
    }
    return readerFreshness({
      ...{ live: shown.live, place: reader?.place, seen, fault, heartbeatMs },
      rising: chain?.raindex.freshness,
    })
  }
  const running = run()
  return {
    get role() {
      return chain?.publisher.hasBegun === true ? 'writer' : 'reader'
    },
    get live() {
      return shown.live
    },
    get code() {
      return shown.code
    },
    get freshness() {
      return freshness()
    },
    get counts() {
      const { bytecodeFetches = 0, snapshotLoads = 0 } = chain?.raindex.counts ?? {}
      return {
        bytecodeFetches: past.bytecodeFetches + bytecodeFetches,
        snapshotLoads: past.snapshotLoads + snapshotLoads,
      }
    },
    subscribe: (listener) => listeners.add(listener),
    onReplaced: (listener) => replaced.add(listener),
    async caughtUp(signal = new AbortController().signal) {
      const goal = await book.cursor()
      ring()
      for (;;) {
        signal.throwIfAborted()
        if (chain !== undefined && shown === chain.raindex) return chain.raindex.caughtUp(signal)
        const { place } = reader ?? {}
        const isThere = place !== undefined && place.term === goal?.term && place.seq >= goal.seq
        if (isThere || (goal !== undefined && place !== undefined && place.term > goal.term)) return
        await delay(clock, lookMs, signal)
      }
    },
    async close() {
      closing.abort(new Error('The order book is closed.'))
      await running
      if (chain !== undefined) await closeChain(chain)
      await reader?.close()
    },
  }
}

/** Changes behind a snapshot that a reader may have to take in. */
const everyChanges = 2_000

function faultOf(error: unknown): FreshetError {
  if (error instanceof FreshetError) return error
  const message = `The shared order book cannot be kept: ${error instanceof Error ? error.message : String(error)} It is tried again.`
  return new FreshetError({
    code: 'raindex/shared-failed',
    kind: 'internal',
    retryable: true,
    message,
    cause: error,
  })
}
