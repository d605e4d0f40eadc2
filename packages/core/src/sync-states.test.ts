import { expect, test } from 'vitest'
import { FreshetError } from './errors.ts'
import { createIntake, type IntakeOptions } from './intake.ts'
import { createReplica } from './replica.ts'
import type { SyncState } from './status.ts'
import { createSync } from './sync.ts'
import { put } from './testing/facts.ts'
import { createScriptedSource } from './testing/scripted-source.ts'
import { createSeededRandom } from './testing/seeded-random.ts'
import { toyProjection, type ToyLog } from './testing/toy-chain.ts'
import { toyTable } from './testing/toy-table.ts'
import { createVirtualClock } from './testing/virtual-clock.ts'

function fault(kind: 'remote' | 'protocol', retryable: boolean): FreshetError {
  return new FreshetError({ code: 'testing/script', kind, retryable, message: 'As the script says.' })
}

function setUp<F>(kind: 'state' | 'log') {
  const clock = createVirtualClock()
  const remote = createScriptedSource<F>({ kind, lossless: kind === 'log' })
  // The toy chain's logs are the only facts a log batch here carries.
  const projection = toyProjection as IntakeOptions<F>['projection']
  const replica = createReplica<F>({
    name: 'r',
    tables: [{ name: toyTable }],
    maxRows: 3,
    intake: createIntake({ projection }),
    clock,
  })
  const { source } = remote
  const sync = createSync<F>({ replica, source, clock, random: createSeededRandom(1), stallMs: 30_000 })
  return { clock, remote, replica, sync, state: () => replica.status.get().state }
}
type Scene<F> = ReturnType<typeof setUp<F>>

/** How each state is reached. */
const reach: { readonly [S in SyncState]: <F>(scene: Scene<F>) => Promise<void> } = {
  idle: async () => {},
  async bootstrapping({ sync, clock }) {
    sync.start()
    await clock.settle()
  },
  async live(scene) {
    await reach.bootstrapping(scene)
    scene.remote.push({ kind: 'live' })
    await scene.clock.settle()
  },
  async retrying(scene) {
    await reach.live(scene)
    scene.remote.end()
    await scene.clock.settle()
  },
  async 'catching-up'(scene) {
    await reach.retrying(scene)
    await scene.clock.advance(250)
  },
  async paused(scene) {
    await reach.live(scene)
    await scene.sync.pause()
  },
  async halted(scene) {
    await reach.live(scene)
    scene.remote.end(fault('protocol', false))
    await scene.clock.settle()
  },
}

const stateEvents = {
  start: ({ sync }: Scene<unknown>) => sync.start(),
  pause: ({ sync }: Scene<unknown>) => sync.pause(),
  stop: ({ sync }: Scene<unknown>) => sync.stop(),
  reconcile: ({ sync }: Scene<unknown>) => sync.reconcile(),
  live: ({ remote }: Scene<unknown>) => remote.push({ kind: 'live' }),
  invalidated: ({ remote }: Scene<unknown>) => remote.push({ kind: 'invalidated' }),
  streamEnd: ({ remote }: Scene<unknown>) => remote.end(),
  streamError: ({ remote }: Scene<unknown>) => remote.end(new TypeError('socket hang up')),
  refused: ({ remote }: Scene<unknown>) => remote.end(fault('remote', false)),
  protocolError: ({ remote }: Scene<unknown>) => remote.end(fault('protocol', false)),
  tooManyRows: ({ remote }: Scene<unknown>) =>
    remote.push({ kind: 'facts', facts: ['a', 'b', 'c', 'd'].map((id) => put(id, { n: 1 })) }),
  pageError({ remote, sync }: Scene<unknown>) {
    remote.beforeNext(() => Promise.reject(fault('remote', true)))
    remote.push({ kind: 'live' })
    sync.reconcile()
  },
  attemptDue: ({ clock }: Scene<unknown>) => clock.advance(250),
  stalled: ({ clock }: Scene<unknown>) => clock.advance(30_050),
  reconcileDue: ({ clock }: Scene<unknown>) => clock.advance(60_000),
}
type StateEvent = keyof typeof stateEvents

const same = (state: SyncState): Record<StateEvent, SyncState> => ({
  start: state,
  pause: 'paused',
  stop: 'idle',
  reconcile: state,
  live: state,
  invalidated: state,
  streamEnd: state,
  streamError: state,
  refused: state,
  protocolError: state,
  tooManyRows: state,
  pageError: state,
  attemptDue: state,
  stalled: state,
  reconcileDue: state,
})
const connected = {
  streamEnd: 'retrying',
  streamError: 'retrying',
  refused: 'halted',
  protocolError: 'halted',
  tooManyRows: 'halted',
  pageError: 'retrying',
} as const

/** What follows on each event in each state. */
const stateTable: Record<SyncState, Record<StateEvent, SyncState>> = {
  idle: { ...same('idle'), start: 'bootstrapping' },
  bootstrapping: { ...same('bootstrapping'), ...connected, live: 'live', stalled: 'retrying' },
  'catching-up': { ...same('catching-up'), ...connected, live: 'live', stalled: 'retrying' },
  live: { ...same('live'), ...connected },
  retrying: {
    ...same('retrying'),
    attemptDue: 'catching-up',
    stalled: 'catching-up',
    reconcileDue: 'catching-up',
  },
  paused: { ...same('paused'), start: 'catching-up' },
  halted: { ...same('halted'), start: 'catching-up' },
}

const logEvents = {
  applied: ({ remote }: Scene<ToyLog>) =>
    remote.push({ kind: 'log', batch: { kind: 'log', after: -1, upTo: 0, facts: [] } }),
  covered: ({ remote }: Scene<ToyLog>) =>
    remote.push({ kind: 'log', batch: { kind: 'log', after: -2, upTo: -1, facts: [] } }),
  gap: ({ remote }: Scene<ToyLog>) =>
    remote.push({ kind: 'log', batch: { kind: 'log', after: 6, upTo: 7, facts: [] } }),
  beyondHistory: ({ remote }: Scene<ToyLog>) =>
    remote.push({ kind: 'log', batch: { kind: 'log', after: -5, upTo: -4, rewindTo: -5, facts: [] } }),
  noRoom: ({ remote }: Scene<ToyLog>) => {
    const facts = ['a', 'b', 'c', 'd'].map((account): ToyLog => ({
      account,
      op: 'add',
      amount: 1,
      need: undefined,
    }))
    remote.push({ kind: 'log', batch: { kind: 'log', after: -1, upTo: 0, facts } })
  },
}
type LogEvent = keyof typeof logEvents

const unheard = (state: SyncState): Record<LogEvent, SyncState> => ({
  applied: state,
  covered: state,
  gap: state,
  beyondHistory: state,
  noRoom: state,
})
const heard = { gap: 'retrying', beyondHistory: 'retrying', noRoom: 'halted' } as const
const logTable: Record<SyncState, Record<LogEvent, SyncState>> = {
  idle: unheard('idle'),
  bootstrapping: { ...unheard('bootstrapping'), ...heard },
  'catching-up': { ...unheard('catching-up'), ...heard },
  live: { ...unheard('live'), ...heard },
  retrying: unheard('retrying'),
  paused: unheard('paused'),
  halted: unheard('halted'),
}

// A complete Record has its own type's keys.
const keysOf = <K extends string>(record: Record<K, unknown>): K[] => Object.keys(record) as K[]

test.each(keysOf(stateTable).flatMap((state) => keysOf(stateEvents).map((event) => [state, event] as const)))(
  '[P1] %s, %s',
  async (state, event) => {
    const scene = setUp<unknown>('state')
    await reach[state](scene)
    expect(scene.state()).toBe(state)
    await stateEvents[event](scene)
    await scene.clock.settle()
    expect(scene.state()).toBe(stateTable[state][event])
    await scene.sync.stop()
  },
)

test.each(keysOf(logTable).flatMap((state) => keysOf(logEvents).map((event) => [state, event] as const)))(
  '[P1] %s, a log that is %s',
  async (state, event) => {
    const scene = setUp<ToyLog>('log')
    await reach[state](scene)
    expect(scene.state()).toBe(state)
    logEvents[event](scene)
    await scene.clock.settle()
    expect(scene.state()).toBe(logTable[state][event])
    await scene.sync.stop()
  },
)
