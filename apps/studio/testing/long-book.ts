import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  openBookServer,
  openStudioServer,
  type BookInfo,
  type ServedBook,
  type StudioServer,
} from '@freshet/cli/studio'
import { createListeners, systemClock } from '@freshet/core'
import { createWasmEvm } from '@freshet/evm'
import { quoteBeside } from '@freshet/raindex/client'
import { openLocalDatabase } from '@freshet/raindex/client/sqlite'
import {
  createEvmInterpreter,
  createStaticCodeCache,
  type Address,
  type Bytes32,
  type Mutation,
  type Order,
} from '@freshet/raindex/engine'
import { floatToHex, parse } from '@freshet/raindex/float'
import { createStubSyncEngine, openLiveVirtualRaindex } from '@freshet/raindex/live'

/** A generated book of many orders behind Studio's own servers; its blocks come when they are told to. */
export type LongBook = {
  readonly url: string
  readonly orders: number
  /** A block that adds to the vaults of the first so many orders. Resolves when all is quoted. */
  addBlock(touched: number): Promise<void>
  close(): Promise<void>
}

const chainId = 1
const orderbook = { address: addressOf(0xb0), version: 'v5' } as const
const [weth, usdc, owner] = [addressOf(1), addressOf(2), addressOf(3)]
const [interpreter, store] = [addressOf(4), addressOf(5)]
/** Answers every call with a stack of a ratio of 3000 and at most 10: what an order gives depends on its vault. */
const stack = ['40', 'a0', '2', floatToHex(parse('3000')), floatToHex(parse('10')), '0']
const code = [
  {
    kind: 'Interpreter',
    address: interpreter,
    bytecode: `0x60c0600c60003960c06000f3${stack.map(padded).join('')}`,
  },
  { kind: 'Store', address: store, bytecode: '0x00' },
] as const

export async function openLongBook(app: string, orders: number): Promise<LongBook> {
  const folder = await mkdtemp(join(tmpdir(), 'studio-long-book-'))
  const database = await openLocalDatabase({ path: join(folder, 'book.sqlite') })
  const steps = createStubSyncEngine()
  const codeCache = createStaticCodeCache(code)
  const live = await openLiveVirtualRaindex({
    ...{ chainId, orderbook, codeCache, syncEngine: steps },
    host: createEvmInterpreter({
      ...{ engine: await createWasmEvm(), cache: codeCache },
      ...{ chainId: BigInt(chainId), orderbook: orderbook.address },
    }),
  })
  const quotes = live.openQuotes()
  const listeners = createListeners<void>(() => undefined)
  let block = 0
  const apply = async (mutations: readonly Mutation[]): Promise<void> => {
    block++
    const env: Mutation = { kind: 'setEnv', blockNumber: block, timestamp: Math.floor(Date.now() / 1_000) }
    steps.pushStep({
      mutationBatches: [{ mutations: [env, ...mutations] }],
      ...{ bytecode: [], pendingArtifacts: [], heartbeat: false },
    })
    await live.syncOnce()
    listeners.emit()
    await quotes.settled()
  }
  const book: ServedBook = {
    divergences: 0,
    ...{ chainId, orderbook, quotes },
    raindex: {
      // Of the cursor, which differs, nothing is read.
      live: live as unknown as ServedBook['raindex']['live'],
      get freshness() {
        const at = { block, headBlock: block, timestamp: Math.floor(Date.now() / 1_000) }
        const chain = { state: 'live', freshness: { lastError: undefined } }
        // No more of it is read where it is told.
        return { ...at, chain } as unknown as ServedBook['raindex']['freshness']
      },
      subscribe: (listener) => listeners.add(listener),
    },
    kept: database.book({ chainId, orderbook }),
    lastEvent: async () => undefined,
    beside: (pair, signal) =>
      quoteBeside(
        {
          live,
          position: () => ({ number: block, timestamp: block }),
          askChain: async () => [{ kind: 'unavailable', message: 'There is no chain behind this book.' }],
        },
        pair,
        signal,
      ),
  }
  await apply(firstState(orders))
  const service = await openBookServer({ books: [book], clock: systemClock })
  const studio = await openStudio(app, service.url)
  return {
    url: studio.url,
    orders,
    addBlock: (touched) => apply([deposits(touched, '0.001')]),
    async close() {
      await studio.close()
      await service.close()
      quotes.close()
      await live.close()
      await database.close()
      await rm(folder, { recursive: true })
    },
  }
}

function openStudio(app: string, serviceUrl: string): Promise<StudioServer> {
  const remote = { url: 'ws://127.0.0.1:4000', namespace: 'none', database: 'none' }
  const book: BookInfo = {
    kind: 'local',
    chainId,
    books: [{ orderbook: orderbook.address, name: 'Long book', orders: [] }],
    tokens: [
      { address: weth, symbol: 'WETH' },
      { address: usdc, symbol: 'USDC' },
    ],
    counterparties: [],
  }
  const config = { title: 'Long book', cacheName: 'long-book-story', remote, tables: {}, demo: false, book }
  return openStudioServer({ app, port: 0, config, market: { serviceUrl } })
}

function firstState(orders: number): readonly Mutation[] {
  return [
    { kind: 'setTokenDecimals', tokens: [weth, usdc].map((token) => ({ token, decimals: 18 })) },
    { kind: 'setOrders', orders: Array.from({ length: orders }, (_, at) => orderOf(at)) },
    deposits(orders, '5'),
  ]
}

function deposits(orders: number, amount: string): Mutation {
  const delta = parse(amount)
  const deltas = Array.from({ length: orders }, (_, at) => ({
    ...{ owner, token: weth, vaultId: wordOf(at + 1), delta },
  }))
  return { kind: 'vaultDeltas', deltas }
}

function orderOf(at: number): Order {
  const vaultId = wordOf(at + 1)
  return {
    owner,
    evaluable: { interpreter, store, bytecode: '0x00' },
    validInputs: [{ token: usdc, vaultId }],
    validOutputs: [{ token: weth, vaultId }],
    nonce: wordOf(at),
  }
}

function addressOf(value: number): Address {
  return `0x${value.toString(16).padStart(40, '0')}`
}

function wordOf(value: number): Bytes32 {
  return `0x${padded(value.toString(16))}`
}

function padded(digits: string): string {
  return digits.replace(/^0x/, '').padStart(64, '0')
}
