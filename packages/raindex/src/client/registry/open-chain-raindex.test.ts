import { createWasmEvm } from '@freshet/evm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createEvmInterpreter, type Bytes32, type Hex } from '../../engine/index.ts'
import { display, floatToHex, parse } from '../../float/index.ts'
import { findAnvil } from '../../testing/anvil.ts'
import { startLocalBook, type LocalBook } from '../../testing/local-book.ts'
import { op, testProgram } from '../../testing/test-program.ts'
import { createChainHeads, createRpcPool, type RpcFetch, type RpcPool } from '../chain/index.ts'
import type { LocalDatabase } from '../database/index.ts'
import { openLocalDatabase } from '../database/sqlite.ts'
import { fetchRpcQuotes } from '../quotes/index.ts'
import { openChainRaindex, type ChainRaindex } from './open-chain-raindex.ts'
import { chainRaindex } from './registered-raindex.ts'
import { createVirtualRaindexRegistry } from './virtual-raindex-registry.ts'

// On a real chain: what is computed here is what the order book answers, at the same block.

const anvil = findAnvil()
const skipped =
  anvil === undefined ? ' (skipped: no anvil; it comes with npm on Linux x64, or set FRESHET_ANVIL)' : ''

let opened: LocalBook | undefined
beforeAll(async () => {
  if (anvil !== undefined)
    opened = await startLocalBook({ anvil, startsAt: Math.floor(Date.now() / 1000) - 3_600 })
})
afterAll(() => opened?.close())

test.skipIf(anvil === undefined)(
  `[RG4] both quotes of each order are of one block and equal, also after trades and a fork${skipped}`,
  { timeout: 60_000 },
  async () => {
    const { book, database, pool, open } = await setUp()
    const { first, second, orders } = await makeMarket(book)
    const chain = await open()
    const registry = createVirtualRaindexRegistry({
      open: async () => chainRaindex(chain, { pool, orderbook: book.orderbook.address }),
    })
    const handle = await registry.acquire({ chainId: book.chainId, orderbook: book.orderbook.address })
    const quoteAll = () =>
      Promise.all(
        orders.map(({ orderHash }) =>
          handle.order(orderHash).ensureVirtualSyncAndQuote({ counterparty: second.address }),
        ),
      )
    const before = await quoteAll()
    expect(before.map(({ verdict }) => verdict?.kind)).toEqual(['match', 'match', 'match', 'match'])
    expect(before.map(({ rpc }) => rpc?.kind)).toEqual(['quote', 'quote', 'reverted', 'quote'])
    expect(before.map(({ comparable }) => comparable)).toEqual([true, true, true, true])
    expect(new Set(before.map(({ block }) => block?.hash)).size).toBe(1)
    const [constant] = before
    expect(constant?.virtual.kind === 'quote' && display(constant.virtual.ioRatio)).toBe('1.5')

    const [order] = orders
    if (order === undefined) throw new Error('no order')
    await second.takeOrders([{ order: order.order }], { maximumInput: '1' })
    await first.removeOrder(order.order)
    const after = await quoteAll()
    expect(after.map(({ verdict }) => verdict?.kind)).toEqual(['match', 'match', 'match', 'match'])
    expect(after[0]?.rpc?.kind).toBe('no-order')

    await book.reorganize(2)
    await book.mine(1)
    const forked = await quoteAll()
    expect(forked.map(({ verdict }) => verdict?.kind)).toEqual(['match', 'match', 'match', 'match'])
    expect(forked[0]?.rpc?.kind, 'its removal was undone').toBe('quote')
    expect(registry.metrics).toMatchObject({ divergences: 0, catchUps: 12 })
    await registry.close()
    await database.close()
  },
)

test.skipIf(anvil === undefined)(
  `[RG3] a book that was open before quotes from the database while no node answers${skipped}`,
  { timeout: 60_000 },
  async () => {
    const { book, database, open, network } = await setUp()
    const { second, orders } = await makeMarket(book)
    const [order] = orders
    const pair = {
      order: order?.orderHash ?? '0x',
      inputIOIndex: 0,
      outputIOIndex: 0,
      counterparty: second.address,
    }
    const before = await open()
    await before.caughtUp()
    const known = await before.live.quote(pair)
    const { block } = before.freshness
    expect(before.counts).toEqual({ bytecodeFetches: 2, snapshotLoads: 0 })
    await before.close()

    network.isDown = true
    const after = await open()
    while (after.freshness.block !== block || after.freshness.isReading) await change(after)
    expect(await after.live.quote(pair)).toEqual(known)
    expect(after.freshness.headBlock).toBeUndefined()
    expect(after.counts).toEqual({ bytecodeFetches: 0, snapshotLoads: 1 })

    network.isDown = false
    await book.mine(3)
    await after.caughtUp()
    expect(after.freshness).toMatchObject({ block: (await book.head()).number, chain: { state: 'live' } })
    await after.close()
    await database.close()
  },
)

test.skipIf(anvil === undefined)(
  `[RG5] the chain is asked for many quotes at once, and one that reverts costs only itself${skipped}`,
  { timeout: 60_000 },
  async () => {
    const { book, database, pool, network } = await setUp()
    const { second, orders } = await makeMarket(book)
    const { number, hash } = await book.head()
    const targets = Array.from({ length: 20 }, (_, i) => {
      // The third reverts.
      const order = orders[i === 5 ? 2 : i % 2]?.order
      if (order === undefined) throw new Error('no order')
      return { order, inputIOIndex: 0, outputIOIndex: 0 }
    })
    const request = { targets, counterparty: second.address, block: { number, hash } }
    const signal = new AbortController().signal
    // The node is asked once which chain it is of.
    await pool.ask([{ method: 'eth_blockNumber', params: [] }], () => undefined, { signal })
    network.calls = 0
    const answers = await fetchRpcQuotes({ pool, orderbook: book.orderbook.address }, { ...request, signal })
    expect(answers.map(({ kind }) => kind)).toEqual(targets.map((_, i) => (i === 5 ? 'reverted' : 'quote')))
    // Sixteen and four, the sixteen halved four times.
    expect(network.calls).toBe(2 + 8)
    for (const [i, answer] of answers.entries()) {
      const order = targets[i]?.order
      if (order === undefined || answer.kind !== 'quote') continue
      const chains = await book.quote({ order }, second.address)
      expect(answer).toMatchObject(
        chains.kind === 'quote' ? { outputMax: chains.outputMax, ioRatio: chains.ioRatio } : {},
      )
    }
    network.isDown = true
    const silent = createRpcPool({
      chainId: book.chainId,
      rpcs: [book.url],
      fetch: network.fetch,
      attempts: 1,
    })
    const [unanswered] = await fetchRpcQuotes(
      { pool: silent, orderbook: book.orderbook.address },
      { ...request, targets: targets.slice(0, 1), signal },
    )
    expect(unanswered?.kind).toBe('unavailable')
    await database.close()
  },
)

const word = (text: string): Bytes32 => floatToHex(parse(text))
const vaultId: Bytes32 = `0x${'1'.padStart(64, '0')}`

/** A constant, one that falls with time, one that divides by zero, one that depends on who takes. */
const programs: readonly Hex[] = [
  testProgram([op.push(word('3')), op.push(word('1.5'))]),
  testProgram([op.push(word('2')), op.push(word('1e9')), op.time, op.divFloat]),
  testProgram([op.push(word('1')), op.push(word('1')), op.push(word('0')), op.divFloat]),
  testProgram([op.push(word('2')), op.context(1, 2)]),
]

let nonce = 0

async function makeMarket(book: LocalBook) {
  const [first, second] = book.traders
  const [input, output] = book.tokens
  if (!first || !second || !input || !output) throw new Error('no market')
  await first.deposit(output.address, vaultId, '100')
  const orders = []
  for (const bytecode of programs) {
    const io = (token: Hex) => [{ token, vaultId }]
    orders.push(
      await first.addOrder({
        bytecode,
        inputs: io(input.address),
        outputs: io(output.address),
        nonce: ++nonce,
      }),
    )
  }
  return { first, second, orders }
}

async function setUp() {
  const book = opened
  if (book === undefined) throw new Error('the chain did not start')
  const network = {
    isDown: false,
    calls: 0,
    fetch: (async (input, init) => {
      if (network.isDown) throw new TypeError('fetch failed')
      network.calls++
      return fetch(input, init)
    }) as RpcFetch,
  }
  const backoff = { baseMs: 5, capMs: 20, jitter: 0.2 }
  const pool: RpcPool = createRpcPool({
    chainId: book.chainId,
    rpcs: [book.url],
    fetch: network.fetch,
    backoff,
  })
  const database: LocalDatabase = await openLocalDatabase({ path: ':memory:' })
  const open = async (): Promise<ChainRaindex> => {
    const engine = await createWasmEvm()
    const { chainId, orderbook, deployedAt: fromBlock } = book
    return openChainRaindex({
      ...{ chainId, orderbook, fromBlock, pool, database },
      heads: createChainHeads({ pollMs: 20 }),
      interpreter: (cache) =>
        createEvmInterpreter({ engine, cache, chainId: BigInt(chainId), orderbook: orderbook.address }),
    })
  }
  return { book, database, pool, open, network }
}

function change(raindex: ChainRaindex): Promise<void> {
  return new Promise((resolve) => {
    const stop = raindex.subscribe(() => {
      stop()
      resolve()
    })
  })
}
