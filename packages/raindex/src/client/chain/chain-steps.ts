import type { Clock } from '@freshet/core'
import type { Address, BlockChanges, Bytes32, ChainLog, Orderbook } from '../../engine/index.ts'
import { RaindexClientError } from '../client-error.ts'
import { bookChanges, type TokenDecimals } from './book-changes.ts'
import { bookFilter, storeFilter } from './book-filter.ts'
import { checkBook, readHead } from './check-book.ts'
import type { ChainHeads } from './chain-heads.ts'
import type { ChainNotice } from './chain-notice.ts'
import type { ChainRules } from './chain-rules.ts'
import type { Consumer, Delivery } from './consumer.ts'
import { fetchWindows, type FetchedWindow } from './fetch-windows.ts'
import { isCanonical, newestCanonical } from './find-fork.ts'
import type { BlockId, Ledger } from './ledger.ts'
import { packLogs, unpackLogs, type LogPage } from './log-page.ts'
import { mergePages } from './merge-pages.ts'
import type { BlockHeader } from './read-header.ts'
import { chainMoved } from './read-logs.ts'
import { fetchHeaders } from './timestamps.ts'
import { readToken } from './read-token.ts'
import { readTip } from './read-tip.ts'
import type { RpcPool } from './rpc-pool.ts'
import { scanLogs } from './scan-logs.ts'
import type { WindowSize } from './window-size.ts'
import type { Looks } from './with-second-look.ts'

export type ChainStepsOptions = {
  readonly pool: RpcPool
  readonly orderbook: Orderbook
  readonly fromBlock: number
  /** Whether nothing has been read from this contract yet. */
  readonly mustCheckBook: boolean
  readonly ledger: Ledger
  /** Who is told of the changes. Undefined: only the ledger is filled. */
  readonly consumer: Consumer | undefined
  readonly finalityDepth: number
  readonly maxClockAheadMs: number
  readonly size: WindowSize
  readonly ahead: number
  readonly heads: ChainHeads
  readonly clock: Clock
  readonly rules: ChainRules
  readonly looks: Looks
  readonly notify: (notice: ChainNotice) => void
}

export type ChainStep =
  | Delivery
  /** The ledger has taken a stretch. */
  | { readonly kind: 'recorded' }
  | { readonly kind: 'progress'; readonly done: number; readonly total: number }
  /** Everything up to the head is there. */
  | { readonly kind: 'live' }

/** Logs read from a node by consumers in one page of the ledger. */
const logsAPage = 2_000

/**
 * Follows a chain: fills the ledger to its head, window by window, undoes what was reorganised, and tells a consumer
 * the changes in the order of the chain. Never ends by itself.
 *
 * @throws {RaindexClientError} what a node did that asking again did not mend. Begin again from where the ledger is.
 */
export async function* chainSteps(
  options: ChainStepsOptions,
  signal: AbortSignal,
): AsyncGenerator<ChainStep, void, undefined> {
  const run = await openRun(options, signal)
  try {
    yield* follow(run)
  } finally {
    // Whoever begins again reads the ledger as it then is.
    await run.commit?.done.catch(() => undefined)
  }
}

async function* follow(run: Run): AsyncGenerator<ChainStep, void, undefined> {
  const { options, signal } = run
  const { pool, orderbook, fromBlock, heads, consumer, ledger, finalityDepth } = options
  // Once anything was read there is a contract: a node that denies it is in the middle of something.
  if (options.mustCheckBook && run.tip === undefined) await checkBook(pool, orderbook.address, signal)
  let isLive = false
  for (;;) {
    const head = await readHead(options, signal)
    if (head.number < fromBlock) throw badRange(fromBlock, head.number)
    options.notify({ kind: 'head', headBlock: head.number, timestamp: head.timestamp })
    const finalizedTo = head.number - finalityDepth
    await settleLedger(run, head, finalizedTo)
    await settleConsumer(run, head, finalizedTo)
    forget(run.unfinal, (number) => number > (run.tip?.number ?? -1) || number < finalizedTo)
    yield* completeStores(run, finalizedTo)
    yield* tellFromLedger(run, finalizedTo)
    yield* readFinal(run, head)
    yield* readUnfinal(run, head)
    yield* awaitCommit(run)
    const rest = consumer?.rewound(ledger.checkpoint?.())
    if (rest) yield rest
    if (!isLive) yield { kind: 'live' }
    isLive = true
    await heads.next(signal)
    signal.throwIfAborted()
  }
}

/** What is known while following: a copy of what the ledger says. */
type Run = {
  readonly options: ChainStepsOptions
  readonly signal: AbortSignal
  tip: BlockId | undefined
  stores: Map<Address, number>
  tokens: Map<Address, TokenDecimals>
  /** Hashes of blocks that were read while they could still be reorganised. */
  readonly unfinal: Map<number, Bytes32>
  /** What is being written while the next stretch is made ready. `tip` counts it as written. */
  commit: { readonly done: Promise<void>; readonly notice: ChainNotice } | undefined
}

async function openRun(options: ChainStepsOptions, signal: AbortSignal): Promise<Run> {
  const known = {
    tip: undefined,
    stores: new Map(),
    tokens: new Map(),
    unfinal: new Map(),
    commit: undefined,
  }
  const run: Run = { options, signal, ...known }
  await readLedger(run)
  return run
}

async function readLedger(run: Run): Promise<void> {
  const { ledger } = run.options
  run.tip = await ledger.tip()
  run.stores = new Map(await ledger.stores())
  run.tokens = new Map((await ledger.tokens()).map(({ address, decimals }) => [address, decimals]))
}

/** Undoes what the ledger has of blocks that are not of the chain any more. */
async function settleLedger(run: Run, head: BlockHeader, finalizedTo: number): Promise<void> {
  const { ledger, rules, notify, pool, fromBlock } = run.options
  const { tip, signal } = run
  if (!rules.parentHash || tip === undefined || (await isCanonical(run, tip, head))) return
  const pageOf = (atOrBefore: number, limit: number): Promise<readonly BlockId[]> =>
    ledger.blocks(atOrBefore, limit)
  const ancestor = await newestCanonical(pool, pageOf, Math.min(tip.number, head.number), signal)
  const ancestorBlock = ancestor?.number ?? fromBlock - 1
  await ledger.rewind(ancestorBlock)
  const kind = ancestorBlock < Math.min(finalizedTo, tip.number) ? 'deep-reorg' : 'reorg'
  notify({ kind, tipBlock: tip.number, ancestorBlock, depth: tip.number - ancestorBlock })
  await readLedger(run)
}

/** Makes the next delivery undo what the consumer has of such blocks. */
async function settleConsumer(run: Run, head: BlockHeader, finalizedTo: number): Promise<void> {
  const { consumer, rules, pool, notify, ledger } = run.options
  const last = consumer?.last
  if (!rules.parentHash || consumer === undefined || last === undefined) return
  if (await isCanonical(run, last, head)) return
  const kept = await newestCanonical(pool, consumer.blocks, Math.min(last.number, head.number), run.signal)
  consumer.rewind(kept)
  // A ledger of its own has told already.
  if (ledger.checkpoint !== undefined) return
  const ancestorBlock = kept?.number ?? -1
  const kind = ancestorBlock < Math.min(finalizedTo, last.number) ? 'deep-reorg' : 'reorg'
  notify({ kind, tipBlock: last.number, ancestorBlock, depth: last.number - ancestorBlock })
}

/** Tells the consumer what the ledger has and it has not. */
async function* tellFromLedger(run: Run, finalizedTo: number): AsyncGenerator<ChainStep, void, undefined> {
  const { consumer, ledger } = run.options
  // A ledger gives the logs of a store from the block on that names it.
  const firstBlockOf = (store: Address): number => run.stores.get(store) ?? 0
  while (consumer !== undefined && run.tip !== undefined && consumer.position < run.tip.number) {
    const { logs, upTo } = await ledger.read(consumer.position, logsAPage)
    if (upTo.number <= consumer.position) return
    yield consumer.deliver(
      upTo,
      await changesOf(run, logs, consumer.position, firstBlockOf),
      finalizedTo,
      ledger.checkpoint?.(),
    )
  }
}

/** Reads what is final, in windows of many blocks. */
async function* readFinal(run: Run, head: BlockHeader): AsyncGenerator<ChainStep, void, undefined> {
  const { fromBlock, finalityDepth, orderbook, pool, size, ahead } = run.options
  const from = run.tip === undefined ? fromBlock : run.tip.number + 1
  const to = head.number - finalityDepth
  if (from > to) return
  // Later windows are asked for the logs of stores that the first names, and its tokens are not behind their pages.
  const firstAlone = run.stores.size === 0
  const context = {
    pool,
    orderbook,
    size,
    ahead,
    firstAlone,
    blocksBehind: behindFinal(run),
    signal: run.signal,
  }
  const filter = () => bookFilter(orderbook.address, run.stores.keys())
  for await (const window of fetchWindows(context, { from, to }, filter)) {
    yield* takeWindow(run, window, [], head)
    yield { kind: 'progress', done: window.to + 1 - fromBlock, total: head.number + 1 - fromBlock }
  }
}

/** Reads what may still be reorganised, with every header. */
async function* readUnfinal(run: Run, head: BlockHeader): AsyncGenerator<ChainStep, void, undefined> {
  const { fromBlock, orderbook, rules, looks, notify, pool, size } = run.options
  const from = run.tip === undefined ? fromBlock : run.tip.number + 1
  if (from > head.number) return
  const filter = bookFilter(orderbook.address, run.stores.keys())
  const context = { pool, orderbook, size, rules, looks, notify, signal: run.signal }
  const { headers, logs } = await readTip(context, from, head, run.tip, filter)
  for (const { number, hash } of headers) run.unfinal.set(number, hash)
  const [first = head] = headers
  const scan = scanLogs(logs, orderbook.address)
  const page = packLogs(logs)
  yield* takeWindow(
    run,
    { from, to: head.number, filter, first, header: head, logs: page, scan },
    headers,
    head,
  )
}

/** Takes a stretch: what it lacks is fetched, the ledger keeps it, the consumer is told. */
async function* takeWindow(
  run: Run,
  window: FetchedWindow,
  headers: readonly BlockHeader[],
  head: BlockHeader,
): AsyncGenerator<ChainStep, void, undefined> {
  const { consumer, ledger, finalityDepth, notify, rules } = run.options
  const { from, to, first, header, scan } = window
  if (rules.parentHash && run.tip && first.parentHash !== run.tip.hash) throw chainMoved(run.tip.number)
  const newStores = new Map([...scan.stores].filter(([store]) => !run.stores.has(store)))
  const newTokens = await Promise.all(
    [...scan.tokens]
      .filter((token) => !run.tokens.has(token))
      .map((token) => readToken(run.options.pool, token, run.signal)),
  )
  for (const { address, decimals } of newTokens) {
    run.tokens.set(address, decimals)
    if (decimals === 'none') notify({ kind: 'no-decimals', token: address })
  }
  for (const [store, blockNumber] of newStores) notify({ kind: 'store', store, blockNumber })
  yield* readStoreHistory(run, [...newStores.keys()], from, head.number - finalityDepth)
  const logs = await withStoreLogs(run, window, newStores.keys(), headers)
  const told =
    consumer && to > consumer.position
      ? await changesOf(run, unpackLogs(logs), from - 1, () => from)
      : undefined
  for (const [store, block] of newStores) run.stores.set(store, block)
  const finalizedTo = head.number - finalityDepth
  const notice = { kind: 'window', fromBlock: from, toBlock: to, headBlock: head.number } as const
  const follows = new Set(run.stores.keys())
  const done = ledger.commit({
    ...{ from, to, header, headers, logs, newStores, newTokens, finalizedTo, follows },
  })
  // Told by the next stretch, or at the end.
  done.catch(() => undefined)
  yield* awaitCommit(run)
  run.commit = { done, notice: { ...notice, logs: logs.length } }
  run.tip = { number: to, hash: header.hash }
  if (told === undefined || consumer === undefined) return
  yield* awaitCommit(run)
  // A consumer may be ahead of a ledger that begins anew.
  const news = told.filter(({ blockNumber }) => blockNumber > consumer.position)
  yield consumer.deliver(run.tip, news, finalizedTo, ledger.checkpoint?.())
}

/** Waits for what is being written. */
async function* awaitCommit(run: Run): AsyncGenerator<ChainStep, void, undefined> {
  const { commit } = run
  if (commit === undefined) return
  await commit.done
  run.commit = undefined
  run.options.notify(commit.notice)
  yield { kind: 'recorded' }
}

/** Reads what a ledger lacks of stores that it knows from a download. */
async function* completeStores(run: Run, finalizedTo: number): AsyncGenerator<ChainStep, void, undefined> {
  const { ledger } = run.options
  const stores = run.tip === undefined ? [] : await ledger.incompleteStores()
  if (run.tip === undefined || stores.length === 0) return
  yield* readStoreHistory(run, stores, run.tip.number + 1, finalizedTo)
  await ledger.completeStores(stores)
}

/** What new stores held before this window: from the book's first block, since nothing says when they began. */
async function* readStoreHistory(
  run: Run,
  stores: readonly Address[],
  before: number,
  finalizedTo: number,
): AsyncGenerator<ChainStep, void, undefined> {
  const { fromBlock, ledger, rules, looks, pool, orderbook, size, ahead, notify } = run.options
  const { signal, tip } = run
  if (stores.length === 0 || before <= fromBlock || tip === undefined || !rules.storeHistory) return
  const filter = storeFilter(stores)
  const final = Math.min(before - 1, finalizedTo)
  const fetching = { pool, orderbook, size, ahead, blocksBehind: behindFinal(run), signal }
  const windows = fetchWindows(fetching, { from: fromBlock, to: final }, () => filter)
  for await (const { to, logs } of windows) {
    // The ledger's tip is of the chain still, so that what lies before it is.
    await headerOfTip(pool, tip, signal)
    await ledger.addStoreLogs(logs)
    yield { kind: 'progress', done: to + 1 - fromBlock, total: before - fromBlock }
  }
  if (final === before - 1) return
  const context = { pool, orderbook, size, rules, looks, notify, signal }
  const header = await headerOfTip(pool, tip, signal)
  const { logs } = await readTip(context, Math.max(fromBlock, final + 1), header, undefined, filter)
  await ledger.addStoreLogs(logs)
}

/** Nodes may lag behind one another by this much, and more still makes what is final new. */
function behindFinal({ options }: Run): number {
  return Math.floor(options.finalityDepth / 2)
}

async function headerOfTip(pool: RpcPool, tip: BlockId, signal: AbortSignal): Promise<BlockHeader> {
  const [header] = await fetchHeaders(pool, [tip.number], signal)
  if (header?.hash !== tip.hash) throw chainMoved(tip.number)
  return header
}

/** Adds the logs of stores that were not known when the window was asked for. */
async function withStoreLogs(
  run: Run,
  window: FetchedWindow,
  newStores: Iterable<Address>,
  headers: readonly BlockHeader[],
): Promise<LogPage> {
  const stores = [...run.stores.keys(), ...newStores].filter((store) => !window.filter.addresses.has(store))
  if (stores.length === 0) return window.logs
  const { orderbook, rules, looks, notify, pool, size } = run.options
  const { from, to, header } = window
  const context = { pool, orderbook, size, rules, looks, notify, ahead: 1, signal: run.signal }
  const filter = storeFilter(stores)
  let added = packLogs([])
  if (headers.length > 0) {
    added = packLogs((await readTip(context, from, header, undefined, filter)).logs)
  } else {
    let last = header
    const final = { ...context, blocksBehind: behindFinal(run) }
    for await (const part of fetchWindows(final, { from, to }, () => filter)) {
      if (rules.parentHash && part.from > from && part.first.parentHash !== last.hash)
        throw chainMoved(part.from)
      last = part.header
      added = mergePages(added, part.logs)
    }
    if (rules.parentHash && last.hash !== header.hash) throw chainMoved(to)
  }
  return mergePages(window.logs, added)
}

/**
 * The changes that logs after a block make.
 *
 * @param wordsBefore - The block before which the ledger is asked for the words of a store that is new in these logs.
 */
async function changesOf(
  run: Run,
  logs: readonly ChainLog[],
  after: number,
  wordsBefore: (store: Address) => number,
): Promise<readonly BlockChanges[]> {
  const { ledger, orderbook } = run.options
  const knownStores = new Set([...run.stores].filter(([, block]) => block <= after).map(([store]) => store))
  const history = new Map(
    await Promise.all(
      [...scanLogs(logs, orderbook.address).stores.keys()]
        .filter((store) => !knownStores.has(store))
        .map(async (store) => [store, await ledger.words(store, wordsBefore(store))] as const),
    ),
  )
  return bookChanges({ orderbook, logs, knownStores, history, decimalsOf: (token) => run.tokens.get(token) })
}

function forget(hashes: Map<number, Bytes32>, isUseless: (number: number) => boolean): void {
  for (const number of hashes.keys()) if (isUseless(number)) hashes.delete(number)
}

function badRange(fromBlock: number, headBlock: number): RaindexClientError {
  const message = `The first block ${fromBlock} lies behind the chain's newest, ${headBlock}. Give an earlier one.`
  return new RaindexClientError('BadRange', { message, details: { fromBlock, headBlock } })
}
