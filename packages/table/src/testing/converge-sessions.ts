import { rowsEqual, type Random, type Store } from '@freshet/core'
import {
  createBrowserTabs,
  createSeededRandom,
  createVirtualClock,
  playHistories,
  shrinkHistory,
  type BrowserTabs,
  type PlayOptions,
  type PlayResult,
  type VirtualClock,
} from '@freshet/core/testing'
import { createMemoryDisk, openMemoryStore, type MemoryDisk } from '@freshet/storage/memory'
import { openLiveTable, type LiveTable } from '../live-table.ts'
import { tableSchema } from '../master-schema.ts'
import type { Master } from '../master.ts'
import { createMemoryDatabase } from '../memory/memory-database.ts'
import type { RecordEdit } from '../session/record-edit.ts'
import type { SaveResult } from '../session/save-result.ts'
import { createFaultyMaster, noMasterFaults, type FaultyMaster } from './faulty-master.ts'
import { mortalMaster, mortalStore } from './mortal-process.ts'
import { makeSessionHistory, sessionRows, type SessionHistory, type SessionStep } from './session-history.ts'
import { createSessionLedger, textOf, type SessionLedger, type Typed } from './session-ledger.ts'
import { variedMaster } from './varied-master.ts'

/** What a run can do without, to show that it would notice. */
const switches = {
  /** The database compares nothing before it writes. */
  guard: 'silent overwrites',
  /** Each sending has an id of its own, so that the database cannot know one that it has taken. */
  'operation-id': 'effects that happen twice',
  /** What is accepted is not written to the disk. */
  note: 'writes that are lost with their process',
  /** What fails is let go. */
  stay: 'writes that are lost when they fail',
} as const

type Switch = keyof typeof switches

/**
 * Plays random users who edit, save, crash and come back on one master, and
 * counts what must not be: a promised value that is nowhere any more, an
 * operation with two effects, a guarded value that took the place of one its
 * user had not seen, and clients that do not end equal to the master.
 *
 * @param options.without - One of `guard`, `operation-id`, `note`, `stay`, to see it noticed.
 */
export async function converge(
  options: PlayOptions & { readonly without?: string | undefined },
): Promise<PlayResult> {
  const without = switchOf(options.without)
  return playHistories(options, {
    make: makeSessionHistory,
    run: async (history, seed) => (await runHistory(history, seed, without)).length,
    describe: (history, seed) => describeFailure(history, seed, without),
  })
}

function switchOf(id: string | undefined): Switch | undefined {
  const known = Object.keys(switches)
  if (id !== undefined && !known.includes(id))
    throw new RangeError(`There is no rule ${id} to switch off; choose one of ${known.join(', ')}.`)
  // One of the keys, as was just asked.
  return id as Switch | undefined
}

async function describeFailure(
  history: SessionHistory,
  seed: number,
  without: Switch | undefined,
): Promise<string> {
  const fails = async (steps: readonly SessionStep[]): Promise<boolean> =>
    (await runHistory({ ...history, steps }, seed, without)).length > 0
  const steps = await shrinkHistory(history.steps, fails)
  const wrong = await runHistory({ ...history, steps }, seed, without)
  const { steps: _, ...kind } = history
  return [
    `seed ${seed}: ${JSON.stringify(kind)}`,
    ...steps.map((step) => `  ${JSON.stringify(step)}`),
    ...wrong.map((each) => `  wrong: ${each}`),
  ].join('\n')
}

type Run = {
  readonly history: SessionHistory
  readonly without: Switch | undefined
  readonly clock: VirtualClock
  readonly random: Random
  readonly remote: Master
  readonly faulty: FaultyMaster
  readonly ledger: SessionLedger
  readonly disks: readonly MemoryDisk[]
  readonly browser: BrowserTabs
  readonly users: User[]
}

/** One process after the other is one user. */
type User = {
  readonly table: LiveTable
  /** Oldest first. */
  readonly sessions: RecordEdit[]
  readonly life: AbortSignal
  kill(): void
}

const schema = tableSchema({ columns: { a: 'text', b: 'text' } })

async function runHistory(
  history: SessionHistory,
  seed: number,
  without: Switch | undefined,
): Promise<readonly string[]> {
  const random = createSeededRandom(seed ^ 0x5eed)
  const clock = createVirtualClock()
  const remote = createMemoryDatabase({ tables: { item: schema }, clock, random }).master('item')
  for (const id of sessionRows)
    await remote.insert(id, { a: `${id}a`, b: `${id}b` }, { opId: `before-${id}` })
  const ledger = createSessionLedger()
  const faulty = createFaultyMaster(variedMaster(loggedMaster(remote, ledger, without), varietyOf(history)), {
    clock,
    random,
  })
  faulty.setFaults(faultsOf(history))
  const disks = Array.from({ length: history.tabs ? 1 : history.clients }, () => createMemoryDisk())
  const browser = createBrowserTabs()
  const run: Run = { history, without, clock, random, remote, faulty, ledger, disks, browser, users: [] }
  for (let client = 0; client < history.clients; client++) run.users.push(await startUser(run, client))
  for (const [index, step] of history.steps.entries()) await takeStep(run, step, index)
  await quieten(run)
  const wrong = [...(await checkLedger(run)), ...(await findDifferences(run))]
  for (const { kill } of run.users) kill()
  return wrong
}

/** Writes down what each operation changes. The calls answer in the order they were made, so nothing comes between. */
function loggedMaster(master: Master, ledger: SessionLedger, without: Switch | undefined): Master {
  let sendings = 0
  const given = <Options extends { readonly opId: string }>(options: Options): Options => ({
    ...options,
    ...(without === 'operation-id' && { opId: `sending-${sendings++}` }),
    ...(without === 'guard' && { expect: undefined }),
  })
  const logged = async <T>(opId: string, id: string, write: () => Promise<T>): Promise<T> => {
    const [before, result, after] = [master.get([id]), write(), master.get([id])]
    const answer = await result
    const [was, is] = [(await before)[0]?.[1], (await after)[0]?.[1]]
    if (was !== is) ledger.took(opId, id, was, is)
    return answer
  }
  return {
    ...master,
    insert: (id, row, o) => logged(o.opId, id, () => master.insert(id, row, given(o))),
    replace: (id, row, o) => logged(o.opId, id, () => master.replace(id, row, given(o))),
    patch: (id, patch, o) => logged(o.opId, id, () => master.patch(id, patch, given(o))),
    delete: (id, o) => logged(o.opId, id, () => master.delete(id, given(o))),
    async insertReturnId(row, o) {
      const stored = await master.insertReturnId(row, given(o))
      ledger.took(o.opId, stored.id, undefined, stored.row)
      return stored
    },
  }
}

async function startUser(run: Run, client: number): Promise<User> {
  const { history, without, clock, random, faulty, disks, browser } = run
  const tab = history.tabs ? browser.openTab() : undefined
  const disk = disks[client] ?? disks[0]
  const death = new AbortController()
  const table = await openLiveTable(mortalMaster(faulty.master, death.signal), {
    cacheKey: 'items',
    preload: true,
    tabs: tab,
    store: async (tables) => {
      const store = mortalStore(await openMemoryStore({ tables, disk }), death.signal)
      return without === 'note' ? forgetful(store) : store
    },
    connectWaitMs: 50,
    drainMs: 1,
    reconcileMs: 20_000,
    clock,
    random,
  })
  return {
    table,
    sessions: [],
    life: death.signal,
    kill() {
      death.abort()
      tab?.crash()
      void table.close()
    },
  }
}

/** A store that says it has noted an operation, and has not. */
function forgetful(store: Store): Store {
  let notes = 0
  return { ...store, append: async () => `forgotten-${String(notes++).padStart(9, '0')}` }
}

async function takeStep(run: Run, step: SessionStep, index: number): Promise<void> {
  const { clock, faulty, remote, users, ledger } = run
  const client = 'client' in step ? step.client % users.length : 0
  const user = users[client]
  const edit = user?.sessions.at(-1)
  const person = run.history.tabs ? 0 : client
  const options = { opId: `theirs-${index}` }
  if (!user) return
  switch (step.kind) {
    case 'theirs':
      return ignoring(remote.patch(step.id, { set: { [step.field]: `theirs${index}` } }, options))
    case 'theirsBack':
      return ignoring(remote.patch(step.id, { set: { [step.field]: `${step.id}${step.field}` } }, options))
    case 'theirsDelete':
      return ignoring(remote.delete(step.id, options))
    case 'open':
      void user.table.editRecord(step.id, { track: step.auto ? 'auto' : 'manual' }).then(
        (opened) => user.sessions.push(opened),
        () => {},
      )
      return clock.settle()
    case 'make':
      return void user.sessions.push(user.table.newRecord({}, { id: step.byBackend ? 'backend' : 'uuid' }))
    case 'type': {
      if (!edit || edit.state === 'gone') return
      const over = ledger.of(edit.get(step.field))?.value
      const about = { person, id: edit.id, field: step.field, over }
      return edit.set(step.field, ledger.type(about, textOf(edit.liveSnapshot, step.field)).value)
    }
    case 'save':
      if (edit) save(run, user, edit, step)
      return
    case 'refresh':
      return void edit?.refreshSnapshot().catch(() => {})
    case 'resolve':
      for (const { field, local } of edit?.conflicts() ?? []) {
        const typed = ledger.of(local)
        if (typed && step.how === 'remote') typed.released = true
        edit?.resolve(field, step.how)
      }
      return
    case 'delete':
      // Whoever deletes a row lets go of what they wrote to it.
      for (const typed of ledger.ofRow(person, edit?.id ?? '')) typed.released = true
      return void edit?.delete({ wait: step.wait }).catch(() => {})
    case 'keep': {
      const kept = edit ? unsaved(run, edit) : []
      void edit?.saveDraft().then(
        () => promise(run, user, kept, 'kept'),
        () => {},
      )
      return
    }
    case 'openKept':
      return openKept(user, clock)
    case 'leave':
      return user.sessions.pop()?.dispose()
    case 'retry': {
      const queued = user.table.outbox.queued()
      // Where nothing has failed, what waits for its next attempt is tried at once.
      const retried = queued.find(({ state }) => state === 'failed') ?? queued[0]
      return void user.table.outbox.retry(retried?.operation.operationId ?? '')
    }
    case 'discard': {
      const first = user.table.outbox.queued().find(({ state }) => state !== 'sending')
      for (const value of valuesIn(first?.operation.request)) {
        // With what was merged into it.
        for (let typed = ledger.of(value); typed; typed = ledger.of(typed.over)) typed.released = true
      }
      return void user.table.outbox.discard(first?.operation.operationId ?? '')
    }
    case 'wait':
      return clock.advance(step.ms)
    case 'cut':
      return faulty.cut()
    case 'outage':
      faulty.setOutage(true)
      await clock.advance(step.ms)
      return faulty.setOutage(false)
    case 'restart': {
      const closing = user.table.close()
      await clock.advance(5)
      await Promise.race([closing, clock.advance(10_000)])
      users[client] = await startUser(run, client)
      return
    }
    case 'kill':
      user.kill()
      users[client] = await startUser(run, client)
      return
  }
}

function save(
  run: Run,
  user: User,
  edit: RecordEdit,
  { wait, guard }: Extract<SessionStep, { readonly kind: 'save' }>,
): void {
  const sent = unsaved(run, edit)
  for (const typed of sent) {
    typed.bases.add(textOf(edit.liveSnapshot, typed.field))
    // A session on a write that failed goes on from what that was based on, and shows it.
    for (const { field, base } of edit.conflicts()) {
      if (field === typed.field && typeof base === 'string') typed.bases.add(base)
    }
    if (typed.guard !== 'none') typed.guard = guard
  }
  const hear = ({ kind }: SaveResult): void => {
    if (kind === 'saved' || kind === 'created') promise(run, user, sent, 'stored')
    if (kind === 'queued') promise(run, user, sent, 'noted')
  }
  edit.save({ wait, guard }).then(hear, () => {})
}

/** Nobody hears a promise made to a process that has died. */
function promise(
  { ledger }: Run,
  user: User,
  typed: readonly Typed[],
  how: 'kept' | 'noted' | 'stored',
): void {
  if (!user.life.aborted) for (const entry of typed) ledger.promise(entry, how)
}

function unsaved({ ledger }: Run, edit: RecordEdit): readonly Typed[] {
  return edit.getModifiedFields().flatMap((field) => ledger.of(edit.get(field)) ?? [])
}

async function openKept({ table, sessions }: User, clock: VirtualClock): Promise<void> {
  void table
    .drafts()
    .then(([first]) => (first ? table.openDraft(first.draftId) : undefined))
    .then(
      (edit) => edit && sessions.push(edit),
      () => {},
    )
  return clock.settle()
}

async function ignoring(work: Promise<unknown>): Promise<void> {
  // A patch of a row that is not there is refused: nothing has changed.
  await work.catch(() => {})
}

async function quieten({ without, clock, faulty, users }: Run): Promise<void> {
  faulty.setFaults(noMasterFaults)
  // Long enough for the longest wait between two attempts; in short steps, so that long chains end.
  for (let passed = 0; passed < 40_000; passed += 500) {
    await clock.advance(500)
    if (without === 'stay') for (const user of users) discardFailed(user)
  }
}

function discardFailed({ table }: User): void {
  for (const { operation, state } of table.outbox.queued())
    if (state === 'failed') void table.outbox.discard(operation.operationId)
}

/** What stands in an outbox or a kept draft is still its user's. */
async function checkLedger({ ledger, users }: Run): Promise<readonly string[]> {
  const visible = new Set<unknown>()
  for (const { table } of users) {
    for (const { operation } of table.outbox.queued()) {
      for (const value of valuesIn(operation.request)) visible.add(value)
    }
    for (const { local } of await table.drafts()) for (const value of Object.values(local)) visible.add(value)
  }
  return ledger.check((value) => visible.has(value))
}

/** Once all that failed is let go, every client shows what the master holds. */
async function findDifferences({ clock, remote, users }: Run): Promise<readonly string[]> {
  for (let round = 0; round < 40; round++) {
    for (const user of users) discardFailed(user)
    await clock.advance(1_000)
    if (users.every(({ table }) => table.outbox.queued().length === 0)) break
  }
  await clock.advance(1_000)
  const wrong: string[] = []
  const truth = new Map((await remote.list({})).rows.map(([id, row]) => [id, row]))
  for (const [client, { table }] of users.entries()) {
    for (const { operation, state } of table.outbox.queued())
      wrong.push(`client ${client}: still ${state}: ${JSON.stringify(operation.request)}`)
    for (const id of new Set([...truth.keys(), ...table.collection.ids()])) {
      const [shown, stored] = [table.get(id), truth.get(id)]
      const same = shown && stored ? rowsEqual(shown, stored) : shown === stored
      if (!same)
        wrong.push(
          `client ${client}: row ${id}: ${JSON.stringify(shown)}, at the master ${JSON.stringify(stored)}`,
        )
    }
  }
  return wrong
}

/** The texts in a request, wherever in it. */
function valuesIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(valuesIn) : []
}

function varietyOf({ returnedRow, versions }: SessionHistory) {
  return { returnedRow, versions, opEcho: true, touchedOnly: false, lossless: true, evaluates: true }
}

function faultsOf({ faulty, maxLatencyMs }: SessionHistory) {
  if (!faulty) return { ...noMasterFaults, maxLatencyMs }
  return {
    maxLatencyMs,
    failedRequest: 0.1,
    lostReply: 0.15,
    brokenWatch: 0.05,
    duplicate: 0.15,
    lostPush: 0,
  }
}
