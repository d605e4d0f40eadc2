import { createIntake, createReplica, systemClock } from '@freshet/core'
import { createWasmEvm } from '@freshet/evm'
import { createRpcPool, fetchRpcQuotes } from '@freshet/raindex/client'
import {
  createEvmInterpreter,
  createRaindexProjection,
  createStaticCodeCache,
  hashOrder,
  quoteOrder,
  raindexTables,
  replicaState,
  type Artifact,
  type EvaluationHost,
  type Hex,
  type Mutation,
  type Order,
  type Orderbook,
  type StaticCodeCache,
} from '@freshet/raindex/engine'
import { floatToHex, parse } from '@freshet/raindex/float'
import { openQuotes, type QuoteWorkers } from '@freshet/raindex/live'
import { createQuoteWorkers } from '@freshet/raindex/live/workers'
import { findAnvil, op, startLocalBook, testProgram, type LocalBook } from '@freshet/raindex/testing'
import { benchRow, type BenchRow } from '../bench-row.ts'
import { interleave, median } from '../measure.ts'

const liveOrders = 5_000
const touched = 20
const askedAtOnce = 1_000
const alone = 50

/**
 * Quotes made here against the chain's own over loopback, and what a block costs a book of 5,000 live orders until
 * every listener has the new quotes.
 */
export async function run(): Promise<readonly BenchRow[]> {
  const anvil = findAnvil()
  if (anvil === undefined)
    throw new Error('These rows need anvil: npm installs it on Linux x64, or set FRESHET_ANVIL.')
  const book = await startLocalBook({ anvil })
  try {
    return [
      ...(await againstChain(book)),
      ...(await workersAgainstChain(book)),
      ...(await liveBlocks(book, 'still')),
      ...(await liveBlocks(book, 'clock')),
      ...(await liveBlocks(book, 'clock', 2)),
    ]
  } finally {
    await book.close()
  }
}

async function againstChain(book: LocalBook): Promise<readonly BenchRow[]> {
  const [maker] = book.traders
  if (maker === undefined) throw new Error('no trader')
  const orders = await addOrders(book, 'still')
  const { host, state } = await openHost(book, orders)
  const pool = createRpcPool({ chainId: book.chainId, rpcs: [book.url] })
  const { number, hash } = await book.head()
  const counterparty = maker.address
  const block = { number, hash }
  const signal = new AbortController().signal
  const targetOf = (i: number) => ({
    order: orders[i % orders.length] ?? fail(),
    inputIOIndex: 0,
    outputIOIndex: 0,
  })
  const many = Array.from({ length: askedAtOnce }, (_, i) => targetOf(i))
  const few = many.slice(0, alone)
  const from = { pool, orderbook: book.orderbook.address, chunkSize: 64 }
  const here = async (targets: typeof many): Promise<void> => {
    for (const target of targets) {
      const quote = await quoteOrder(host, state, { ...target, counterparty })
      if (quote.kind !== 'quote') throw new Error(`no quote: ${quote.reason.kind}`)
    }
  }
  const answered = await fetchRpcQuotes(from, { targets: many.slice(0, 64), counterparty, block, signal })
  if (answered.some(({ kind }) => kind !== 'quote')) throw new Error('The chain does not quote.')
  const figures = await interleave({
    hereOne: () => microsEach(few.length, () => here(few)),
    chainOne: () =>
      microsEach(few.length, async () => {
        for (const target of few)
          await fetchRpcQuotes(from, { targets: [target], counterparty, block, signal })
      }),
    hereMany: () => microsEach(many.length, () => here(many)),
    chainMany: () =>
      microsEach(many.length, async () => {
        await fetchRpcQuotes(from, { targets: many, counterparty, block, signal })
      }),
  })
  const row = (name: string, ours: readonly number[], theirs: readonly number[], bound: number): BenchRow => {
    const [us, them] = [median(ours), median(theirs)]
    const note = `${us.toFixed(0)} against ${them.toFixed(0)} µs a quote`
    return benchRow({ name, measured: them / us, bound, better: 'higher', note })
  }
  return [
    row(
      'virtual quote, times as fast as quote2 on anvil, one at a time',
      figures.hereOne,
      figures.chainOne,
      2.5,
    ),
    row(
      'virtual quote, times as fast as quote2 on anvil, 1,000 at once',
      figures.hereMany,
      figures.chainMany,
      1.4,
    ),
  ]
}

/** Twenty orders on the chain. */
async function addOrders(book: LocalBook, kind: Kind): Promise<readonly Order[]> {
  const [maker] = book.traders
  if (maker === undefined) throw new Error('no trader')
  const orders = Array.from({ length: 20 }, (_, number) => orderOf(book, number, kind))
  for (const order of orders) {
    const { bytecode } = order.evaluable
    const [output] = order.validOutputs
    if (output === undefined) throw new Error('no output')
    await maker.addOrder({
      bytecode,
      inputs: order.validInputs,
      outputs: order.validOutputs,
      nonce: Number(BigInt(order.nonce)),
    })
    await maker.deposit(output.token, output.vaultId, '5')
  }
  return orders
}

/** 1,000 live orders that read the time, on a new block until every listener has been told, against the chain. */
async function workersAgainstChain(book: LocalBook): Promise<readonly BenchRow[]> {
  const onChain = await addOrders(book, 'clock')
  const pool = createRpcPool({ chainId: book.chainId, rpcs: [book.url] })
  const { number, hash } = await book.head()
  const asked = Array.from({ length: askedAtOnce }, (_, i) => ({
    order: onChain[i % onChain.length] ?? fail(),
    inputIOIndex: 0,
    outputIOIndex: 0,
  }))
  const from = { pool, orderbook: book.orderbook.address, chunkSize: 64 }
  const block = { number, hash }
  const counterparty = book.orderbook.address
  const signal = new AbortController().signal
  const orders = Array.from({ length: askedAtOnce }, (_, i) => orderOf(book, i, 'clock'))
  const live = await openLive(book, orders, 2)
  const figures = await interleave({
    workers: () => microsEach(askedAtOnce, () => live.nextBlock(askedAtOnce)),
    chain: () =>
      microsEach(askedAtOnce, async () => {
        await fetchRpcQuotes(from, { targets: asked, counterparty, block, signal })
      }),
  })
  live.close()
  const [us, them] = [median(figures.workers), median(figures.chain)]
  return [
    benchRow({
      name: 'virtual quote, times as fast as quote2 on anvil, 1,000 at once on two workers',
      measured: them / us,
      bound: 2,
      better: 'higher',
      note: `${us.toFixed(0)} against ${them.toFixed(0)} µs a quote`,
    }),
  ]
}

type Kind = 'still' | 'clock'

/** Quotes of live orders, and blocks for them. */
async function openLive(book: LocalBook, orders: readonly Order[], workerCount = 0) {
  const scene = await openHost(book, orders)
  const workers = workerCount === 0 ? undefined : startWorkers(book, scene.cache, workerCount)
  const quotes = openQuotes({ replica: scene.replica, host: scene.host, clock: systemClock, workers })
  let told = 0
  quotes.collection.subscribe(({ ids }) => {
    told += ids === 'all' ? 0 : ids.length
  })
  await quotes.settled()
  let blockNumber = 10
  return {
    ...scene,
    /** A block with some changes, until every listener has the new quotes. */
    async nextBlock(moved: number, changes: (blockNumber: number) => readonly Mutation[] = () => []) {
      const before = [quotes.evaluated, told] as const
      blockNumber++
      scene.apply([
        { kind: 'setEnv', blockNumber, timestamp: 1_700_000_000 + blockNumber },
        ...changes(blockNumber),
      ])
      await quotes.settled()
      if (quotes.evaluated - before[0] !== moved)
        throw new Error(`${quotes.evaluated - before[0]} quotes made`)
      if (told - before[1] < moved) throw new Error('A listener was not told.')
    },
    close() {
      quotes.close()
      workers?.close()
    },
  }
}

function startWorkers(book: LocalBook, cache: StaticCodeCache, workers: number): QuoteWorkers {
  const { address } = book.orderbook
  return createQuoteWorkers({ cache, chainId: BigInt(book.chainId), orderbook: address, workers })
}

/** `still`: orders read words only, and a block fills 20 vaults. `clock`: all of them read the time. */
async function liveBlocks(book: LocalBook, kind: Kind, workers = 0): Promise<readonly BenchRow[]> {
  const orders = Array.from({ length: liveOrders }, (_, number) => orderOf(book, number, kind))
  const live = await openLive(book, orders, workers)
  const moved = kind === 'still' ? touched : liveOrders
  const counterparty = book.orderbook.address
  const deposits = (blockNumber: number): readonly Mutation[] => [
    depositsOf(
      Array.from({ length: touched }, (_, i) => orders[(blockNumber * touched + i) % liveOrders] ?? fail()),
    ),
  ]
  const used = { live: [] as number[], single: [] as number[] }
  const measured = async (which: 'live' | 'single', work: () => Promise<void>): Promise<number> => {
    const before = process.cpuUsage()
    const micros = await microsEach(moved, work)
    const { user, system } = process.cpuUsage(before)
    used[which].push((user + system) / moved)
    return micros
  }
  const figures = await interleave(
    {
      live: () => measured('live', () => live.nextBlock(moved, kind === 'still' ? deposits : undefined)),
      single: () =>
        measured('single', async () => {
          for (const order of orders.slice(0, moved)) {
            await quoteOrder(live.host, live.state, {
              order: hashOrder(order),
              inputIOIndex: 0,
              outputIOIndex: 0,
              counterparty,
            })
          }
        }),
    },
    { rounds: kind === 'still' ? 15 : 9 },
  )
  live.close()
  const [block, single] = [median(figures.live), median(figures.single)]
  const note = `${((block * moved) / 1_000).toFixed(1)} against ${((single * moved) / 1_000).toFixed(1)} ms`
  if (kind === 'still') {
    const name = 'a block that touches 20 of 5,000 live orders, times quoting the 20'
    return [benchRow({ name, measured: block / single, bound: 3, better: 'lower', note })]
  }
  const on = workers === 0 ? '' : `, on ${workers} workers and divided by them`
  const name = `a block for 5,000 live orders that read the time, times as many single quotes${on}`
  // Other processes do not add to this one; with the second core free, the first follows from it.
  const [usedLive, usedSingle] = [median(used.live.slice(2)), median(used.single.slice(2))]
  return [
    benchRow({ name, measured: (block * Math.max(1, workers)) / single, bound: 1.3, better: 'lower', note }),
    benchRow({
      name: `the same, processor time of all threads${workers === 0 ? '' : `, on ${workers} workers`}`,
      measured: usedLive / usedSingle,
      bound: 1.3,
      better: 'lower',
      note: `${usedLive.toFixed(0)} against ${usedSingle.toFixed(0)} µs a quote`,
    }),
  ]
}

const push = (text: string): string => op.push(floatToHex(parse(text)))
const filler = Array.from({ length: 8 }, () => [push('1.01'), op.mulFloat]).flat()

/** A program of some twenty words that reads its store, and the time where it is asked to. */
function orderOf(book: LocalBook, number: number, kind: Kind): Order {
  const [input, output] = book.tokens
  const [maker] = book.traders
  if (input === undefined || output === undefined || maker === undefined) throw new Error('no market')
  const vaultId: Hex = `0x${(number + 1).toString(16).padStart(64, '0')}`
  const price = kind === 'still' ? [push('1.5')] : [push('1e9'), op.time, op.divFloat]
  const { interpreter, store } = book
  return {
    owner: maker.address,
    evaluable: {
      interpreter,
      store,
      bytecode: testProgram([push('3'), ...price, ...filler, op.push(vaultId), op.get, op.addFloat]),
    },
    validInputs: [{ token: input.address, vaultId }],
    validOutputs: [{ token: output.address, vaultId }],
    nonce: vaultId,
  }
}

function depositsOf(orders: readonly Order[]): Mutation {
  const deltas = orders.flatMap(({ owner, validOutputs }) =>
    validOutputs.map((io) => ({ owner, ...io, delta: parse('1') })),
  )
  return { kind: 'vaultDeltas', deltas }
}

async function openHost(
  {
    artifacts,
    chainId,
    orderbook,
    tokens,
  }: {
    readonly artifacts: readonly Artifact[]
    readonly chainId: number
    readonly orderbook: Orderbook
    readonly tokens: LocalBook['tokens']
  },
  orders: readonly Order[],
) {
  const intake = createIntake({ projection: createRaindexProjection('v5'), isReady: () => true })
  const replica = createReplica<Mutation>({ name: 'bench', tables: raindexTables, intake })
  const apply = (facts: readonly Mutation[]): void => {
    const after = replica.position
    replica.apply({ kind: 'log', after, upTo: after + 1, facts })
  }
  apply([
    { kind: 'setOrders', orders },
    {
      kind: 'setTokenDecimals',
      tokens: tokens.map(({ address, decimals }) => ({ token: address, decimals })),
    },
    depositsOf(orders),
  ])
  const cache = createStaticCodeCache(artifacts)
  const engine = await createWasmEvm()
  const options = { engine, cache, chainId: BigInt(chainId), orderbook: orderbook.address }
  const host: EvaluationHost = { orderbook, interpreter: createEvmInterpreter(options) }
  return { replica, host, cache, state: replicaState(replica), apply }
}

async function microsEach(count: number, work: () => Promise<void>): Promise<number> {
  const start = performance.now()
  await work()
  return ((performance.now() - start) * 1_000) / count
}

function fail(): never {
  throw new Error('There is no such order.')
}
