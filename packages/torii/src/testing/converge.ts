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
import { createTestWorld, moves, position, type TestWorld } from './test-world.ts'
import { makeWorldHistory, type WorldHistory, type WorldStep } from './world-history.ts'

type Rules = ReactiveClientOptions['rules']

/**
 * Plays random histories of a world (whole sets, single members, records,
 * deletions) against its server's faults, restarts and crashes, and counts the
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

/** A world and the process that follows it. */
type Run = {
  readonly world: TestWorld
  readonly disk: MemoryDisk
  readonly rules: Rules
  readonly pageSize: number
  process: { readonly client: ReactiveClient; readonly store: Store }
}

async function runHistory(history: WorldHistory, seed: number, rules: Rules): Promise<readonly string[]> {
  const { pageSize, maxMessageBytes } = history
  const world = createTestWorld(seed ^ 0x5eed, { maxMessageBytes })
  for (const step of history.before) await write(world, step)
  await world.pass(1_500)
  world.server.setFaults(faultsOf(history))
  const base = { world, disk: createMemoryDisk(), rules, pageSize }
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
      return write(run.world, step)
    case 'wait':
      return pass(step.ms)
    case 'cut':
      return server.cut(step.how)
    case 'outage':
      server.setOutage(true)
      await pass(step.ms)
      return server.setOutage(false)
    case 'sql':
      return server.setSql(step.allowed)
    case 'reindex':
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

async function write({ server, pass }: TestWorld, step: WorldStep): Promise<void> {
  const { world } = server
  if (step.kind === 'wait') return pass(step.ms)
  if (!('player' in step)) return
  const player = canonicalFelt(step.player)
  const value = 'value' in step ? step.value : 0
  const [x, y, remaining] = [value, value * 2, BigInt(value) * 2n ** 50n]
  const directions = ['Left', 'Right', 'Up', 'Down']
  const direction = directions[value % 4] ?? 'Up'
  const tag = 'model' in step && step.model === 'moves' ? moves : position
  const id = entityOf(world.rows(tag), player)
  if (step.kind === 'position') world.set(position, { player, vec: { x, y } })
  else if (step.kind === 'moves') world.set(moves, { player, remaining, last_direction: direction })
  else if (id === undefined) return
  else if (step.kind === 'delete') world.delete(tag, id)
  else if (step.kind === 'update') world.update(tag, id, { vec: { x, y } })
  else if (tag === position) world.writeMember(tag, id, 'vec', { x, y })
  else if (value % 2 === 0) world.writeMember(tag, id, 'remaining', remaining)
  else world.writeMember(tag, id, 'last_direction', direction)
}

function entityOf(rows: ReadonlyMap<string, Row>, player: string): string | undefined {
  for (const [id, row] of rows) if (row['player'] === player) return id
  return undefined
}

async function quieten({ world: { server, pass } }: Run): Promise<void> {
  server.setFaults(noServerFaults)
  server.setSql(true)
  await pass(12_000)
}

function differences({ world: { server }, process: { client } }: Run): readonly string[] {
  const { state } = client.getSyncStatus().overall
  let why = ''
  client.errors.subscribe((error) => (why += ` (${error.message})`))
  if (state !== 'streaming') return [`the state is ${state} and not streaming${why}`]
  return [position, moves].flatMap((tag) => {
    const there = server.world.rows(tag)
    const { ids } = client.query(tag)
    return [...new Set([...there.keys(), ...ids])].flatMap((id) => {
      const held = client.get(tag, id)
      const truth = there.get(id)
      const isSame = held === undefined || truth === undefined ? held === truth : rowsEqual(held, truth)
      return isSame ? [] : [`${tag} ${id}: held ${show(held)}, there ${show(truth)}`]
    })
  })
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
