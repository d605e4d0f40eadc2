import { rowsEqual, type Row, type Store, type StoreTable } from '@freshet/core'
import {
  playHistories,
  rulesWithout,
  shrinkHistory,
  switchableRules,
  type PlayOptions,
  type PlayResult,
} from '@freshet/core/testing'
import { createMemoryDisk, openMemoryStore, type MemoryDisk } from '@freshet/storage/memory'
import { crashingStore } from '@freshet/storage/testing'
import type { ReactiveClientOptions } from '../client/client-options.ts'
import { createReactiveClient, type ReactiveClient } from '../client/reactive-client.ts'
import { allToriiRules } from '../sync/torii-rules.ts'
import { noServerFaults } from '../test-server/server-faults.ts'
import { canonicalFelt } from '../values/felt.ts'
import { tableOfTarget, type SyncTarget } from '../sync/sync-target.ts'
import type { ToriiWorld } from '../test-server/torii-world.ts'
import { recordKinds } from '../wire/record-rows.ts'
import { movesMembers } from './demo-models.ts'
import { createTestWorld, moved, moves, position, type TestWorld } from './test-world.ts'
import { makeWorldHistory, type WorldHistory, type WorldStep } from './world-history.ts'
import { contracts, writeWorld } from './write-world.ts'

type Rules = ReactiveClientOptions['rules']

/**
 * Plays random histories of a world (whole sets, single members, update records,
 * deletions; in some of them events, tokens, balances, contracts and transactions
 * too) against its server's faults, restarts and crashes, and counts the
 * rows that differ from the world once everything is quiet.
 *
 * @param options.without - TO14 to TO18, or a rule of the kernel, to see it noticed. `1`, `4`, `6` and `8` name
 *   the rules of the synchroniser by their numbers in the protocol's description: TO14, TO16, TO18, TO17.
 */
export async function converge(
  options: PlayOptions & { readonly without?: string | undefined },
): Promise<PlayResult> {
  const rules = toriiRulesWithout(options.without)
  return playHistories(options, {
    make: makeWorldHistory,
    run: async (history, seed) => (await runHistory(history, seed, rules)).length,
    describe: (history, seed) => describeFailure(history, seed, rules),
  })
}

const byNumber: Readonly<Record<string, string>> = { '1': 'TO14', '4': 'TO16', '6': 'TO18', '8': 'TO17' }

function toriiRulesWithout(asked: string | undefined): Rules {
  const kernel = rulesWithout(undefined)
  const id = asked === undefined ? undefined : (byNumber[asked] ?? asked)
  switch (id) {
    case undefined:
      return { torii: allToriiRules, kernel }
    case 'TO14':
      return { torii: allToriiRules, kernel: rulesWithout('S2') }
    case 'TO15':
      return { torii: { ...allToriiRules, movers: false }, kernel }
    case 'TO16':
      return { torii: { ...allToriiRules, partials: false }, kernel }
    case 'TO17':
      return { torii: { ...allToriiRules, resume: false }, kernel }
    case 'TO18':
      return { torii: { ...allToriiRules, reconcileIds: false }, kernel }
    default:
      if (Object.hasOwn(switchableRules, id)) return { torii: allToriiRules, kernel: rulesWithout(id) }
  }
  const known = ['TO14', 'TO15', 'TO16', 'TO17', 'TO18', ...Object.keys(switchableRules)]
  throw new RangeError(`There is no rule ${id} to switch off; choose one of ${known.join(', ')}.`)
}

async function describeFailure(history: WorldHistory, seed: number, rules: Rules): Promise<string> {
  const fails = async (steps: readonly WorldStep[]): Promise<boolean> =>
    (await runHistory({ ...history, steps }, seed, rules)).length > 0
  const steps = await shrinkHistory(history.steps, fails, 100)
  const wrong = await runHistory({ ...history, steps }, seed, rules)
  const { before, steps: _, ...kind } = history
  const lines = [
    ...before.map((step) => `  before ${JSON.stringify(step)}`),
    ...steps.map((step) => `  ${JSON.stringify(step)}`),
    ...wrong.map((each) => `  wrong: ${each}`),
  ]
  return [`seed ${seed}: ${JSON.stringify(kind)}`, ...lines].join('\n')
}

/** The one of which no balances are asked for. */
const otherContract = canonicalFelt(contracts)

const someBalances: SyncTarget = {
  kind: 'tokenBalances',
  contracts: Array.from({ length: contracts - 1 }, (_, at) => canonicalFelt(at + 1)),
}

const everyTarget: readonly SyncTarget[] = [
  { kind: 'event', tag: moved },
  ...recordKinds.map((kind): SyncTarget => (kind === 'tokenBalances' ? someBalances : { kind })),
]

/** A world and the process that follows it. */
type Run = {
  readonly world: TestWorld
  readonly disk: MemoryDisk
  readonly rules: Rules
  readonly pageSize: number
  readonly targets: readonly SyncTarget[]
  process: { readonly client: ReactiveClient; readonly store: Store }
}

async function runHistory(history: WorldHistory, seed: number, rules: Rules): Promise<readonly string[]> {
  const { pageSize, maxMessageBytes, hasRecords } = history
  const world = createTestWorld(seed ^ 0x5eed, { maxMessageBytes })
  if (hasRecords) world.server.world.declareEvent(moved, movesMembers)
  for (const step of history.before) await write(world, step)
  await world.pass(1_500)
  world.server.setFaults(faultsOf(history))
  const targets = hasRecords ? everyTarget : []
  const base = { world, disk: createMemoryDisk(), rules, pageSize, targets }
  const run: Run = { ...base, process: await startProcess(base) }
  for (const step of history.steps) await takeStep(run, step)
  await quieten(run)
  const wrong = differences(run)
  await run.process.client.shutdown()
  world.server.close()
  return wrong
}

async function startProcess(
  run: Omit<Run, 'process'>,
  openStore: (tables: readonly StoreTable[]) => Promise<Store> = (tables) =>
    openMemoryStore({ tables, disk: run.disk }),
): Promise<Run['process']> {
  const { clock, random, client, manifest } = run.world
  let opened: Store | undefined
  const started = await createReactiveClient({
    toriiUrl: 'http://torii',
    manifest,
    client,
    clock,
    random,
    rules: run.rules,
    pageSize: run.pageSize,
    targets: run.targets,
    pollMs: 3_000,
    // Never: it would mend what the rules are to keep right.
    reconcileMs: Infinity,
    silenceMs: 3_000,
    stallMs: 4_000,
    backoff: { baseMs: 100, capMs: 2_000, jitter: 0.1 },
    storageFactory: async (tables) => (opened = await openStore(tables)),
  })
  if (!opened) throw new Error('The client opened no store.')
  return { client: started, store: opened }
}

async function takeStep(run: Run, step: WorldStep): Promise<void> {
  const { server, pass } = run.world
  switch (step.kind) {
    case 'position':
    case 'moves':
    case 'member':
    case 'update':
    case 'delete':
    case 'event':
    case 'record':
    case 'wait':
      return write(run.world, step)
    case 'cut':
      return server.cut(step.how)
    case 'outage':
      server.setOutage(true)
      await pass(step.ms)
      return server.setOutage(false)
    case 'sql':
      return server.setSql(step.allowed)
    case 'reindex':
      dropRecords(server.world)
      return server.world.reindex()
    case 'restart':
      await kill(run)
      await pass(step.awayMs)
      for (const each of step.meanwhile) await write(run.world, each)
      run.process = await startProcess(run)
      return
    case 'crash':
      return crash(run, step.atWrite, step.when)
  }
}

/** What an indexer has not found again: the only way in which records go. */
function dropRecords({ records }: ToriiWorld): void {
  for (const kind of recordKinds) for (const [id] of records.all(kind).slice(0, 2)) records.drop(kind, id)
}

/** The process ends as if killed: nothing it still had in memory reaches the disk. */
async function kill(run: Run): Promise<void> {
  await run.process.store.close()
  await Promise.all([run.process.client.pause(), run.world.pass(100)])
}

async function crash(run: Run, failAt: number, when: 'before' | 'after'): Promise<void> {
  await kill(run)
  try {
    run.process = await startProcess(run, async (tables) =>
      crashingStore(await openMemoryStore({ tables, disk: run.disk }), { failAt, when }),
    )
    await run.world.pass(1_000)
    await kill(run)
  } catch {
    // It died while starting; the next start finds what it left.
  }
  run.process = await startProcess(run)
}

async function write(world: TestWorld, step: WorldStep): Promise<void> {
  if (step.kind === 'wait') await world.pass(step.ms)
  else writeWorld(world, step)
}

async function quieten({ world: { server, pass }, targets }: Run): Promise<void> {
  server.setFaults(noServerFaults)
  server.setSql(true)
  // So that all can be read once more; of more tables that takes longer.
  await pass(targets.length > 0 ? 20_000 : 12_000)
}

function differences(run: Run): readonly string[] {
  const { server } = run.world
  const { client } = run.process
  const { state } = client.getSyncStatus().overall
  let why = ''
  client.errors.subscribe((error) => (why += ` (${error.message})`))
  if (state !== 'streaming') return [`the state is ${state} and not streaming${why}`]
  return [position, moves, ...run.targets.map(tableOfTarget)].flatMap((table) => {
    const there = rowsThere(server.world, table)
    const { ids } = client.query(table)
    return [...new Set([...there.keys(), ...ids])].flatMap((id) => {
      // Of its own contract the server tells how far it is: that never stands still.
      if (id === server.world.address) return []
      const held = client.get(table, id)
      const truth = there.get(id)
      const isSame = held === undefined || truth === undefined ? held === truth : rowsEqual(held, truth)
      return isSame ? [] : [`${table} ${id}: held ${show(held)}, there ${show(truth)}`]
    })
  })
}

/** What should be held of a table. */
function rowsThere({ records, rows }: ToriiWorld, table: string): ReadonlyMap<string, Row> {
  const kind = recordKinds.find((known) => known === table)
  if (!kind) return rows(table)
  const isMeant = (row: object): boolean =>
    kind !== 'tokenBalances' || !('contractAddress' in row) || row.contractAddress !== otherContract
  return new Map(records.all(kind).filter(([, row]) => isMeant(row)))
}

function show(row: Row | undefined): string {
  return (
    JSON.stringify(row, (_, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value)) ?? 'nothing'
  )
}

function faultsOf({ faulty, maxLatencyMs }: WorldHistory) {
  if (!faulty) return { ...noServerFaults, maxLatencyMs }
  return { maxLatencyMs, failedRequest: 0.08, cleanEnd: 0.03, brokenStream: 0.03, duplicate: 0.1 }
}
