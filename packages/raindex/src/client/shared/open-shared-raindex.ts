import { createListeners, delay, FreshetError, systemClock, type Status } from '@freshet/core'
import { fetchHeaders } from '../chain/timestamps.ts'
import { beginFromSnapshot } from '../database/index.ts'
import {
  openChainRaindex,
  type ChainCounts,
  type ChainFreshness,
  type ChainRaindex,
  type ChainRaindexOptions,
} from '../registry/open-chain-raindex.ts'
import { createPublisher, type Publisher } from './publish-engine.ts'
import type { SharedBooks, SharedCursor, SharedWriter } from './shared-books.ts'
import { openSharedReader, type SharedReader } from './shared-reader.ts'

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

  /** Says that the writer is there, and how it is, until it is not. */
  const beat = async (writer: SharedWriter): Promise<void> => {
    const over = AbortSignal.any([closing.signal, writer.lost])
    let told = ''
    let toldAtUnixMs = 0
    while (!over.aborted) {
      const { headBlock, headTimestamp, chain: status } = chainFreshness()
      const news = { state: status.state, headBlock, headTimestamp }
      const text = JSON.stringify(news)
      try {
        if (text !== told || clock.now() - toldAtUnixMs >= heartbeatMs) {
          await writer.tell(news)
          told = text
          toldAtUnixMs = clock.now()
        }
      } catch (error) {
        fault = faultOf(error)
        await writer.release().catch(() => undefined)
        return ring()
      }
      await delay(clock, Math.min(heartbeatMs, lookMs), over)
    }
  }
  const chainFreshness = (): Pick<ChainFreshness, 'headBlock' | 'headTimestamp' | 'chain'> =>
    chain?.raindex.freshness ?? { headBlock: undefined, headTimestamp: undefined, chain: starting }

  /** Reads the chain to its head, then tells all that comes. */
  const lead = async (writer: SharedWriter): Promise<void> => {
    const over = AbortSignal.any([closing.signal, writer.lost])
    writer.lost.addEventListener('abort', ring)
    void beat(writer)
    try {
      if (chain === undefined) {
        await beginLocal(options, over)
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
      await writer.release().catch(() => undefined)
      if (chain !== undefined) await stepDown(chain)
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
    const writer = await book.lead()
    if (writer !== undefined) return lead(writer)
    seen = await book.cursor()
    if (seen !== undefined && seen.term > lastTerm) await stepDown(now)
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
      await delay(clock, lookMs, AbortSignal.any([bell.signal, closing.signal]))
      stop()
    }
  }

  const freshness = (): ChainFreshness => {
    if (chain !== undefined && shown === chain.raindex) {
      const own = chain.raindex.freshness
      const degraded = chain.publisher.hasBegun ? undefined : fault
      return { ...own, chain: { ...own.chain, degraded } }
    }
    const { live } = shown
    const rising = chain?.raindex.freshness
    const isReading =
      seen !== undefined && (reader?.place?.seq !== seen.seq || reader.place.term !== seen.term)
    const silence = seen === undefined || seen.silentMs <= 3 * heartbeatMs ? undefined : silent(seen.silentMs)
    const lastError = fault ?? (rising === undefined ? silence : rising.chain.freshness.lastError)
    return {
      block: live.cursor?.block,
      timestamp: live.cursor && live.state.env.timestamp,
      headBlock: rising?.headBlock ?? seen?.headBlock,
      headTimestamp: rising?.headTimestamp ?? seen?.headTimestamp,
      chain: {
        ...starting,
        role: 'follower',
        state: stateOf(),
        freshness: { ...starting.freshness, lastError },
      },
      isReading,
    }

    function stateOf(): Status['state'] {
      if (fault !== undefined) return 'retrying'
      if (rising !== undefined) return 'catching-up'
      if (seen === undefined) return 'bootstrapping'
      if (silence !== undefined) return 'retrying'
      return isReading && seen.state === 'live' ? 'catching-up' : seen.state
    }
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

/** An empty database goes on from a snapshot of the others, where the chain still has its block. */
async function beginLocal(options: SharedRaindexOptions, signal: AbortSignal): Promise<void> {
  const { shared, chainId, orderbook, database, pool } = options
  const local = database.book({ chainId, orderbook })
  if ((await local.tip()) !== undefined) return
  const book = shared.book({ chainId, orderbook })
  for (let atOrBefore = Number.MAX_SAFE_INTEGER; ;) {
    const snapshot = await book.snapshot(atOrBefore)
    if (snapshot === undefined) return
    const { block } = snapshot
    const [header] = await fetchHeaders(pool, [block.number], signal)
    if (header?.hash === block.hash) return void (await beginFromSnapshot(local, snapshot.bundle, block))
    atOrBefore = block.number - 1
  }
}

const starting: Status = {
  state: 'bootstrapping',
  role: 'leader',
  pending: [],
  degraded: undefined,
  freshness: {
    freshAtUnixMs: undefined,
    staleSinceUnixMs: undefined,
    lastError: undefined,
    nextAttemptAtUnixMs: undefined,
  },
  progress: undefined,
}

function silent(silentMs: number): FreshetError {
  const message = `The process that reads the chain has said nothing for ${Math.round(silentMs / 1_000)} s. Another takes over when its session ends.`
  return new FreshetError({ code: 'raindex/shared-silent', kind: 'remote', retryable: true, message })
}

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
