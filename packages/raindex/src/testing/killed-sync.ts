import { createSync, openReplica, createIntake, storeTables } from '@freshet/core'
import { openSqliteStore } from '@freshet/storage/sqlite'
import { createBookSync } from '../client/chain/create-book-sync.ts'
import { createChainHeads } from '../client/chain/chain-heads.ts'
import { createChainSource } from '../client/chain/chain-source.ts'
import { createRpcPool } from '../client/chain/rpc-pool.ts'
import { openLocalDatabase } from '../client/database/open-local-database.ts'
import { createRaindexProjection, raindexTables, type Mutation } from '../engine/index.ts'
import { storyBook } from './fake-node-story.ts'

/** What the process is told on its command line. */
export type KilledSyncArgs = {
  readonly url: string
  readonly chainId: number
  readonly fromBlock: number
  /** Folder of the database and of the replica's store. */
  readonly folder: string
  readonly thread: boolean
}

// Runs until it is killed: a database and a replica, both filled from the node, each on its own files. Tells of each
// stretch, so that the one who kills can choose the moment.
const args = JSON.parse(process.argv[2] ?? '') as KilledSyncArgs
const { url, chainId, fromBlock, folder, thread } = args
const database = await openLocalDatabase({ path: `${folder}/book.sqlite`, thread })
const store = await openSqliteStore({ path: `${folder}/replica.sqlite`, tables: storeTables(raindexTables) })
const replica = await openReplica<Mutation>({
  name: 'book',
  tables: raindexTables,
  store,
  intake: createIntake({
    projection: createRaindexProjection(storyBook.version),
    isReady: () => true,
    keepPositions: 64,
  }),
})
const tell = (text: string): void => void process.send?.(text)
const common = {
  pool: createRpcPool({ chainId, rpcs: [url], backoff: { baseMs: 5, capMs: 20, jitter: 0 } }),
  orderbook: storyBook,
  fromBlock,
  finalityDepth: 12,
  firstWindowBlocks: 3,
  maxWindowBlocks: 6,
  targetLogs: 8,
  onNotice: ({ kind }: { readonly kind: string }) => tell(kind),
}
const book = database.book({ chainId, orderbook: storyBook })
const record = createBookSync({ ...common, ledger: book, heads: createChainHeads({ pollMs: 10 }) })
const follow = createSync({
  replica,
  source: createChainSource({ ...common, heads: createChainHeads({ pollMs: 10 }) }),
})
record.start()
follow.start()
process.on('message', (message) => {
  if (message !== 'stop') return
  void (async () => {
    await Promise.all([record.stop(), follow.stop()])
    await replica.close()
    await store.close()
    await database.close()
    process.exit(0)
  })()
})
tell('running')
