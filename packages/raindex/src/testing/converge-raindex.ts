import { storeTables, type Random, type Row, type Store } from '@freshet/core'
import { createSeededRandom, shrinkHistory } from '@freshet/core/testing'
import { createMemoryDisk, openMemoryStore, type MemoryDisk } from '@freshet/storage/memory'
import {
  createRaindexProjection,
  createStaticCodeCache,
  raindexTables,
  type Artifact,
} from '../engine/index.ts'
import {
  openLiveVirtualRaindex,
  type LiveVirtualRaindex,
  type PollResult,
  type SyncEngine,
} from '../live/index.ts'
import { createBlockChain, type BlockChain } from './block-chain.ts'
import { addressOf } from './fixture-order.ts'
import { createMapDraft } from './map-draft.ts'
import { codeOf, randomMutations } from './random-mutations.ts'

export type ConvergeOptions = {
  readonly seed: number
  readonly histories: number
  /** Id of a rule to switch off, to show that the harness notices: `RX35` or `RX31`. */
  readonly without?: string | undefined
  readonly onProgress?: ((historiesDone: number) => void) | undefined
}

export type ConvergeResult = {
  readonly histories: number
  /** Rows that differ from a fresh replay of the canonical blocks once everything has arrived. */
  readonly wrong: number
  /** The shrunk history of the first failing seed. */
  readonly report?: string | undefined
}

/**
 * Plays random histories of a live order book: blocks, forks, blocks sent again, code that comes late, polls that
 * fail, and deaths at any write followed by a restart; in the end its rows must be those of the canonical blocks.
 */
export async function converge({
  seed,
  histories,
  without,
  onProgress,
}: ConvergeOptions): Promise<ConvergeResult> {
  if (without !== undefined && !switchable.includes(without)) {
    throw new RangeError(`${without} cannot be switched off. Rules: ${switchable.join(', ')}.`)
  }
  let wrong = 0
  let report: string | undefined
  for (let i = 0; i < histories; i++) {
    const steps = randomSteps(createSeededRandom(seed + i))
    const wrongRows = await play(steps, seed + i, without)
    wrong += wrongRows
    if (wrongRows > 0 && report === undefined) {
      const shrunk = await shrinkHistory(steps, async (fewer) => (await play(fewer, seed + i, without)) > 0)
      report = `seed ${seed + i}${without ? ` without ${without}` : ''}: ${shrunk.map(describe).join(', ')}`
    }
    onProgress?.(i + 1)
  }
  return { histories, wrong, report }
}

const switchable: readonly string[] = ['RX31', 'RX35']

type Step =
  | { readonly kind: 'mine'; readonly salt: number }
  | { readonly kind: 'fork'; readonly depth: number; readonly salt: number }
  /** `again`: how many blocks before the cursor are sent once more. */
  | { readonly kind: 'poll'; readonly blocks: number; readonly again: number }
  | { readonly kind: 'code'; readonly which: number }
  | { readonly kind: 'fail' }
  /** The process dies after this many more commits, during the polls that follow. */
  | { readonly kind: 'die'; readonly commits: number }

function randomSteps(random: Random): readonly Step[] {
  const below = (bound: number): number => Math.floor(random.next() * bound)
  return Array.from({ length: 10 + below(40) }, (): Step => {
    const kind = below(20)
    if (kind < 7) return { kind: 'mine', salt: below(2 ** 31) }
    if (kind < 9) return { kind: 'fork', depth: 1 + below(4), salt: below(2 ** 31) }
    if (kind < 16) return { kind: 'poll', blocks: 1 + below(5), again: below(3) }
    if (kind < 18) return { kind: 'code', which: below(4) }
    return kind === 18 ? { kind: 'fail' } : { kind: 'die', commits: below(3) }
  })
}

function describe(step: Step): string {
  if (step.kind === 'poll')
    return `poll ${step.blocks} blocks${step.again > 0 ? ` and ${step.again} again` : ''}`
  if (step.kind === 'fork') return `fork ${step.depth} deep`
  if (step.kind === 'die') return `die after ${step.commits} commits`
  return step.kind === 'code' ? `code ${step.which}` : step.kind
}

type Cursor = { readonly number: number; readonly hash: `0x${string}` }

type World = {
  readonly chain: BlockChain
  readonly disk: MemoryDisk
  readonly arrived: Artifact[]
  readonly without: string | undefined
  /** How the next poll is answered. */
  next: { readonly blocks: number; readonly again: number; readonly fails: boolean }
  /** Commits the store still takes; undefined for a store that lives. */
  commitsLeft: number | undefined
  live: LiveVirtualRaindex<Cursor>
}

async function play(steps: readonly Step[], seed: number, without: string | undefined): Promise<number> {
  const base = {
    chain: createBlockChain(),
    disk: createMemoryDisk(),
    arrived: [],
    without,
    next: { blocks: 1, again: 0, fails: false },
    commitsLeft: undefined,
  }
  // The book is opened on the world it belongs to.
  const world = base as unknown as World
  world.live = await open(world)
  for (const step of steps) await take(world, step, seed)
  world.commitsLeft = undefined
  await restart(world)
  for (const which of [0, 1, 2, 3]) arrive(world, which)
  for (let poll = 0; poll < world.chain.canonical.length + 3; poll++) await pollOnce(world, 50, 0)
  return wrongRows(world)
}

async function take(world: World, step: Step, seed: number): Promise<void> {
  const { chain } = world
  const mine = (salt: number): void =>
    chain.mine(randomMutations(createSeededRandom(seed ^ salt), chain.canonical))
  switch (step.kind) {
    case 'mine':
      return mine(step.salt)
    case 'fork':
      chain.drop(step.depth)
      mine(step.salt)
      return mine(step.salt + 1)
    case 'poll':
      return pollOnce(world, step.blocks, step.again)
    case 'code':
      return arrive(world, step.which)
    case 'fail':
      world.next = { blocks: 0, again: 0, fails: true }
      return void (await settled(world.live.syncOnce()))
    case 'die':
      world.commitsLeft = step.commits
  }
}

async function pollOnce(world: World, blocks: number, again: number): Promise<void> {
  world.next = { blocks, again, fails: false }
  if (await settled(world.live.syncOnce())) return
  // Nothing came back: the store has died, and the process with it.
  world.commitsLeft = undefined
  await restart(world)
}

async function restart(world: World): Promise<void> {
  world.live = await open(world)
}

function arrive(world: World, which: number): void {
  world.arrived.push(...codeOf(which))
}

async function open(world: World): Promise<LiveVirtualRaindex<Cursor>> {
  return openLiveVirtualRaindex<Cursor>({
    chainId: 1,
    orderbook: { address: addressOf(0x99), version: 'v5' },
    syncEngine: engineOf(world),
    // Code is the host's to keep; what had arrived is there again.
    codeCache: createStaticCodeCache(world.arrived),
    host: { evaluate: () => ({ kind: 'ok', stack: [], writes: [] }) },
    store: mortal(world, await openMemoryStore({ tables: storeTables(raindexTables), disk: world.disk })),
  })
}

function engineOf(world: World): SyncEngine<Cursor> {
  return {
    async poll(_, cursor): Promise<PollResult<Cursor>> {
      const { chain, next, arrived, without } = world
      if (next.fails) throw new Error('the node is down')
      const ancestor = cursor === undefined ? undefined : chain.ancestorOf(cursor.hash)
      const forked = cursor !== undefined && ancestor?.hash !== cursor.hash
      const from = ancestor === undefined ? 0 : ancestor.number + 1
      const first = forked ? from : Math.max(0, from - next.again)
      const blocks = chain.canonical.slice(first, from + next.blocks)
      const last = blocks.at(-1)
      return {
        nextCursor: last && { number: last.number, hash: last.hash },
        mutationBatches: blocks.map(({ number, hash, mutations }) => ({
          mutations,
          position: without === 'RX35' ? undefined : { blockNumber: number, logIndex: 0, blockHash: hash },
        })),
        bytecode: [...arrived],
        pendingArtifacts: [],
        heartbeat: false,
        rewindTo: forked ? { blockNumber: ancestor?.number ?? -1 } : undefined,
      }
    },
  }
}

/** A store that stops taking commits when its time has come. */
function mortal(world: World, store: Store): Store {
  return {
    ...store,
    commit(commit, term) {
      if (world.commitsLeft !== undefined && world.commitsLeft-- <= 0) return new Promise(() => undefined)
      if (world.without !== 'RX31') return store.commit(commit, term)
      // The cursor and the rest apart, as two writes would be: the second is lost.
      const writes = commit.writes.filter(({ table }) => raindexTables.every(({ name }) => name !== table))
      return store.commit(
        { ...commit, writes: world.commitsLeft === undefined ? commit.writes : writes },
        term,
      )
    },
  }
}

/** Whether a poll ends. A memory store needs nothing but turns. */
async function settled(poll: Promise<unknown>): Promise<boolean> {
  let done = false
  void poll.then(
    () => (done = true),
    () => (done = true),
  )
  for (let turn = 0; turn < 400 && !done; turn++) await Promise.resolve()
  return done
}

/** Rows that differ from those of a fresh replay, in either direction. */
function wrongRows({ chain, disk }: World): number {
  const fresh = createMapDraft()
  for (const { mutations } of chain.canonical) createRaindexProjection('v5').apply(fresh, mutations)
  let wrong = 0
  for (const { name } of raindexTables) {
    const expected = new Set(fresh.rows(name).map(textOf))
    const kept = [...(disk.tables.get(name)?.rows.values() ?? [])].map(({ value }) => textOf(value))
    wrong += kept.filter((row) => !expected.has(row)).length + Math.max(0, expected.size - kept.length)
  }
  return wrong
}

function textOf(row: Row): string {
  const sorted = Object.entries(row).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return JSON.stringify(sorted, (_, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value))
}
