import { createReplica } from '@freshet/core'
import { collectGarbage, median } from '../measure.ts'
import { batchOf, benchReplica, ReplicaSubject } from '../core/replica-subject.ts'
import { Workload, type BenchItem, type Change } from '../core/workload.ts'
import { installPeers } from './install-peers.ts'
import type { Peer } from './peer.ts'
import { openTanStack } from './tanstack-peer.ts'
import { openTinyBase } from './tinybase-peer.ts'
import { openZql } from './zql-peer.ts'

/** Microseconds for a change, milliseconds for `load`; `undefined` where the peer has no such thing. */
export type PeerFigures = {
  readonly setUp: string
  readonly load: PeerPair
  readonly uniform: PeerPair
  readonly hot: PeerPair
  readonly optimistic: PeerPair | undefined
}
export type PeerPair = { readonly ours: number; readonly theirs: number }

const peers: Readonly<Record<string, () => Promise<Peer>>> = {
  zql: openZql,
  tanstack: openTanStack,
  tinybase: openTinyBase,
  ours: openOurs,
}

/** Ours behind the same door, so that both sides pay for it alike. */
async function openOurs(): Promise<Peer> {
  let window: readonly BenchItem[] = []
  const subject = new ReplicaSubject((rows) => (window = rows), createReplica(benchReplica))
  let layered = ''
  return {
    setUp: 'a replica in memory',
    tiesById: true,
    async load(rows) {
      subject.apply(batchOf(rows.map((row) => ({ id: row.id, row }))))
    },
    apply: (change) => subject.apply(batchOf([change])),
    optimistic: {
      show({ id, row: { score, status } }) {
        layered = id
        subject.layer(id, id, { score, status })
      },
      undo: () => subject.rollback(layered),
    },
    window: () => window,
    close: () => {},
  }
}

/** One side with the rows it was loaded with. */
type Side = { readonly peer: Peer; readonly idleMicros: number }

async function turnOfLoop(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve))
}

/** Microseconds until the work is done, what it left to the event loop included. */
async function micros(work: () => void): Promise<number> {
  const start = performance.now()
  work()
  await turnOfLoop()
  return (performance.now() - start) * 1000
}

/** What a turn of the event loop costs on its own here. */
async function idleMicros(): Promise<number> {
  const samples: number[] = []
  for (let at = 0; at < 2_000; at++) samples.push(await micros(() => {}))
  return median(samples)
}

/**
 * Microseconds of each step of a side.
 *
 * The work itself is timed alone, and what it leaves to the event loop as far as
 * it exceeds a turn that has nothing to do.
 */
async function stepMicros(side: Side, works: readonly (() => void)[], afterEach: (at: number) => void) {
  const samples: number[] = []
  const later: number[] = []
  for (const [at, work] of works.entries()) {
    const start = performance.now()
    work()
    const done = performance.now()
    await turnOfLoop()
    samples.push((done - start) * 1000)
    later.push((performance.now() - done) * 1000)
    afterEach(at)
  }
  return median(samples) + Math.max(0, median(later) - side.idleMicros)
}

function checkWindow({ setUp, tiesById, window }: Peer, expected: readonly BenchItem[]): void {
  const held = window()
  const isSame =
    held.length === expected.length &&
    held.every(({ id, score }, at) => (tiesById ? id === expected[at]?.id : score === expected[at]?.score))
  if (!isSame) throw new Error(`A wrong window (${setUp}).`)
}

/** Feeds both sides alike, a block each in turns. */
async function inBlocks(
  blocks: number,
  sides: readonly [ours: Side, theirs: Side],
  block: (side: Side) => { readonly works: readonly (() => void)[]; afterEach(at: number): void },
  nextBlock: () => void,
): Promise<PeerPair> {
  const figures: [number[], number[]] = [[], []]
  for (let at = 0; at < blocks; at++) {
    nextBlock()
    for (const which of at % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const)) {
      collectGarbage()
      const { works, afterEach } = block(sides[which])
      figures[which].push(await stepMicros(sides[which], works, afterEach))
    }
  }
  // The first block warms up.
  return { ours: median(figures[0].slice(1)), theirs: median(figures[1].slice(1)) }
}

async function loadMillis(open: () => Promise<Peer>, count: number): Promise<number> {
  const samples: number[] = []
  for (let round = 0; round < 3; round++) {
    const workload = new Workload(count, 100 + round)
    const peer = await open()
    collectGarbage()
    const start = performance.now()
    await peer.load([...workload.rows])
    samples.push(performance.now() - start)
    checkWindow(peer, workload.window())
    peer.close()
  }
  return Math.min(...samples)
}

async function measure(name: string, count: number, steps: number): Promise<PeerFigures> {
  const [openTheirs, openOur] = [peers[name], peers['ours']]
  if (openTheirs === undefined || openOur === undefined) throw new Error(`There is no peer ${name}.`)
  const load = { ours: await loadMillis(openOur, count), theirs: await loadMillis(openTheirs, count) }

  const workload = new Workload(count, 7)
  const idle = await idleMicros()
  const [our, their] = [await openOur(), await openTheirs()]
  await our.load([...workload.rows])
  await their.load([...workload.rows])
  const sides = [
    { peer: our, idleMicros: idle },
    { peer: their, idleMicros: idle },
  ] as const
  const blocks = 6

  let changes: readonly Change[] = []
  const uniform = await inBlocks(
    blocks,
    sides,
    ({ peer }) => ({ works: changes.map((change) => () => peer.apply(change)), afterEach: () => {} }),
    () => (changes = workload.uniform(steps * 4)),
  )
  for (const { peer } of sides) checkWindow(peer, workload.window())

  let hotSteps: ReturnType<Workload['hot']> = []
  const hot = await inBlocks(
    blocks,
    sides,
    ({ peer }) => ({
      works: hotSteps.map((step) => () => peer.apply(step)),
      afterEach: (at) => checkWindow(peer, hotSteps[at]?.expected ?? []),
    }),
    () => (hotSteps = workload.hot(steps)),
  )

  const before = workload.window()
  let own: readonly Change[] = []
  const hasUndo = our.optimistic !== undefined && their.optimistic !== undefined
  const optimistic = hasUndo
    ? await inBlocks(
        blocks,
        sides,
        ({ peer }) => ({
          works: own.map((change) => () => {
            peer.optimistic?.show(change)
            if (!peer.window().some(({ id }) => id === change.id))
              throw new Error(`Not shown (${peer.setUp}).`)
            peer.optimistic?.undo()
          }),
          afterEach: () => checkWindow(peer, before),
        }),
        () => (own = Array.from({ length: steps }, () => changeOf(workload.entering()))),
      )
    : undefined
  for (const { peer } of sides) peer.close()
  return { setUp: their.setUp, load, uniform, hot, optimistic }
}

function changeOf(row: BenchItem): Change {
  return { id: row.id, row }
}

installPeers()
const [name = '', count = '100000', steps = '100'] = process.argv.slice(2)
const figures = await measure(name, Number(count), Number(steps))
// Some peers keep timers that would hold the process.
if (process.send) process.send(figures, () => process.exit())
else console.log(figures)
