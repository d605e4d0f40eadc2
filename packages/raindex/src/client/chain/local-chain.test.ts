import { createSync, randomBelow, sourceSide, type Random, type Replica } from '@freshet/core'
import { createSeededRandom } from '@freshet/core/testing'
import { createWasmEvm } from '@freshet/evm'
import { expect, test } from 'vitest'
import {
  createEvmInterpreter,
  createStaticCodeCache,
  revertDataOf,
  type Bytes32,
  type Mutation,
  type Order,
  type OrderRow,
  type VaultRow,
} from '../../engine/index.ts'
import { display, eq, floatToHex, parse } from '../../float/index.ts'
import { openLiveVirtualRaindex, type LiveVirtualRaindex } from '../../live/index.ts'
import { findAnvil } from '../../testing/anvil.ts'
import { createBookReplica } from '../../testing/book-replica.ts'
import { startLocalBook, type LocalBook, type LocalTrader } from '../../testing/local-book.ts'
import { op, testProgram } from '../../testing/test-program.ts'
import { createUnreliableLine } from '../../testing/unreliable-line.ts'
import { createLocalDbSyncEngine, type LocalDbCursor } from '../database/local-db-sync-engine.ts'
import { openLocalDatabase } from '../database/open-local-database.ts'
import { createBookSync } from './create-book-sync.ts'
import { createChainHeads } from './chain-heads.ts'
import { createChainSource } from './chain-source.ts'
import { checkBook } from './check-book.ts'
import { createCodeFetcher } from './code-fetcher.ts'
import { createRpcPool } from './rpc-pool.ts'

// From a real node behind a bad line, with contracts of our own: whatever is traded, whatever forks and whatever the
// line loses, repeats, holds back or refuses, in the end each vault, order and
// quote is the chain's. `FRESHET_CHAIN_BLOCKS` makes it longer or shorter.

const anvil = findAnvil()
const skipped = anvil === undefined ? ' (skipped: no anvil; set FRESHET_ANVIL)' : ''
/** After more blocks than this anvil forgets contracts when it replaces some. */
const blocksAChain = 400
const blocks = Number(process.env['FRESHET_CHAIN_BLOCKS'] ?? 2_000)

test.skipIf(anvil === undefined)(
  `[CN3] after random trades and forks on a real chain, vaults, orders and quotes are its own${skipped}`,
  { timeout: 60_000 + 1_000 * blocks },
  async () => {
    for (let left = blocks, seed = 11; left > 0; left -= blocksAChain, seed++) {
      await expectFollowed(Math.min(left, blocksAChain), seed)
    }
  },
)

async function expectFollowed(length: number, seed: number): Promise<void> {
  const book = await startLocalBook({ anvil: anvil ?? '' })
  const line = createUnreliableLine(createSeededRandom(seed ^ 0xbad), book.orderbook.address)
  const pool = createRpcPool({
    chainId: book.chainId,
    rpcs: [book.url],
    fetch: line.fetch,
    backoff: { baseMs: 5, capMs: 100, jitter: 0.2 },
    rateLimitDelayMs: 20,
    attempts: 20,
  })
  const { orderbook, deployedAt: fromBlock } = book
  await checkBook(pool, orderbook.address, new AbortController().signal)
  const database = await openLocalDatabase({ path: ':memory:' })
  const ledger = database.book({ chainId: book.chainId, orderbook })
  const common = { pool, orderbook, fromBlock, finalityDepth: 12, maxClockAheadMs: Infinity }
  const heads = () => createChainHeads({ pollMs: 20 })
  const record = createBookSync({ ...common, ledger, heads: heads() })
  const replica = createBookReplica(orderbook)
  const follow = createSync({ replica, source: createChainSource({ ...common, heads: heads() }) })
  const code = createCodeFetcher({ pool, shelf: ledger, retryMs: 50 })
  const codeCache = createStaticCodeCache()
  const engine = await createWasmEvm()
  const interpreter = { engine, cache: codeCache, orderbook: orderbook.address, gasLimit: 30_000_000n }
  const live = await openLiveVirtualRaindex<LocalDbCursor>({
    chainId: book.chainId,
    orderbook,
    syncEngine: createLocalDbSyncEngine({ book: ledger, code }),
    codeCache,
    host: createEvmInterpreter({ ...interpreter, chainId: BigInt(book.chainId) }),
  })
  record.start()
  follow.start()
  try {
    const market = createMarket(book, createSeededRandom(seed))
    for (let block = 0; block < length; block++) {
      await market.step(block)
      if (block % 5 === 0) await live.syncOnce()
    }
    line.heal()
    // What waits to ask again asks at once.
    for (const sync of [record, follow]) sync.start()
    await book.mine(2)
    await untilQuiet(book, replica, live)
    const { found, vaults, quotes } = await differences(book, replica, live, market.orders)
    expect(found).toEqual([])
    expect(Math.min(vaults, quotes)).toBeGreaterThan(0)
    expect(Object.values(line.faults).reduce((sum, times) => sum + times, 0)).toBeGreaterThan(10)
  } finally {
    await Promise.all([record.stop(), follow.stop(), code.close()])
    await live.close()
    await database.close()
    await book.close()
  }
}

const word = (text: string): Bytes32 => floatToHex(parse(text))
const vaultId = (number: number): Bytes32 => `0x${number.toString(16).padStart(64, '0')}`
const counter = vaultId(0xc0)

/** A constant, one that falls with time, and one that gets dearer with each trade. */
const programs = [
  testProgram([op.push(word('3')), op.push(word('1.7'))]),
  testProgram([op.push(word('2')), op.push(word('1e9')), op.time, op.divFloat]),
  testProgram(
    [op.push(word('4')), op.push(counter), op.get, op.push(word('1')), op.addFloat],
    [op.push(counter), op.push(counter), op.get, op.push(word('1')), op.addFloat, op.set],
  ),
]

type Market = { readonly orders: readonly Order[]; step(block: number): Promise<void> }

function createMarket(book: LocalBook, random: Random): Market {
  const orders: Order[] = []
  const pick = <T>(list: readonly T[]): T => {
    const item = list[randomBelow(random, list.length)]
    if (item === undefined) throw new Error('nothing to pick from')
    return item
  }
  const tokens = book.tokens.map(({ address }) => address)
  const act = async (trader: LocalTrader): Promise<void> => {
    const kind = randomBelow(random, 7)
    const [input = tokens[0], output = tokens[1]] =
      randomBelow(random, 2) === 0 ? tokens : tokens.toReversed()
    if (input === undefined || output === undefined) return
    if (kind === 0) {
      const [inputs, outputs] = [
        [{ token: input, vaultId: vaultId(1) }],
        [{ token: output, vaultId: vaultId(2) }],
      ]
      const nonce = orders.length
      orders.push((await trader.addOrder({ bytecode: pick(programs), inputs, outputs, nonce })).order)
    } else if (kind === 1 && orders.length > 3) {
      const order = pick(orders)
      await book.traders.find(({ address }) => address === order.owner)?.removeOrder(order)
    } else if (kind < 4) {
      await trader.deposit(output, vaultId(2), `${1 + randomBelow(random, 50)}.5`)
    } else if (kind === 4) {
      await trader.withdraw(output, vaultId(1 + randomBelow(random, 2)), '1.25')
    } else if (orders.length > 0) {
      const choice = { order: pick(orders), inputIOIndex: 0, outputIOIndex: 0, signedContext: [] }
      await trader.takeOrders([choice], { maximumInput: `${1 + randomBelow(random, 3)}` })
    }
  }
  return {
    orders,
    async step(block) {
      if (block % 12 === 11) await book.reorganize(1 + randomBelow(random, 12))
      // What the chain refuses changes nothing, there and here.
      await act(pick(book.traders)).catch(() => undefined)
    },
  }
}

async function untilQuiet(
  book: LocalBook,
  replica: Replica<Mutation>,
  live: LiveVirtualRaindex<LocalDbCursor>,
): Promise<void> {
  const { hash } = await book.head()
  await expect
    .poll(
      async () => {
        const { phase } = await live.syncOnce()
        return `${phase} ${live.cursor?.hash} ${sourceSide(replica).resume().marks[0]?.mark}`
      },
      { timeout: 30_000, interval: 20 },
    )
    .toBe(`Idle ${hash} ${hash}`)
}

async function differences(
  book: LocalBook,
  replica: Replica<Mutation>,
  live: LiveVirtualRaindex<LocalDbCursor>,
  orders: readonly Order[],
): Promise<{ readonly found: readonly string[]; readonly vaults: number; readonly quotes: number }> {
  const found: string[] = []
  let quotes = 0
  const check = (what: string, ours: unknown, chains: unknown): void => {
    if (ours !== chains) found.push(`${what} is ${String(ours)} and not ${String(chains)}`)
  }
  for (const [name, rows] of [
    ['replica', replica.collection('vaults')],
    ['live', live.vaults],
  ] as const) {
    for (const [id, row] of rows.entries()) {
      // Rows of vaults are written by the projection.
      const { owner, token, vaultId: vault, balance } = row as VaultRow
      const chains = await book.vaultBalance(owner, token, vault)
      check(`vault ${id} of the ${name}, ${display(balance)}, equal`, eq(balance, chains), true)
    }
  }
  const hashes = new Set([...live.orders.entries()].map(([, row]) => (row as OrderRow).hash))
  check('orders of the replica', replica.collection('orders').size, hashes.size)
  for (const hash of hashes) check(`order ${hash}`, await book.orderExists(hash), true)
  const counterparty = book.traders[0]?.address ?? book.orderbook.address
  for (const order of orders) {
    const choice = { order, inputIOIndex: 0, outputIOIndex: 0, signedContext: [] }
    const chains = await book.quote(choice, counterparty)
    const isLive = chains.kind === 'reverted' || chains.exists
    if (!isLive) continue
    quotes += 1
    const ours = await live.quote({ ...choice, counterparty })
    const text =
      ours.kind === 'quote'
        ? `${display(ours.ioRatio)} ${display(ours.outputMax)}`
        : (revertDataOf(ours.reason) ?? ours.reason.kind)
    const theirs =
      chains.kind === 'quote' ? `${display(chains.ioRatio)} ${display(chains.outputMax)}` : chains.data
    check(`quote of ${order.nonce}`, text, theirs)
  }
  return { found, vaults: live.vaults.size, quotes }
}
