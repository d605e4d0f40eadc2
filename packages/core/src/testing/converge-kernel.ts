import type { Need } from '../batch.ts'
import type { Collection } from '../collection.ts'
import { createIntake, type IntakeOptions } from '../intake.ts'
import type { KernelRules } from '../kernel.ts'
import { openReplica, storeTables } from '../open-replica.ts'
import type { Random } from '../random.ts'
import type { Replica } from '../replica.ts'
import type { Source } from '../source.ts'
import type { Store, StoreTable } from '../store.ts'
import { createSync, type Sync } from '../sync.ts'
import { rowsEqual } from '../value-equality.ts'
import type { Row } from '../value.ts'
import { createFaultySource, noFaults, type Faults, type FaultySource } from './faulty-source.ts'
import {
  allNeeds,
  holdsRows,
  makeKernelHistory,
  makeLog,
  rowNeed,
  type KernelHistory,
  type KernelStep,
} from './kernel-history.ts'
import { playHistories, type PlayResult } from './play-histories.ts'
import { createSeededRandom } from './seeded-random.ts'
import { shrinkHistory } from './shrink-history.ts'
import { createToyChain, toyProjection, type ToyChain, type ToyLog } from './toy-chain.ts'
import { createToyTable, toyTable, type ToyTable } from './toy-table.ts'
import { createToyWorld, type ToyWorld } from './toy-world.ts'
import { createVirtualClock, type VirtualClock } from './virtual-clock.ts'
import { sourceSide } from '../source-side.ts'

/** A disk that outlives the stores on it. */
export interface KernelDisk {
  open(tables: readonly StoreTable[]): Promise<Store>
  /** A store whose process dies at the given write. */
  openCrashing(tables: readonly StoreTable[], atWrite: number, when: 'before' | 'after'): Promise<Store>
}

export type ConvergeKernelOptions = {
  readonly seed: number
  readonly histories: number
  createDisk(): KernelDisk
  /** Id of a rule to switch off, to show that the harness notices. */
  readonly without?: string | undefined
  readonly onProgress?: ((historiesDone: number) => void) | undefined
}

/** The rules that can be switched off, by id. */
export const switchableRules: { readonly [id: string]: keyof KernelRules } = {
  'A2-crossed': 'crossedReads',
  'A2-covered': 'dropCovered',
  A3: 'rewind',
  S2: 'subscribeFirst',
  S3: 'verifiedBase',
  S4: 'reconcileDeletions',
  S7: 'deferSameKeys',
  S10: 'provenContinuity',
}

/**
 * Runs three toy systems (a table, a world of partial updates, a chain with
 * rewinds) through faults, restarts and crashes on the one kernel, and counts
 * the rows that differ from the remote once everything is quiet.
 */
export async function convergeKernel(options: ConvergeKernelOptions): Promise<PlayResult> {
  const rules = rulesWithout(options.without)
  return playHistories(options, {
    make: makeKernelHistory,
    run: (history, seed) => runHistory(history, seed, rules, options.createDisk()),
    describe: (history, seed) => describeFailure(history, seed, rules, options),
  })
}

/** @throws {RangeError} There is no such rule. */
export function rulesWithout(id: string | undefined): KernelRules {
  if (id === undefined) return {}
  const rule = switchableRules[id]
  if (rule) return { [rule]: false }
  throw new RangeError(
    `There is no rule ${id} to switch off; choose one of ${Object.keys(switchableRules).join(', ')}.`,
  )
}

async function describeFailure(
  history: KernelHistory,
  seed: number,
  rules: KernelRules,
  options: ConvergeKernelOptions,
): Promise<string> {
  const steps = await shrinkHistory(history.steps, async (shorter) => {
    return (await runHistory({ ...history, steps: shorter }, seed, rules, options.createDisk())) > 0
  })
  const { toy, lossless, maxLatencyMs, faulty } = history
  const head = `seed ${seed}: ${toy}, ${lossless ? 'lossless' : 'lossy'}, latency up to ${maxLatencyMs} ms${faulty ? ', faults' : ''}`
  return [head, ...steps.map((step) => `  ${JSON.stringify(step)}`)].join('\n')
}

/** The run of one history: the remote, and the replica of one process after the other. */
type Run = {
  readonly clock: VirtualClock
  readonly random: Random
  readonly disk: KernelDisk
  readonly ready: Set<Need>
  readonly table: ToyTable | undefined
  readonly world: ToyWorld | undefined
  readonly chain: ToyChain | undefined
  readonly history: KernelHistory
  readonly faulty: FaultySource<unknown>
  readonly rules: KernelRules
  process: Process
}

type Process = { readonly replica: Replica<unknown>; readonly sync: Sync; readonly store: Store }

async function runHistory(
  history: KernelHistory,
  seed: number,
  rules: KernelRules,
  disk: KernelDisk,
): Promise<number> {
  const random = createSeededRandom(seed ^ 0x5eed)
  const clock = createVirtualClock()
  const table = tableOf(history)
  const world = worldOf(history)
  const chain = history.toy === 'chain' ? createToyChain() : undefined
  const remote = table ?? world ?? chain
  if (!remote) throw new RangeError('A history has a toy.')
  // The toys differ in the facts they tell; the kernel below handles each by its projection.
  const source = remote.source as Source<unknown>
  const faulty = createFaultySource({ source, clock, random })
  faulty.setFaults(faultsOf(history))
  const ready = new Set<Need>()
  for (const step of history.before) changeRemote({ table, world, chain, random }, step)
  const base = { clock, random, disk, ready, table, world, chain, history, faulty, rules }
  const run: Run = { ...base, process: await startProcess({ ...base, store: await disk.open(tables) }) }

  for (const step of history.steps) await takeStep(run, step)
  await quieten(run)
  const wrong = countWrong(run.process.replica, remote.rows(), history)
  await run.process.sync.stop()
  return wrong
}

function tableOf({ toy, lossless }: KernelHistory): ToyTable | undefined {
  switch (toy) {
    case 'table':
      return createToyTable({ lossless })
    case 'versioned-table':
      return createToyTable({ lossless, versioned: true })
    case 'resumable-table':
    case 'waiting-table':
      return createToyTable({ lossless, resumable: true })
    case 'world':
    case 'resumable-world':
    case 'held-rows':
    case 'resumable-held-rows':
    case 'chain':
      return undefined
  }
}

function worldOf({ toy, lossless }: KernelHistory): ToyWorld | undefined {
  switch (toy) {
    case 'world':
    case 'held-rows':
      return createToyWorld({ lossless })
    case 'resumable-world':
    case 'resumable-held-rows':
      return createToyWorld({ lossless, resumable: true })
    case 'table':
    case 'versioned-table':
    case 'resumable-table':
    case 'waiting-table':
    case 'chain':
      return undefined
  }
}

const specs = [{ name: toyTable }]
const tables = storeTables(specs)

async function startProcess(run: Omit<Run, 'process'> & { store: Store }): Promise<Process> {
  const { store, clock, random, ready, rules, history, chain } = run
  const replica = await openReplica<unknown>({
    name: history.toy,
    tables: specs,
    store,
    intake: createIntake<unknown>({
      // The toy chain's logs are the only facts a log batch of this harness carries.
      projection: chain && (toyProjection as IntakeOptions<unknown>['projection']),
      // Of the waiting table, rows of a certain value.
      needsOf: (fact) =>
        history.toy === 'waiting-table' && fact.kind === 'put' && fact.row['a'] === 3
          ? [rowNeed(fact.id)]
          : [],
      isReady: (need) => ready.has(need),
      keepPositions: 64,
    }),
    clock,
    rules,
  })
  const whole = holdsRows(history.toy) ? [] : [toyTable]
  const sync = createSync({
    replica,
    source: run.faulty.source,
    whole,
    pageRows: 2,
    reconcileMs: 20_000,
    clock,
    random,
    rules,
  })
  sync.start()
  return { replica, sync, store }
}

async function takeStep(run: Run, step: KernelStep): Promise<void> {
  switch (step.kind) {
    case 'write':
    case 'delete':
    case 'mine':
    case 'reorg':
      return changeRemote(run, step)
    case 'read':
      return run.process.replica.refetches.want({ table: toyTable, id: step.id })
    case 'ready':
      run.ready.add(step.need)
      sourceSide(run.process.replica).retryDeferred()
      return
    case 'wait':
      return run.clock.advance(step.ms)
    case 'cut':
      run.faulty.cut()
      return
    case 'outage':
      run.faulty.setOutage(true)
      await run.clock.advance(step.ms)
      run.faulty.setOutage(false)
      return
    case 'restart':
      return restart(run, await run.disk.open(tables))
    case 'crash':
      return restart(run, await run.disk.openCrashing(tables, step.atWrite, step.when))
  }
}

function changeRemote(remote: Pick<Run, 'table' | 'world' | 'chain' | 'random'>, step: KernelStep): void {
  if (step.kind === 'write') {
    remote.table?.put(step.id, { a: step.value, b: step.value * 2 })
    remote.world?.set(step.id, step.value % 2 === 0 ? { a: step.value } : { b: step.value, c: step.value })
  }
  if (step.kind === 'delete') {
    remote.table?.delete(step.id)
    remote.world?.delete(step.id)
  }
  if (step.kind === 'mine') remote.chain?.mine(step.logs)
  if (step.kind === 'reorg') {
    remote.chain?.reorg(
      step.depth,
      Array.from({ length: step.blocks }, () => newLogs(remote.random)),
    )
  }
}

function newLogs(random: Random): readonly ToyLog[] {
  return Array.from({ length: Math.floor(random.next() * 3) }, () => makeLog(random))
}

/** The process ends as if killed: nothing it still had in memory reaches the disk. */
async function restart(run: Run, store: Store): Promise<void> {
  const dying = run.process
  await dying.sync.stop()
  await dying.store.close()
  try {
    run.process = await startProcess({ ...run, store })
  } catch {
    // It died while starting; the next start finds what it left.
    run.process = await startProcess({ ...run, store: await run.disk.open(tables) })
  }
}

async function quieten(run: Run): Promise<void> {
  run.faulty.setFaults(noFaults)
  for (const need of allNeeds) run.ready.add(need)
  // A crashed store stays dead: what memory shows is judged by what a new process makes of the disk.
  if (run.history.steps.some((step) => step.kind === 'crash')) await restart(run, await run.disk.open(tables))
  sourceSide(run.process.replica).retryDeferred()
  await run.clock.advance(run.history.lossless ? 15_000 : 60_000)
  sourceSide(run.process.replica).retryDeferred()
  await run.clock.advance(2_500)
}

function countWrong(
  replica: Replica<unknown>,
  remote: ReadonlyMap<string, Row>,
  { toy }: KernelHistory,
): number {
  const collection = replica.collection(toyTable)
  if (replica.status.get().state !== 'live') return Math.max(1, remote.size)
  // What is held whole says so in the end.
  let wrong = holdsRows(toy) || collection.complete ? 0 : 1
  for (const id of new Set([...remote.keys(), ...collection.ids()])) {
    const held = collection.get(id)
    const there = remote.get(id)
    if (holdsRows(toy) && !isClaimed(collection, replica.epoch, id)) continue
    if (held === undefined || there === undefined ? held !== there : !rowsEqual(held, there)) wrong += 1
  }
  return wrong
}

/** Whether the replica says of a row that it is verified; of others it promises nothing [S3]. */
function isClaimed(collection: Collection, epoch: number, id: string): boolean {
  return collection.meta(id)?.verifiedEpoch === epoch
}

function faultsOf({ faulty, lossless, maxLatencyMs }: KernelHistory): Faults {
  if (!faulty) return { ...noFaults, maxLatencyMs }
  return {
    maxLatencyMs,
    failedRequest: 0.1,
    cleanEnd: 0.05,
    brokenStream: 0.05,
    duplicate: 0.15,
    lostPush: lossless ? 0 : 0.1,
    reorder: lossless ? 0 : 0.1,
    wrongTotal: 0.3,
  }
}
