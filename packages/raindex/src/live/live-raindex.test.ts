import { storeTables, type Commit, type Store } from '@freshet/core'
import { createMemoryDisk, openMemoryStore, type MemoryDisk } from '@freshet/storage/memory'
import { expect, test } from 'vitest'
import {
  createStaticCodeCache,
  hashOrder,
  raindexTables,
  vaultRowId,
  type Artifact,
  type Mutation,
  type SnapshotBundle,
  type StaticCodeCache,
} from '../engine/index.ts'
import { display, parse, type Float } from '../float/index.ts'
import { addressOf, fixtureOrder, wordOf } from '../testing/fixture-order.ts'
import { leaves, scriptedInterpreter } from '../testing/scripted-interpreter.ts'
import { createInMemoryCursorStore, createInMemorySnapshotStore, type SnapshotStore } from './adapters.ts'
import { openLiveVirtualRaindex, type LiveOptions, type LiveVirtualRaindex } from './live-raindex.ts'
import { advisoryText, type LivePhase, type LiveStatus, type SyncProgress } from './live-status.ts'
import { createStubSyncEngine, demoSteps, stubStepsFromJson } from './stub-engine.ts'
import type { ChainPosition, MutationEnvelope, PollResult, SyncEngine } from './sync-engine.ts'

const orderbook = { address: addressOf(0x11), version: 'v5' } as const
const { owner } = fixtureOrder
const vault = { owner, token: addressOf(0x20), vaultId: wordOf(2) }
const vaultId = vaultRowId(owner, vault.token, vault.vaultId)
const interpreterCode: Artifact = { kind: 'Interpreter', address: addressOf(0xaa), bytecode: '0x01' }
const storeCode: Artifact = { kind: 'Store', address: addressOf(0xbb), bytecode: '0x02' }
const addOrder: Mutation = { kind: 'setOrders', orders: [fixtureOrder] }
const removeOrder: Mutation = { kind: 'removeOrders', orderHashes: [hashOrder(fixtureOrder)] }

test('[RX30] the demo goes through its phases', async () => {
  const statuses: LiveStatus[] = []
  const progress: SyncProgress[] = []
  const metrics = {
    recordStatus: (status: LiveStatus) => void statuses.push(status),
    recordProgress: (step: SyncProgress) => void progress.push(step),
  }
  const syncEngine = createStubSyncEngine(demoSteps())
  expect(syncEngine.remaining).toBe(4)
  const live = await open({ syncEngine, metrics, codeCache: createStaticCodeCache() })
  expect(live.status).toEqual({
    phase: 'Idle',
    pending: { artifacts: [] },
    advisories: ['Ready'],
    stale: false,
  })

  expect(await live.syncOnce()).toMatchObject({ phase: 'Syncing', advisories: ['Ready'] })
  expect([live.cursor, live.snapshot().env]).toEqual([1, { blockNumber: 1, timestamp: 1_700_000_000 }])
  const warming = await live.syncOnce()
  expect(warming).toMatchObject({ phase: 'PendingArtifacts', advisories: ['WarmingUp'] })
  expect(warming.pending.artifacts.map(({ kind }) => kind)).toEqual(['Interpreter', 'Store'])
  expect(await live.syncOnce()).toMatchObject({
    phase: 'Syncing',
    pending: { artifacts: [] },
    advisories: ['Ready'],
  })
  expect([live.cursor, live.snapshot().orders.length]).toEqual([3, 1])
  expect((await live.syncOnce()).phase).toBe('Idle')
  expect(statuses).toHaveLength(4)
  expect(progress.map(({ appliedBatches }) => appliedBatches)).toEqual([1, 0, 1, 0])
  expect(progress[1]).toEqual({
    appliedBatches: 0,
    mutationCount: 0,
    cachedArtifacts: 0,
    deferredMutations: 1,
  })
})

type Event = 'quiet' | 'changes' | 'waits' | 'code' | 'poll fails' | 'change refused' | 'reset'

/** What each event leads to from each phase; a phase that waits goes on waiting until its code comes. */
const transitions: Readonly<Record<LivePhase, Readonly<Record<Event, LivePhase | 'throws'>>>> = {
  Idle: {
    quiet: 'Idle',
    changes: 'Syncing',
    waits: 'PendingArtifacts',
    code: 'Syncing',
    'poll fails': 'Idle',
    'change refused': 'Errored',
    reset: 'Idle',
  },
  Syncing: {
    quiet: 'Idle',
    changes: 'Syncing',
    waits: 'PendingArtifacts',
    code: 'Syncing',
    'poll fails': 'Syncing',
    'change refused': 'Errored',
    reset: 'Idle',
  },
  PendingArtifacts: {
    quiet: 'PendingArtifacts',
    changes: 'PendingArtifacts',
    waits: 'PendingArtifacts',
    code: 'Syncing',
    'poll fails': 'PendingArtifacts',
    'change refused': 'Errored',
    reset: 'PendingArtifacts',
  },
  Errored: {
    quiet: 'throws',
    changes: 'throws',
    waits: 'throws',
    code: 'throws',
    'poll fails': 'throws',
    'change refused': 'throws',
    reset: 'Idle',
  },
}

const cells = (Object.keys(transitions) as LivePhase[]).flatMap((phase) =>
  Object.entries(transitions[phase]).map(([event, next]) => [phase, event as Event, next] as const),
)

test.each(cells)('[RX30] from %s, %s leads to %s', async (phase, event, next) => {
  const syncEngine = scripted([])
  const live = await open({ syncEngine, codeCache: createStaticCodeCache() })
  const lead: Readonly<Record<LivePhase, Event>> = {
    Idle: 'quiet',
    Syncing: 'changes',
    PendingArtifacts: 'waits',
    Errored: 'change refused',
  }
  await play(live, syncEngine, lead[phase]).catch(() => undefined)
  expect(live.status.phase).toBe(phase)
  const outcome = play(live, syncEngine, event)
  if (next === 'throws') return expect(outcome).rejects.toMatchObject({ errorName: 'LiveErrored' })
  await outcome.catch(() => undefined)
  expect(live.status.phase).toBe(next)
})

test('[RX31] a crash at any write leaves state and cursor of one moment, and nothing is lost or doubled', async () => {
  const envelopes = Array.from({ length: 6 }, (_, i) => envelope([deposit('1')], at(i)))
  for (let crashAfter = 0; crashAfter < 8; crashAfter++) {
    const disk = createMemoryDisk()
    const polled = await runUntilCrash(disk, envelopes, crashAfter)
    const live = await open({ syncEngine: feed(envelopes), store: await storeOn(disk) })
    for (let i = 0; i < 8; i++) await live.syncOnce()
    expect([crashAfter, polled > 0, balanceOf(live)]).toEqual([crashAfter, true, '6'])
  }
})

test('[RX31] what waits survives a restart, on a store and in a snapshot', async () => {
  const disk = createMemoryDisk()
  const snapshots = createInMemorySnapshotStore()
  const before = await open({
    syncEngine: scripted([step([addOrder], 1), step([removeOrder, deposit('1')], 2)]),
    codeCache: createStaticCodeCache(),
    store: await storeOn(disk),
    snapshots,
  })
  await before.syncOnce()
  await before.syncOnce()
  await before.close()
  for (const place of [{ store: await storeOn(disk) }, { snapshots }]) {
    const code = step([], 3, [interpreterCode, storeCode])
    const live = await open({ syncEngine: scripted([code]), codeCache: createStaticCodeCache(), ...place })
    expect(live.status).toMatchObject({ phase: 'PendingArtifacts', pending: { artifacts: [{}, {}] } })
    expect([live.cursor, live.snapshot().pending.length]).toEqual([2, 2])
    expect((await live.syncOnce()).phase).toBe('Syncing')
    // The order that was removed while it waited does not rise; the deposit behind it is there.
    expect([live.orders.size, balanceOf(live)]).toEqual([0, '1'])
    expect(live.snapshot().pending).toEqual([])
  }
})

test('[RX32] a poll that fails in the middle leaves nothing behind, and is not doubled when it comes again', async () => {
  const refused = { ...step([], 1), mutationBatches: [envelope([deposit('5')]), envelope([deposit('-100')])] }
  const live = await open({ syncEngine: scripted([refused, step([deposit('5')], 1)]) })
  await expect(live.syncOnce()).rejects.toMatchObject({ errorName: 'NegativeVaultBalance' })
  expect(live.status).toMatchObject({
    phase: 'Errored',
    advisories: [{ Degraded: { reason: expect.stringContaining('less than nothing') } }],
  })
  expect([live.cursor, balanceOf(live)]).toEqual([undefined, '0'])
  await expect(live.syncOnce()).rejects.toMatchObject({ errorName: 'LiveErrored' })
  live.reset()
  expect((await live.syncOnce()).phase).toBe('Syncing')
  expect([live.cursor, balanceOf(live)]).toEqual([1, '5'])
})

test('[RX32] code that collides stops the book before anything of its poll is applied', async () => {
  const codeCache = createStaticCodeCache([interpreterCode])
  const collision = step([deposit('5')], 1, [{ ...interpreterCode, bytecode: '0x99' }])
  const live = await open({ syncEngine: scripted([collision]), codeCache })
  await expect(live.syncOnce()).rejects.toMatchObject({ errorName: 'BytecodeCollision' })
  expect([live.status.phase, balanceOf(live)]).toEqual(['Errored', '0'])
})

test('[RX33] a poll or a store that fails is tried again, and readers see that they may be behind', async () => {
  const snapshots = faulty(createInMemorySnapshotStore())
  const live = await open({
    syncEngine: scripted([new Error('node down'), step([deposit('5')], 1)]),
    snapshots,
  })
  await expect(live.syncOnce()).rejects.toThrow('node down')
  expect(live.status).toMatchObject({ phase: 'Idle', stale: true })
  snapshots.fail = true
  await expect(live.syncOnce()).rejects.toThrow('disk full')
  expect([live.status.stale, balanceOf(live)]).toEqual([true, '5'])
  snapshots.fail = false
  expect(await live.syncOnce()).toMatchObject({ stale: false })
  expect((await snapshots.loadSnapshot(orderbook.address))?.vaultBalances).toHaveLength(1)
})

test('[RX33] a poll that changed nothing writes no snapshot; a sink that throws disturbs nothing', async () => {
  const snapshots = faulty(createInMemorySnapshotStore())
  const metrics = {
    recordStatus: () => {
      throw new Error('sink')
    },
    recordProgress: () => {
      throw new Error('sink')
    },
  }
  const live = await open({
    syncEngine: scripted([step([deposit('5')], 1), step([], 2), step([], 2)]),
    snapshots,
    metrics,
  })
  expect(snapshots.writes).toBe(1)
  for (const writes of [2, 2, 2]) {
    await live.syncOnce()
    expect(snapshots.writes).toBe(writes)
  }
  expect(live.cursor).toBe(2)
})

test('[RX33] calls at once share one poll', async () => {
  const live = await open({ syncEngine: scripted([step([deposit('5')], 1), step([deposit('5')], 2)]) })
  const [first, second] = [live.syncOnce(), live.syncOnce()]
  expect(await first).toBe(await second)
  expect(balanceOf(live)).toBe('5')
})

test('[RX34] a snapshot is there at once without its code; its orders cannot be quoted until it comes', async () => {
  const source = await open({ syncEngine: scripted([step([addOrder, deposit('5')], 7)]) })
  await source.syncOnce()
  const codeCache = createStaticCodeCache()
  const host = scriptedInterpreter(({ evaluable }) => {
    const missing = {
      kind: 'MissingBytecode',
      address: evaluable.interpreter,
      codeKind: 'Interpreter',
    } as const
    const ready = codeCache.isReady({ kind: 'Interpreter', address: evaluable.interpreter })
    return ready ? leaves(['2', '1']) : { kind: 'unavailable', reason: missing }
  })
  const code = step([], 8, [interpreterCode, storeCode])
  const live = await open({
    syncEngine: scripted([code]),
    codeCache,
    host,
    initialSnapshot: source.snapshot(),
  })
  expect(live.status).toMatchObject({ phase: 'PendingArtifacts', advisories: ['WarmingUp'] })
  expect([live.cursor, live.orders.size]).toEqual([7, 1])
  const request = {
    order: hashOrder(fixtureOrder),
    inputIOIndex: 0,
    outputIOIndex: 0,
    counterparty: addressOf(1),
  }
  const decimals: Mutation = {
    kind: 'setTokenDecimals',
    tokens: [
      { token: addressOf(0x10), decimals: 6 },
      { token: addressOf(0x20), decimals: 6 },
    ],
  }
  expect(await live.quote(request)).toMatchObject({ reason: { kind: 'TokenDecimalMissing' } })
  const later = await open({
    syncEngine: scripted([step([decimals], 8), code]),
    codeCache,
    host,
    initialSnapshot: source.snapshot(),
  })
  await later.syncOnce()
  expect(await later.quote(request)).toMatchObject({ reason: { kind: 'MissingBytecode' } })
  expect((await later.syncOnce()).advisories).toEqual(['Ready'])
  expect(await later.quote(request)).toMatchObject({
    kind: 'quote',
    ioRatio: parse('2'),
    outputMax: parse('1'),
  })
})

test('[RX34] what is missing is listed as it was first missed', async () => {
  const other = { ...fixtureOrder, evaluable: { ...fixtureOrder.evaluable, interpreter: addressOf(0x01) } }
  const polls = [step([addOrder], 1), step([{ kind: 'setOrders', orders: [other] }], 2)]
  const live = await open({ syncEngine: scripted(polls), codeCache: createStaticCodeCache() })
  await live.syncOnce()
  const { pending } = await live.syncOnce()
  expect(pending.artifacts.map(({ address }) => address)).toEqual([
    addressOf(0xaa),
    addressOf(0xbb),
    addressOf(0x01),
  ])
  expect(live.queue.envelopes().map(({ mutations }) => mutations.map(({ kind }) => kind))).toEqual([
    ['setOrders'],
    ['setOrders'],
  ])
})

test('[RX35] an envelope that comes again counts once; a fork is undone to where it says', async () => {
  const blocks = [0, 1, 2].map((i) => envelope([deposit('1')], at(i)))
  const fork = {
    ...step([], 4),
    rewindTo: { blockNumber: 0 },
    mutationBatches: [envelope([deposit('10')], at(1, 0xf1))],
  }
  const polls = [
    { ...step([], 1), mutationBatches: blocks },
    { ...step([], 2), mutationBatches: blocks.slice(1) },
    fork,
    { ...step([], 5), mutationBatches: [envelope([deposit('100')], at(2, 0xf2))] },
  ]
  const live = await open({ syncEngine: scripted(polls) })
  const balances: string[] = []
  for (let i = 0; i < 4; i++) {
    await live.syncOnce()
    balances.push(balanceOf(live))
  }
  expect(balances).toEqual(['3', '3', '11', '111'])
})

test('[RX35] a fork is undone after a restart too', async () => {
  const disk = createMemoryDisk()
  const blocks = [0, 1, 2].map((i) => envelope([deposit('1')], at(i)))
  const before = await open({
    syncEngine: scripted([{ ...step([], 1), mutationBatches: blocks }]),
    store: await storeOn(disk),
  })
  await before.syncOnce()
  await before.close()
  const fork = {
    ...step([], 2),
    rewindTo: { blockNumber: 1 },
    mutationBatches: [envelope([deposit('10')], at(2, 0xf2))],
  }
  const live = await open({ syncEngine: scripted([fork]), store: await storeOn(disk) })
  await live.syncOnce()
  expect(balanceOf(live)).toBe('12')
})

test('[RX35] a fork that nobody announced, or that reaches behind what is known, stops the book', async () => {
  const first = { ...step([], 1), mutationBatches: [envelope([deposit('1')], at(5))] }
  const silent = { ...step([], 2), mutationBatches: [envelope([deposit('1')], at(5, 0xee))] }
  const live = await open({ syncEngine: scripted([first, silent]) })
  await live.syncOnce()
  await expect(live.syncOnce()).rejects.toMatchObject({ errorName: 'UnannouncedFork' })
  const deep = { ...step([], 3), rewindTo: { blockNumber: 1 } }
  const restored = await open({ syncEngine: scripted([deep]), initialSnapshot: live.snapshot() })
  await expect(restored.syncOnce()).rejects.toMatchObject({ errorName: 'ForkBeyondHistory' })
  expect([restored.status.phase, balanceOf(restored)]).toEqual(['Errored', '1'])
})

test('[RX35] a fork behind a snapshot is undone to it, where its cursor names its block', async () => {
  // As the engine that reads a local database has it.
  const nextCursor = { block: 5, hash: at(5).blockHash } as unknown as number
  const first = { ...step([], 1), nextCursor, mutationBatches: [envelope([deposit('1')], at(5))] }
  const live = await open({ syncEngine: scripted([first]) })
  await live.syncOnce()
  const polls = [
    { ...step([], 2), mutationBatches: [envelope([deposit('2')], at(5)), envelope([deposit('2')], at(6))] },
    {
      ...step([], 3),
      rewindTo: { blockNumber: 5 },
      mutationBatches: [envelope([deposit('10')], at(6, 0xf1))],
    },
    { ...step([], 4), rewindTo: { blockNumber: 4 } },
  ]
  const restored = await open({ syncEngine: scripted(polls), initialSnapshot: live.snapshot() })
  await restored.syncOnce()
  expect(balanceOf(restored)).toBe('3')
  await restored.syncOnce()
  expect(balanceOf(restored)).toBe('11')
  await expect(restored.syncOnce()).rejects.toMatchObject({ errorName: 'ForkBeyondHistory' })
})

test('[RX35] a poll that rewinds and then fails is read again from the start after reset', async () => {
  const first = { ...step([], 1), mutationBatches: [0, 1].map((i) => envelope([deposit('1')], at(i))) }
  const bad = {
    ...step([], 2),
    rewindTo: { blockNumber: 0 },
    mutationBatches: [envelope([deposit('-9')], at(1, 0xf1))],
  }
  const live = await open({ syncEngine: scripted([first, bad]) })
  await live.syncOnce()
  await expect(live.syncOnce()).rejects.toThrow('less than nothing')
  live.reset()
  expect([live.cursor, live.vaults.size]).toEqual([undefined, 0])
})

test('[RX40] a fork that cannot be undone begins the book again from what its host gives, for all who read it', async () => {
  const bundles = await snapshotsAt([2, 5])
  const disk = createMemoryDisk()
  const asked: number[] = []
  const given = [new Error('disk full'), bundles[0]]
  const cursors: (number | undefined)[] = []
  const polls = scripted([{ ...step([], 3), rewindTo: { blockNumber: 4 } }])
  const live = await open({
    syncEngine: {
      async poll(address, cursor) {
        cursors.push(cursor)
        return polls.poll(address, cursor)
      },
    },
    store: await storeOn(disk),
    initialSnapshot: bundles[1],
    async beginAgain(atOrBefore) {
      asked.push(atOrBefore)
      const next = given.shift()
      if (next instanceof Error) throw next
      return next
    },
  })
  const seen: string[] = []
  live.vaults.subscribe(() => seen.push(balanceOf(live)))
  expect(balanceOf(live)).toBe('7')
  await expect(live.syncOnce()).rejects.toThrow('disk full')
  expect([live.status.phase, live.status.stale, balanceOf(live)]).toEqual(['Idle', true, '7'])
  polls.push({ ...step([], 3), rewindTo: { blockNumber: 4 } })
  expect(await live.syncOnce()).toMatchObject({ phase: 'Syncing', stale: false })
  expect([asked, balanceOf(live), live.cursor, seen.at(-1)]).toEqual([[4, 4], '2', 2, '2'])
  polls.push({ ...step([], 3), mutationBatches: [envelope([deposit('1')], at(3, 0xf3))] })
  await live.syncOnce()
  expect([cursors.at(-1), balanceOf(live), seen.at(-1)]).toEqual([2, '3', '3'])
  await live.close()
  const again = await open({ store: await storeOn(disk) })
  expect([again.cursor, balanceOf(again)]).toEqual([3, '3'])
})

test('[RX40] where there is nothing to begin again from, the book is empty and read from the start', async () => {
  const [bundle] = await snapshotsAt([5])
  const polls = scripted([{ ...step([], 3), rewindTo: { blockNumber: 1 } }])
  const beginAgain = async (): Promise<undefined> => undefined
  const live = await open({ syncEngine: polls, initialSnapshot: bundle, beginAgain })
  expect((await live.syncOnce()).phase).toBe('Syncing')
  expect([live.cursor, live.vaults.size]).toEqual([undefined, 0])
})

test('[RX33] the cursor of a host is a hint: the one with the state wins', async () => {
  const cursors = createInMemoryCursorStore<number>()
  await cursors.persistCursor(orderbook.address, 41)
  const snapshots = createInMemorySnapshotStore()
  const live = await open({ syncEngine: scripted([step([deposit('1')], 42)]), snapshots, cursors })
  await live.syncOnce()
  expect(await cursors.loadCursor(orderbook.address)).toBe(42)
  await cursors.persistCursor(orderbook.address, 7)
  const again = await open({ syncEngine: scripted([]), snapshots, cursors })
  expect(again.cursor).toBe(42)
})

test('[RX30] a script holds any mutation and named orders; what cannot be read names its step', async () => {
  const steps = stubStepsFromJson(
    JSON.stringify([
      { mutations: [{ kind: 'vaultDeltas', deltas: [{ ...vault, delta: `0x${'0'.repeat(63)}5` }] }] },
      { orders: ['mine'], bytecode: [{ kind: 'store', address: addressOf(0xbb) }] },
    ]),
    { orders: { mine: fixtureOrder } },
  )
  const live = await open({ syncEngine: createStubSyncEngine(steps) })
  await live.syncOnce()
  expect(balanceOf(live)).toBe('5')
  await live.syncOnce().catch(() => undefined)
  for (const [text, stepNumber] of [
    ['{', undefined],
    ['{}', undefined],
    ['[{}, {"orders":["nobody"]}]', 1],
    ['[{"bytecode":[{"kind":"store","address":"0x12"}]}]', 0],
    [`[{"bytecode":[{"kind":"store","address":"${addressOf(1)}","bytecode":"0xzz"}]}]`, 0],
    ['[{"env":{"block_number":-1}}]', 0],
    ['[{"mutations":[{"kind":"nothing"}]}]', 0],
  ] as const) {
    expect(() => stubStepsFromJson(text)).toThrow(expect.objectContaining({ errorName: 'BadScript' }))
    expect(stepOf(text)).toBe(stepNumber)
  }
})

test('[RX30] advisories have words', () => {
  expect((['WarmingUp', 'Ready', { Degraded: { reason: 'no code' } }] as const).map(advisoryText)).toEqual([
    'warming up',
    'ready',
    'degraded: no code',
  ])
})

type Scripted = SyncEngine<number> & { push(step: PollResult<number> | Error): void }

function scripted(steps: readonly (PollResult<number> | Error)[]): Scripted {
  const left = [...steps]
  return {
    push: (next) => void left.push(next),
    async poll() {
      const next = left.shift() ?? step([])
      if (next instanceof Error) throw next
      return next
    },
  }
}

/** Gives one envelope for each poll, from where the cursor says. */
function feed(envelopes: readonly MutationEnvelope[]): SyncEngine<number> & { polls: number } {
  return {
    polls: 0,
    async poll(_, cursor = 0) {
      this.polls++
      const next = envelopes[cursor]
      return { ...step([]), ...(next ? { mutationBatches: [next], nextCursor: cursor + 1 } : {}) }
    },
  }
}

function step(
  mutations: readonly Mutation[],
  nextCursor?: number,
  bytecode: readonly Artifact[] = [],
): PollResult<number> {
  const mutationBatches = mutations.map((mutation) => envelope([mutation]))
  return { nextCursor, mutationBatches, bytecode, pendingArtifacts: [], heartbeat: false }
}

function envelope(mutations: readonly Mutation[], position?: ChainPosition): MutationEnvelope {
  return { mutations, position }
}

function at(blockNumber: number, hash = blockNumber): ChainPosition {
  return { blockNumber, logIndex: 3, blockHash: wordOf(hash) }
}

function deposit(amount: string): Mutation {
  return { kind: 'vaultDeltas', deltas: [{ ...vault, delta: parse(amount) }] }
}

function readyCache(): StaticCodeCache {
  return createStaticCodeCache([interpreterCode, storeCode])
}

function open(options: Partial<LiveOptions<number>>): Promise<LiveVirtualRaindex<number>> {
  return openLiveVirtualRaindex<number>({
    chainId: 42161,
    orderbook,
    syncEngine: scripted([]),
    codeCache: readyCache(),
    host: scriptedInterpreter(() => leaves(['1', '1'])),
    ...options,
  })
}

/** Of a book into whose vault each of the blocks has brought as much as its number says. */
async function snapshotsAt(blocks: readonly number[]): Promise<readonly SnapshotBundle[]> {
  const live = await open({
    syncEngine: scripted(
      blocks.map((block) => ({
        ...step([], block),
        mutationBatches: [envelope([deposit(String(block))], at(block))],
      })),
    ),
  })
  const bundles: SnapshotBundle[] = []
  for (const _ of blocks) {
    await live.syncOnce()
    bundles.push(live.snapshot())
  }
  return bundles
}

function balanceOf(live: LiveVirtualRaindex<number>): string {
  // Rows of vaults hold floats.
  const balance = live.vaults.get(vaultId)?.['balance'] as Float | undefined
  return balance === undefined ? '0' : display(balance)
}

async function play(live: LiveVirtualRaindex<number>, engine: Scripted, event: Event): Promise<void> {
  if (event === 'reset') return live.reset()
  const steps: Readonly<Record<Exclude<Event, 'reset'>, PollResult<number> | Error>> = {
    quiet: step([]),
    changes: step([{ kind: 'setEnv', blockNumber: 1 }]),
    waits: step([addOrder]),
    code: step([], undefined, [interpreterCode, storeCode]),
    'poll fails': new Error('down'),
    'change refused': step([deposit('-1')]),
  }
  engine.push(steps[event])
  await live.syncOnce()
}

async function storeOn(disk: MemoryDisk): Promise<Store> {
  return openMemoryStore({ tables: storeTables(raindexTables), disk })
}

/** Polls until the store stops taking commits, as if the process had died there; returns how often it polled. */
async function runUntilCrash(
  disk: MemoryDisk,
  envelopes: readonly MutationEnvelope[],
  commits: number,
): Promise<number> {
  const store = await storeOn(disk)
  let left = commits
  const dying: Store = {
    ...store,
    commit: (commit: Commit, term) => {
      if (left-- > 0) return store.commit(commit, term)
      return new Promise(() => undefined)
    },
  }
  const engine = feed(envelopes)
  const live = await open({ syncEngine: engine, store: dying })
  for (let i = 0; i < envelopes.length; i++) {
    const done = live.syncOnce().then(() => true)
    const crashed = turns(200).then(() => false)
    if (!(await Promise.race([done, crashed]))) break
  }
  return engine.polls
}

/** Long enough for a poll that is going to end; a memory store needs no other time. */
async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await Promise.resolve()
}

function faulty(inner: SnapshotStore): SnapshotStore & { fail: boolean; writes: number } {
  return {
    fail: false,
    writes: 0,
    loadSnapshot: (address) => inner.loadSnapshot(address),
    async persistSnapshot(bundle) {
      if (this.fail) throw new Error('disk full')
      this.writes++
      return inner.persistSnapshot(bundle)
    },
  }
}

function stepOf(text: string): unknown {
  try {
    stubStepsFromJson(text)
  } catch (error) {
    return error instanceof Error && 'details' in error
      ? (error.details as { step?: number }).step
      : undefined
  }
  return undefined
}
