import { createSync, storeTables, type Random, type Replica } from '@freshet/core'
import {
  createSeededRandom,
  playHistories,
  shrinkHistory,
  type PlayOptions,
  type PlayResult,
} from '@freshet/core/testing'
import { createMemoryDisk, openMemoryStore, type MemoryDisk } from '@freshet/storage/memory'
import { createChainHeads } from '../client/chain/chain-heads.ts'
import { allChainRules, type ChainRules } from '../client/chain/chain-rules.ts'
import { backfillBook } from '../client/chain/backfill-book.ts'
import { createBookSync, type BookSync } from '../client/chain/create-book-sync.ts'
import { createChainSource } from '../client/chain/chain-source.ts'
import { createCodeFetcher, type CodeFetcher } from '../client/chain/code-fetcher.ts'
import { createRpcPool, type RpcPool } from '../client/chain/rpc-pool.ts'
import { beginFromSnapshot } from '../client/database/begin-from-snapshot.ts'
import { createLocalDbSyncEngine, type LocalDbCursor } from '../client/database/local-db-sync-engine.ts'
import type { LocalBook, LocalDatabase } from '../client/database/local-database.ts'
import { openLocalDatabase } from '../client/database/open-local-database.ts'
import { createBookSnapshots } from '../client/registry/book-snapshots.ts'
import {
  createStaticCodeCache,
  raindexTables,
  type Address,
  type Mutation,
  type VaultRow,
} from '../engine/index.ts'
import { floatToHex, isZero } from '../float/index.ts'
import { openLiveVirtualRaindex, type LiveVirtualRaindex } from '../live/index.ts'
import { createBookReplica } from './book-replica.ts'
import { createFakeChain, type FakeChain } from './fake-node-chain.ts'
import { createFakeNode, noNodeFaults, type FakeNode } from './fake-node.ts'
import { prepareStory, storyBook, storyCode, storyLogs } from './fake-node-story.ts'
import { createImpatientClock, type ImpatientClock } from './impatient-clock.ts'
import { differingRows, naiveRows, replicaRows, type BookRows } from './naive-rows.ts'

export type ConvergeOptions = PlayOptions & {
  /** Id of a rule to switch off: `parent-hash`, `bloom` or `store-history`. */
  readonly without?: string | undefined
}

/** The rules that can be switched off. */
const switchable: Readonly<Record<string, keyof ChainRules>> = {
  'parent-hash': 'parentHash',
  bloom: 'bloom',
  'store-history': 'storeHistory',
}

const finalityDepth = 12

/**
 * Plays random histories of a chain and its nodes: blocks, forks of 1 to 20 blocks, nodes that lie, leave out, repeat,
 * lag, stall, limit and vanish, code that comes late, restarts: of a state that has a store, of one that is taken up
 * from snapshots, or of a book that was begun from one, whose older events are filled in at last. In the end a replica fed straight from the nodes, a
 * live book fed from the local database, and the balances in it must be those of a replay of the chain.
 */
export async function converge(options: ConvergeOptions): Promise<PlayResult> {
  const rules = rulesWithout(options.without)
  const playOne = (steps: readonly Step[], seed: number): Promise<readonly string[]> =>
    play(steps, seed, { rules, kept: options.without === undefined ? keptBySeed(seed) : 'store' })
  const run = async (steps: readonly Step[], seed: number): Promise<number> =>
    (await playOne(steps, seed)).length
  return playHistories<readonly Step[]>(options, {
    make: randomSteps,
    run,
    async describe(steps, seed) {
      const shrunk = await shrinkHistory(steps, async (fewer) => (await run(fewer, seed)) > 0, 40)
      const differences = await playOne(shrunk, seed)
      const head = `seed ${seed}${options.without === undefined ? '' : ` without ${options.without}`}`
      return [head, ...shrunk.map((step) => `  ${JSON.stringify(step)}`), ...differences.slice(0, 5)].join(
        '\n',
      )
    },
  })
}

/** What a live book is opened with again. */
type Kept = 'store' | 'snapshots' | 'begun'

function keptBySeed(seed: number): Kept {
  return (['snapshots', 'begun', 'store'] as const)[seed % 3] ?? 'store'
}

/** @throws {RangeError} There is no such rule. */
function rulesWithout(id: string | undefined): ChainRules {
  if (id === undefined) return allChainRules
  const rule = switchable[id]
  if (rule) return { ...allChainRules, [rule]: false }
  throw new RangeError(
    `There is no rule ${id} to switch off; choose one of ${Object.keys(switchable).join(', ')}.`,
  )
}

type Step =
  | { readonly kind: 'mine'; readonly blocks: number; readonly salt: number }
  | { readonly kind: 'reorg'; readonly depth: number; readonly blocks: number; readonly salt: number }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'faults'; readonly node: number; readonly chance: number }
  | { readonly kind: 'down'; readonly node: number; readonly down: boolean }
  | { readonly kind: 'code' }
  | { readonly kind: 'poll' }
  | { readonly kind: 'restart' }

function randomSteps(random: Random): readonly Step[] {
  const below = (bound: number): number => Math.floor(random.next() * bound)
  return Array.from({ length: 8 + below(24) }, (): Step => {
    const kind = below(20)
    const salt = below(2 ** 31)
    if (kind < 6) return { kind: 'mine', blocks: 1 + below(5), salt }
    if (kind < 9) {
      const depth = below(10) === 0 ? 13 + below(8) : 1 + below(12)
      return { kind: 'reorg', depth, blocks: Math.max(1, depth - 1 + below(4)), salt }
    }
    if (kind < 13) return { kind: 'wait', ms: 1 + below(8_000) }
    if (kind < 15) return { kind: 'faults', node: below(2), chance: below(3) * 0.08 }
    if (kind === 15) return { kind: 'down', node: below(2), down: below(2) === 0 }
    if (kind === 16) return { kind: 'code' }
    return kind === 17 ? { kind: 'restart' } : { kind: 'poll' }
  })
}

type World = {
  readonly chain: FakeChain
  readonly nodes: readonly FakeNode[]
  readonly clock: ImpatientClock
  readonly random: Random
  readonly rules: ChainRules
  readonly kept: Kept
  readonly database: LocalDatabase
  readonly book: LocalBook
  readonly disk: MemoryDisk
  readonly filling: Promise<void>[]
}

/** What runs until it is restarted. */
type Process = {
  readonly direct: Replica<Mutation>
  readonly syncs: readonly Pick<BookSync, 'start' | 'stop'>[]
  readonly code: CodeFetcher
  readonly live: LiveVirtualRaindex<LocalDbCursor>
}

/** The differences that are left in the end. */
async function play(
  steps: readonly Step[],
  seed: number,
  { rules, kept }: Pick<World, 'rules' | 'kept'>,
): Promise<readonly string[]> {
  const random = createSeededRandom(seed ^ 0x5eed)
  const clock = createImpatientClock()
  const chain = createFakeChain({ chainId: 31_337, firstBlock: 5 })
  prepareStory(chain)
  for (let i = 0; i < 20; i++) chain.mine(storyLogs(random, chain))
  const node = (): FakeNode =>
    createFakeNode({ chain, random, clock, maxRangeBlocks: 9, fickleBlocks: finalityDepth - 4 })
  const database = await openLocalDatabase({ path: ':memory:', clock })
  const book = database.book({ chainId: chain.chainId, orderbook: storyBook })
  const world: World = {
    chain,
    nodes: [node(), node()],
    clock,
    random,
    rules,
    kept,
    database,
    book,
    disk: createMemoryDisk(),
    filling: [],
  }
  if (kept === 'begun') await begin(world)
  let process = await start(world)
  for (const step of steps) {
    if (step.kind === 'restart') {
      await stop(world, process)
      process = await start(world)
    } else await take(world, process, step)
  }
  await quieten(world, process)
  fillIn(world)
  await clock.advance(180_000)
  await Promise.all(world.filling)
  await settle(world, process)
  const differences = await compare(world, process)
  await stop(world, process)
  await database.close()
  return differences
}

async function start(world: World): Promise<Process> {
  const { chain, clock, random, rules, kept, book, disk } = world
  const pool = poolOf(world)
  const heads = () => createChainHeads({ pollMs: 1_000, clock })
  const common = { pool, orderbook: storyBook, fromBlock: chain.firstBlock, finalityDepth, clock, rules }
  const windows = { firstWindowBlocks: 4, maxWindowBlocks: 16, targetLogs: 10, windowsAhead: 3 }
  const direct = createBookReplica(storyBook)
  const follow = createSync({
    replica: direct,
    source: createChainSource({ ...common, ...windows, heads: heads() }),
    clock,
    random,
  })
  const record = createBookSync({ ...common, ...windows, ledger: book, heads: heads(), random })
  follow.start()
  record.start()
  const code = createCodeFetcher({ pool, shelf: book, clock, retryMs: 2_000 })
  const snapshots = createBookSnapshots(book, { everyBlocks: 3, keep: 2 })
  const live = await openLiveVirtualRaindex<LocalDbCursor>({
    chainId: chain.chainId,
    orderbook: storyBook,
    syncEngine: createLocalDbSyncEngine({ book, code, logsPerPoll: 12 }),
    codeCache: createStaticCodeCache(),
    host: { evaluate: () => ({ kind: 'ok', stack: [], writes: [] }) },
    clock,
    ...(kept === 'store'
      ? { store: await openMemoryStore({ tables: storeTables(raindexTables), disk }) }
      : { snapshots, beginAgain: snapshots.loadBefore }),
  })
  // The events of orders that came with a snapshot are not in the database.
  code.want(live.status.pending.artifacts)
  return { direct, syncs: [follow, record], code, live }
}

/** Begins the book from a snapshot of the chain as it is. */
async function begin(world: World): Promise<void> {
  const { chain, clock, book } = world
  const database = await openLocalDatabase({ path: ':memory:', clock })
  const whole = database.book(book.id)
  const process = await start({ ...world, book: whole, kept: 'snapshots' })
  const { live } = process
  while (live.cursor?.block !== chain.head?.number) {
    await clock.advance(1_000)
    await live.syncOnce()
  }
  await beginFromSnapshot(book, JSON.stringify(live.snapshot()))
  await stop(world, process)
  await database.close()
}

/** Fills in the events from before a snapshot that the book was begun from, while all else goes on. */
function fillIn(world: World): void {
  const { chain, book, filling } = world
  // What fails because of a node or a fork is tried again in the end.
  filling.push(
    backfillBook({ pool: poolOf(world), book, fromBlock: chain.firstBlock }).catch(() => undefined),
  )
}

function poolOf({ chain, nodes, clock, random }: World): RpcPool {
  return createRpcPool({
    chainId: chain.chainId,
    rpcs: ['http://first', 'http://second'],
    fetch: async (input, init) => {
      const node = nodes[requestUrl(input).includes('second') ? 1 : 0]
      if (node === undefined) throw new TypeError('fetch failed')
      return node.fetch(input, init)
    },
    clock,
    random,
    rateLimitDelayMs: 1_000,
    attempts: 8,
  })
}

function requestUrl(input: string | URL | Request): string {
  return input instanceof Request ? input.url : input.toString()
}

async function stop({ clock }: World, { syncs, code, live }: Process): Promise<void> {
  const ends = Promise.all([...syncs.map((sync) => sync.stop()), code.close()])
  await clock.advance(3_000)
  await ends
  await live.close()
}

async function take(
  world: World,
  { live, syncs }: Process,
  step: Exclude<Step, { kind: 'restart' }>,
): Promise<void> {
  const { chain, clock, nodes } = world
  switch (step.kind) {
    case 'mine': {
      const random = createSeededRandom(step.salt)
      for (let i = 0; i < step.blocks; i++) chain.mine(storyLogs(random, chain))
      return
    }
    case 'reorg': {
      const random = createSeededRandom(step.salt)
      chain.reorg(step.depth, [])
      for (let i = 0; i < step.blocks; i++) chain.mine(storyLogs(random, chain))
      return
    }
    case 'wait':
      return clock.advance(step.ms)
    case 'faults':
      return setFaults(nodes[step.node], step.chance)
    case 'down': {
      const node = nodes[step.node]
      if (node) node.down = step.down
      return
    }
    case 'code':
      if (world.kept === 'begun') fillIn(world)
      return storyCode(chain)
    case 'poll':
      await live.syncOnce().catch(() => undefined)
      for (const sync of syncs) sync.start()
  }
}

function setFaults(node: FakeNode | undefined, chance: number): void {
  if (node === undefined) return
  node.faults = {
    rateLimit: chance,
    html: chance / 2,
    serverError: chance,
    stall: chance / 8,
    dropLogs: chance * 3,
    duplicateLogs: chance * 3,
    lie: chance / 2,
    lag: chance * 2,
  }
}

async function quieten(world: World, process: Process): Promise<void> {
  const { chain, clock, nodes } = world
  storyCode(chain)
  for (const node of nodes) {
    node.faults = noNodeFaults
    node.down = false
  }
  // A chain that became shorter is soon longer again; until then it looks like a node that lags.
  for (let i = 0; i < 4; i++) chain.mine([])
  // What a lying node has halted is begun again by whoever looks after it.
  for (const sync of process.syncs) sync.start()
  await clock.advance(180_000)
  await settle(world, process)
}

async function settle({ clock }: World, { live }: Process): Promise<void> {
  for (let poll = 0; poll < 60; poll++) {
    const status = await live.syncOnce().catch(() => live.reset())
    if (status?.phase === 'Idle') return
    await clock.advance(5_000)
  }
}

async function compare(world: World, { direct, live, syncs }: Process): Promise<readonly string[]> {
  const { chain, database, kept } = world
  const expected = naiveRows(chain, storyBook)
  const bundle = live.snapshot()
  const liveRows: BookRows = {
    ...replicaRows({ collection: (table) => (table === 'vaults' ? live.vaults : live.orders) }),
    store: expected['store'] ?? [],
  }
  const words = bundle.store.length - (expected['store']?.length ?? 0)
  const state = direct.status.get()
  return [
    ...differingRows(replicaRows(direct), expected).map((row) => `direct, ${row}`),
    ...differingRows(liveRows, expected)
      .filter(
        (row) => kept !== 'begun' || tokenOf(row) === undefined || chain.tokens.has(tokenOf(row) ?? '0x'),
      )
      .map((row) => `live, ${row}`),
    ...(words === 0 ? [] : [`live, store words: ${words} too many`]),
    ...(await wrongBalances(database, expected)),
    ...(state.state === 'live' && syncs.length === 2
      ? []
      : [`direct is ${state.state}: ${state.freshness.lastError?.message}`]),
  ]
}

/**
 * The token of a vault. A snapshot does not say which tokens tell no decimals, so that vaults of those may hold what
 * moved after it.
 */
function tokenOf(row: string): Address | undefined {
  const [, token] = /\["token","(0x[0-9a-f]{40})"\]/.exec(row) ?? []
  // Read by the expression.
  return token as Address | undefined
}

async function wrongBalances(database: LocalDatabase, expected: BookRows): Promise<readonly string[]> {
  const rows = await database.query('SELECT owner, token, vault_id, balance FROM running_vault_balances')
  const held = new Set(
    rows.map(({ owner, token, vault_id: id, balance }) => [owner, token, id, balance].join(' ')),
  )
  const vaults = (expected['vaults'] ?? []).flatMap((text) => {
    // Written by textOf from a vault's row; a bigint has an n behind it.
    const row = Object.fromEntries(JSON.parse(text) as [string, string][]) as Record<keyof VaultRow, string>
    const balance = BigInt(row.balance.slice(0, -1)) as VaultRow['balance']
    return isZero(balance) ? [] : [[row.owner, row.token, row.vaultId, floatToHex(balance)].join(' ')]
  })
  return vaults.filter((vault) => !held.has(vault)).map((vault) => `database lacks ${vault}`)
}
