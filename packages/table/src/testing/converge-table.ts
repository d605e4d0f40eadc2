import { rowsEqual, type Random, type Row, type Store, type View } from '@freshet/core'
import {
  createBrowserTabs,
  createSeededRandom,
  createVirtualClock,
  playHistories,
  rulesWithout,
  shrinkHistory,
  switchableRules,
  type BrowserTabs,
  type PlayOptions,
  type PlayResult,
  type VirtualClock,
} from '@freshet/core/testing'
import { createMemoryDisk, openMemoryStore, type MemoryDisk } from '@freshet/storage/memory'
import { allLiveRules, type LiveRules } from '../live-settings.ts'
import { createLiveTable, openLiveTable, type LiveTable } from '../live-table.ts'
import { tableSchema } from '../master-schema.ts'
import type { Master, MasterDatabase } from '../master.ts'
import { createMemoryDatabase } from '../memory/memory-database.ts'
import { createFaultyMaster, noMasterFaults, type FaultyMaster, type MasterFaults } from './faulty-master.ts'
import {
  historyQueries,
  makeTableHistory,
  type TableHistory,
  type TableStep,
  type TableWrite,
} from './table-history.ts'
import { mortalMaster, mortalStore } from './mortal-process.ts'
import { variedMaster } from './varied-master.ts'

/**
 * Plays random histories on live tables and counts the rows that differ from
 * the master once everything is quiet: rows held, results read, views shown,
 * and writes that are left pending.
 *
 * @param options.without - One of the kernel's rules, or LT7, LT18, LT19, to see it noticed.
 */
export async function converge(
  options: PlayOptions & { readonly without?: string | undefined },
): Promise<PlayResult> {
  const rules = liveRulesWithout(options.without)
  return playHistories(options, {
    make: makeTableHistory,
    run: async (history, seed) => (await runHistory(history, seed, rules)).length,
    describe: (history, seed) => describeFailure(history, seed, rules),
  })
}

function liveRulesWithout(id: string | undefined): LiveRules {
  if (id === 'LT7') return { ...allLiveRules, crossedReads: false }
  if (id === 'LT18') return { ...allLiveRules, upkeep: false }
  if (id === 'LT19') return { ...allLiveRules, staleResults: false }
  if (id === undefined) return allLiveRules
  if (Object.hasOwn(switchableRules, id)) return { ...allLiveRules, kernel: rulesWithout(id) }
  const known = [...Object.keys(switchableRules), 'LT7', 'LT18', 'LT19']
  throw new RangeError(`There is no rule ${id} to switch off; choose one of ${known.join(', ')}.`)
}

async function describeFailure(history: TableHistory, seed: number, rules: LiveRules): Promise<string> {
  const fails = async (steps: readonly TableStep[]): Promise<boolean> =>
    (await runHistory({ ...history, steps }, seed, rules)).length > 0
  const steps = await shrinkHistory(history.steps, fails)
  const wrong = await runHistory({ ...history, steps }, seed, rules)
  const { before, steps: _, ...kind } = history
  const head = `seed ${seed}: ${JSON.stringify(kind)}`
  const lines = [
    ...before.map((write) => `  before ${JSON.stringify(write)}`),
    ...steps.map((step) => `  ${JSON.stringify(step)}`),
  ]
  return [head, ...lines, ...wrong.map((each) => `  wrong: ${each}`)].join('\n')
}

/** The remote, and one or two clients on one store; one process after the other is each of them. */
type Run = {
  readonly history: TableHistory
  readonly clock: VirtualClock
  readonly random: Random
  readonly rules: LiveRules
  readonly remote: Master
  readonly faulty: FaultyMaster
  readonly disk: MemoryDisk
  readonly browser: BrowserTabs
  readonly processes: Process[]
}

type Process = {
  readonly table: LiveTable
  readonly views: Map<number, View>
  readonly lists: Set<number>
  /** From now on nothing of it reaches disk or remote. */
  kill(): void
}

const schema = tableSchema({ columns: { a: 'int', b: 'int' } })

async function runHistory(history: TableHistory, seed: number, rules: LiveRules): Promise<readonly string[]> {
  const random = createSeededRandom(seed ^ 0x5eed)
  const clock = createVirtualClock()
  const database: MasterDatabase = createMemoryDatabase({ tables: { item: schema }, clock, random })
  const remote = database.master('item')
  for (const [index, write] of history.before.entries()) await writeTheirs(remote, write, `before-${index}`)
  const faulty = createFaultyMaster(variedMaster(remote, history), { clock, random })
  faulty.setFaults(faultsOf(history))
  const base = { history, clock, random, rules, remote, faulty, disk: createMemoryDisk() }
  const run: Run = { ...base, browser: createBrowserTabs(), processes: [] }
  for (let client = 0; client < history.clients; client++) run.processes.push(await startProcess(run))

  for (const [index, step] of history.steps.entries()) await takeStep(run, step, index)
  await quieten(run)
  const wrong: string[] = []
  for (const [client, process] of run.processes.entries()) {
    for (const each of await findWrong(run, process)) wrong.push(`client ${client}: ${each}`)
  }
  for (const process of run.processes) process.kill()
  return wrong
}

async function startProcess(run: Run): Promise<Process> {
  const { history, clock, random, rules, faulty, disk, browser } = run
  const tab = browser.openTab()
  const life = new AbortController()
  const options = {
    cacheKey: 'items',
    preload: history.preload,
    invalidation: history.prefix ? ('prefix' as const) : ('rows' as const),
    offlineWrites: true,
    connectWaitMs: 50,
    drainMs: 1,
    reconcileMs: 20_000,
    clock,
    random,
    rules,
  }
  const master = mortalMaster(faulty.master, life.signal)
  const store = async (tables: Parameters<typeof openMemoryStore>[0]['tables']): Promise<Store> =>
    mortalStore(await openMemoryStore({ tables, disk }), life.signal)
  const table = history.stored
    ? await openLiveTable(master, { ...options, store, tabs: history.clients > 1 ? tab : undefined })
    : createLiveTable(master, options)
  return {
    table,
    views: new Map(),
    lists: new Set(),
    kill() {
      life.abort()
      tab.crash()
      void table.close()
    },
  }
}

async function takeStep(run: Run, step: TableStep, index: number): Promise<void> {
  const { clock, faulty, processes } = run
  const client = 'client' in step ? step.client % processes.length : 0
  const process = processes[client]
  if (process === undefined) return
  switch (step.kind) {
    case 'theirs':
      return writeTheirs(run.remote, step.write, `theirs-${index}`)
    case 'ours':
      // What becomes of a write is for its writer; here only the end counts.
      void writeOurs(process.table, step.write, step.wait).catch(() => {})
      return
    case 'list':
      process.lists.add(step.query)
      void process.table.list(historyQueries[step.query], { mode: step.mode }).catch(() => {})
      return
    case 'get':
      void process.table.read(step.id).catch(() => {})
      return
    case 'view': {
      const view = process.views.get(step.query) ?? process.table.view(historyQueries[step.query])
      view.subscribe(() => {})
      process.views.set(step.query, view)
      return
    }
    case 'invalidate':
      return process.table.invalidate()
    case 'wait':
      return clock.advance(step.ms)
    case 'cut':
      return faulty.cut()
    case 'outage':
      faulty.setOutage(true)
      await clock.advance(step.ms)
      return faulty.setOutage(false)
    case 'restart': {
      const closing = process.table.close()
      await clock.advance(5)
      await Promise.race([closing, clock.advance(10_000)])
      return startAgain(run, client)
    }
    case 'kill':
      process.kill()
      return startAgain(run, client)
  }
}

async function startAgain(run: Run, client: number): Promise<void> {
  const lists = run.processes[client]?.lists ?? []
  const process = await startProcess(run)
  // What was asked for before is asked for again: the answers kept must be right.
  for (const query of lists) process.lists.add(query)
  run.processes[client] = process
}

async function quieten({ history, clock, faulty, processes }: Run): Promise<void> {
  faulty.setFaults(noMasterFaults)
  // Long enough for the longest wait between two attempts, and for two reconciliations of a lossy feed.
  // In short steps, so that long chains of promises are not taken for silence.
  const forMs = history.lossless ? 36_000 : 65_000
  for (let passed = 0; passed < forMs; passed += 500) {
    await clock.advance(500)
    // Nobody is here to decide about the writes that failed while nobody waited for them.
    for (const { table } of processes) {
      for (const { operation, state } of table.outbox.queued())
        if (state === 'failed') void table.outbox.discard(operation.operationId)
    }
  }
}

/** What differs from the master, in words. */
async function findWrong({ history, remote, clock }: Run, process: Process): Promise<readonly string[]> {
  const { table, views } = process
  const wrong: string[] = []
  const { state } = table.status.get()
  if (state !== 'live') wrong.push(`the table is ${state}`)
  for (const { operation } of table.outbox.queued())
    wrong.push(`still queued: ${JSON.stringify(operation.request)}`)
  const truth = await rowsOf(remote, {})
  if (history.preload) {
    for (const id of new Set([...truth.keys(), ...table.collection.ids()])) {
      if (!sameRow(table.get(id), truth.get(id)))
        wrong.push(`row ${id}: ${text(table.get(id))}, at the master ${text(truth.get(id))}`)
    }
  }
  for (const [query, view] of views) {
    const { ids, rows } = view.snapshot()
    const shown = new Map(ids.map((id, at): [string, Row] => [id, rows[at] ?? {}]))
    wrong.push(...differences(`view ${query}`, shown, await rowsOf(remote, historyQueries[query] ?? {})))
  }
  for (const query of process.lists) {
    const read = table.list(historyQueries[query])
    await clock.advance(1_000)
    const expected = await remote.list(historyQueries[query] ?? {})
    const { rows, total, pending, stale } = await read
    wrong.push(...differences(`list ${query}`, rows, await rowsOf(remote, historyQueries[query] ?? {})))
    if (total !== undefined && total !== expected.total)
      wrong.push(`list ${query}: total ${total}, at the master ${expected.total}`)
    if (pending || stale) wrong.push(`list ${query} is ${pending ? 'pending' : 'stale'}`)
  }
  for (const id of truth.keys()) {
    const read = table.read(id)
    await clock.advance(1_000)
    const { row, pending } = await read
    if (!sameRow(row, truth.get(id)))
      wrong.push(`read ${id}: ${text(row)}, at the master ${text(truth.get(id))}`)
    if (pending) wrong.push(`read ${id} is pending`)
  }
  return wrong
}

async function rowsOf(master: Master, query: Parameters<Master['list']>[0]): Promise<Map<string, Row>> {
  return new Map((await master.list(query)).rows.map(([id, row]): [string, Row] => [id, row]))
}

function differences(
  name: string,
  shown: ReadonlyMap<string, Row>,
  truth: ReadonlyMap<string, Row>,
): readonly string[] {
  const [a, b] = [[...shown], [...truth]]
  const same =
    a.length === b.length && a.every(([id, row], at) => id === b[at]?.[0] && sameRow(row, b[at]?.[1]))
  return same ? [] : [`${name}: ${text(Object.fromEntries(a))}, at the master ${text(Object.fromEntries(b))}`]
}

function sameRow(a: Row | undefined, b: Row | undefined): boolean {
  return a === undefined || b === undefined ? a === b : rowsEqual(a, b)
}

function text(value: unknown): string {
  return JSON.stringify(value) ?? 'none'
}

async function writeTheirs(master: Master, write: TableWrite, opId: string): Promise<void> {
  const options = { opId }
  switch (write.op) {
    case 'insert':
      return void (await master.insert(write.id, write.row, options))
    case 'replace':
      return void (await master.replace(write.id, write.row, options))
    case 'patch':
      // A patch of a row that is not there is refused: nothing has changed.
      return void (await master.patch(write.id, { set: write.set }, options).catch(() => {}))
    case 'delete':
      return void (await master.delete(write.id, options))
    case 'deleteAll':
      return master.deleteAll({ op: 'gt', field: 'a', value: write.above }, options)
    case 'make':
      return void (await master.insertReturnId(write.row, options))
  }
}

async function writeOurs(table: LiveTable, write: TableWrite, wait: 'remote' | 'local'): Promise<unknown> {
  switch (write.op) {
    case 'insert':
      return table.insert(write.id, write.row, { wait })
    case 'replace':
      return table.replace(write.id, write.row, { wait })
    case 'patch':
      return table.patch(write.id, { set: write.set }, { wait, expect: write.guard })
    case 'delete':
      return table.delete(write.id, { wait })
    case 'deleteAll':
      return table.deleteAll({ op: 'gt', field: 'a', value: write.above }, { wait })
    case 'make':
      return table.insertReturnId(write.row)
  }
}

function faultsOf({ faulty, lossless, maxLatencyMs }: TableHistory): MasterFaults {
  if (!faulty) return { ...noMasterFaults, maxLatencyMs }
  return {
    maxLatencyMs,
    failedRequest: 0.1,
    lostReply: 0.1,
    brokenWatch: 0.05,
    duplicate: 0.15,
    lostPush: lossless ? 0 : 0.1,
  }
}
