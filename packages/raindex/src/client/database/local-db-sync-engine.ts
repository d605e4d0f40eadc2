import type { ArtifactId, BlockChanges, Bytes32, ChainLog } from '../../engine/index.ts'
import { artifactsOf } from '../../engine/index.ts'
import type { MutationEnvelope, PollResult, SyncEngine } from '../../live/index.ts'
import { RaindexClientError } from '../client-error.ts'
import { bookChanges } from '../chain/book-changes.ts'
import type { CodeFetcher } from '../chain/code-fetcher.ts'
import type { BlockId } from '../chain/ledger.ts'
import { scanLogs } from '../chain/scan-logs.ts'
import type { LocalBook } from './local-database.ts'

/** How far a live order book has read a local database. */
export type LocalDbCursor = {
  readonly block: number
  readonly hash: Bytes32
  /** Number of the newest fork that was taken in. */
  readonly rewinds: number
}

export type LocalDbSyncEngineOptions = {
  readonly book: LocalBook
  /** Fetches code that the database lacks. Default: only what is kept comes. */
  readonly code?: CodeFetcher | undefined
  /**
   * Whether to go on although the database lacks the logs of stores, as one does that the public tool wrote. Default
   * false: without them quotes would be wrong.
   */
  readonly withoutStoreLogs?: boolean | undefined
  /** Logs read in one poll, about. Default 2,000, and at most that many blocks. */
  readonly logsPerPoll?: number | undefined
}

/**
 * Turns the events of a local database into the changes of each block: ordered by block and log index, clears joined
 * with their effects, decimals attached, stores with what they held before.
 *
 * A fork that the database has taken in comes as `rewindTo`. `poll` fails with `StoreLogsMissing` while logs of stores
 * are missing.
 *
 * @see LiveVirtualRaindex, which polls it
 */
export function createLocalDbSyncEngine(options: LocalDbSyncEngineOptions): SyncEngine<LocalDbCursor> {
  const { book, code, withoutStoreLogs = false, logsPerPoll = 2_000 } = options
  let isFirst = true
  /** Code of orders that were added before this run. */
  const wantOlder = async (): Promise<readonly ArtifactId[]> => {
    if (!isFirst) return []
    isFirst = false
    return book.artifacts()
  }
  return {
    async poll(_, cursor): Promise<PollResult<LocalDbCursor>> {
      if (!withoutStoreLogs) await assertStores(book)
      const news = await readNews(book, cursor, logsPerPoll)
      const { changes, upTo, rewinds, rewindTo, logs } = news
      const orders = changes.flatMap(({ mutations }) =>
        mutations.flatMap((mutation) => (mutation.kind === 'setOrders' ? mutation.orders : [])),
      )
      code?.want([...(await wantOlder()), ...orders.flatMap(artifactsOf)])
      const mutationBatches = [...envelopesOf(changes, logs), ...(await clockOf(book, changes, upTo, cursor))]
      return {
        nextCursor: upTo && { block: upTo.number, hash: upTo.hash, rewinds },
        mutationBatches,
        bytecode: code ? code.take() : await book.code(),
        pendingArtifacts: code?.pending() ?? [],
        heartbeat: mutationBatches.length === 0 && rewindTo === undefined,
        rewindTo: rewindTo === undefined ? undefined : { blockNumber: rewindTo },
      }
    },
  }
}

async function assertStores(book: LocalBook): Promise<void> {
  const stores = await book.incompleteStores()
  if (stores.length === 0) return
  const { address } = book.id.orderbook
  const message = `The database lacks the logs of ${stores.length} stores of ${address}. Sync it with a node once; then they are there.`
  throw new RaindexClientError('StoreLogsMissing', {
    message,
    details: { orderbook: address },
    retryable: true,
  })
}

type News = {
  readonly changes: readonly BlockChanges[]
  readonly logs: readonly ChainLog[]
  /** Undefined while the database is empty. */
  readonly upTo: BlockId | undefined
  readonly rewinds: number
  readonly rewindTo: number | undefined
}

/** What came since the cursor, from one state of the database. */
async function readNews(book: LocalBook, cursor: LocalDbCursor | undefined, limit: number): Promise<News> {
  for (;;) {
    const { last, toBlock } = await book.rewindsSince(cursor?.rewinds ?? 0)
    const forked = cursor !== undefined && toBlock !== undefined && toBlock < cursor.block
    const after = forked ? toBlock : (cursor?.block ?? -1)
    const tip = await book.tip()
    const page = await book.read(after, limit)
    const changes = await changesOf(book, page.logs, after)
    // Whoever fills the database may have undone blocks meanwhile.
    const { last: lastNow } = await book.rewindsSince(last)
    if (lastNow !== last) continue
    const upTo = tip === undefined ? undefined : page.upTo
    return { changes, logs: page.logs, upTo, rewinds: last, rewindTo: forked ? toBlock : undefined }
  }
}

async function changesOf(
  book: LocalBook,
  logs: readonly ChainLog[],
  after: number,
): Promise<readonly BlockChanges[]> {
  if (logs.length === 0) return []
  const [stores, tokens] = await Promise.all([book.stores(), book.tokens()])
  const decimals = new Map(tokens.map((token) => [token.address, token.decimals]))
  const knownStores = new Set([...stores].filter(([, block]) => block <= after).map(([store]) => store))
  const { orderbook } = book.id
  const fresh = [...scanLogs(logs, orderbook.address).stores].filter(([store]) => !knownStores.has(store))
  const history = new Map(
    await Promise.all(fresh.map(async ([store, block]) => [store, await book.words(store, block)] as const)),
  )
  return bookChanges({ orderbook, logs, knownStores, history, decimalsOf: (token) => decimals.get(token) })
}

function envelopesOf(
  changes: readonly BlockChanges[],
  logs: readonly ChainLog[],
): readonly MutationEnvelope[] {
  const lastIndex = new Map(logs.map(({ blockNumber, logIndex }) => [blockNumber, logIndex]))
  return changes.map(({ blockNumber, blockHash, mutations }) => ({
    mutations,
    position: { blockNumber, logIndex: lastIndex.get(blockNumber) ?? 0, blockHash },
  }))
}

/** The time of the newest block, where it has no logs of its own: programs read it. */
async function clockOf(
  book: LocalBook,
  changes: readonly BlockChanges[],
  upTo: BlockId | undefined,
  cursor: LocalDbCursor | undefined,
): Promise<readonly MutationEnvelope[]> {
  if (upTo === undefined || upTo.number === (changes.at(-1)?.blockNumber ?? cursor?.block)) return []
  const timestamp = await book.timestampOf(upTo.number)
  const { number: blockNumber, hash: blockHash } = upTo
  const position = { blockNumber, logIndex: 0, blockHash }
  return [{ mutations: [{ kind: 'setEnv', blockNumber, timestamp }], position }]
}
