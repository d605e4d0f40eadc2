import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { lineLog, openReplica, storeTables, type Replica, type Telemetry } from '@freshet/core'
import { openTelemetry } from '@freshet/core/opentelemetry'
import { openSqliteStore } from '@freshet/storage/sqlite'
import type { Span, SpanOptions, Tracer } from '@opentelemetry/api'
import { collectGarbage, median, quantile } from '../measure.ts'
import { PlainLimit } from './plain-limit.ts'
import { batchOf, benchReplica, ReplicaSubject } from './replica-subject.ts'
import { Workload, type BenchItem, type HotStep } from './workload.ts'

/** Microseconds per operation; nanoseconds for `read`, milliseconds for `tick` and `load`. */
export type Pair = { readonly limit: number; readonly ours: number }

/** What one process measured at one size. */
export type ViewsFigures = {
  readonly load: Pair
  readonly uniform: Pair
  readonly hotP50: Pair
  readonly hotP95: Pair
  readonly tick: Pair
  readonly optimistic: Pair
  readonly read: Pair
  /** Microseconds of work that was left for later after a hot change. */
  readonly deferred: number
}

type Window = readonly BenchItem[]

/** Both sides, fed alike. */
class Sides {
  readonly workload: Workload
  readonly limit: PlainLimit
  readonly ours: ReplicaSubject
  readonly load: Pair
  limitWindow: Window = []
  oursWindow: Window = []

  constructor(count: number, seed: number, replica?: Replica, telemetry?: Telemetry) {
    this.workload = new Workload(count, seed)
    this.limit = new PlainLimit((window) => (this.limitWindow = window))
    this.ours = new ReplicaSubject((window) => (this.oursWindow = window), replica, telemetry)
    const { rows } = this.workload
    const batch = batchOf(rows.map((row) => ({ id: row.id, row })))
    const copy = [...rows]
    const ours = timed(() => this.ours.apply(batch))
    const limit = timed(() => this.limit.load(copy))
    this.load = { limit: limit / 1000, ours: ours / 1000 }
    this.check(this.workload.window())
  }

  /** Fails the run when a subscriber holds anything but the right rows. */
  check(expected: Window): void {
    checkWindow('the limit', this.limitWindow, expected)
    checkWindow('the replica', this.oursWindow, expected)
  }
}

function checkWindow(who: string, window: Window, expected: Window): void {
  const same = window.length === expected.length && window.every((row, at) => sameRow(row, expected[at]))
  if (!same) throw new Error(`${who} holds a wrong window.`)
}

function sameRow(a: BenchItem, b: BenchItem | undefined): boolean {
  return a === b || (a.id === b?.id && a.score === b.score && a.status === b.status)
}

function timed(work: () => void): number {
  collectGarbage()
  const start = performance.now()
  work()
  return (performance.now() - start) * 1000
}

/** Runs both in turns and takes the median of each. */
function inTurns(rounds: number, warmUp: number, round: (turn: number) => Pair): Pair {
  const figures = Array.from({ length: rounds + warmUp }, (_, turn) => round(turn)).slice(warmUp)
  return { limit: median(figures.map(({ limit }) => limit)), ours: median(figures.map(({ ours }) => ours)) }
}

function bothWays(turn: number, limit: () => number, ours: () => number): Pair {
  if (turn % 2 === 0) {
    const first = limit()
    return { limit: first, ours: ours() }
  }
  const first = ours()
  return { ours: first, limit: limit() }
}

function measureUniform(sides: Sides, operations: number): Pair {
  return inTurns(7, 2, (turn) => {
    const changes = sides.workload.uniform(operations)
    const single = changes.map((change) => [change])
    const batches = single.map(batchOf)
    const result = bothWays(
      turn,
      () => timed(() => single.forEach((change) => sides.limit.apply(change))) / operations,
      () => timed(() => batches.forEach((batch) => sides.ours.apply(batch))) / operations,
    )
    sides.check(sides.workload.window())
    return result
  })
}

/** The engine compiles what it meets in the first thousands of changes. */
const warmUpTurns = 6

function measureHot(sides: Sides, operations: number): { readonly p50: Pair; readonly p95: Pair } {
  const samples = { limit: [] as number[], ours: [] as number[] }
  for (let turn = 0; turn < 16; turn++) {
    const steps = sides.workload.hot(operations)
    const run = (side: 'limit' | 'ours'): number => {
      const figures = side === 'limit' ? hotLimit(sides, steps) : hotOurs(sides, steps)
      if (turn >= warmUpTurns) samples[side].push(...figures)
      return 0
    }
    bothWays(
      turn,
      () => run('limit'),
      () => run('ours'),
    )
  }
  const at = (q: number): Pair => ({ limit: quantile(samples.limit, q), ours: quantile(samples.ours, q) })
  return { p50: at(0.5), p95: at(0.95) }
}

function hotLimit(sides: Sides, steps: readonly HotStep[]): number[] {
  const inputs = steps.map(({ id, row }) => [{ id, row }])
  return steps.map(({ expected }, at) => {
    const input = inputs[at] ?? []
    const start = performance.now()
    sides.limit.apply(input)
    const micros = (performance.now() - start) * 1000
    checkWindow('the limit', sides.limitWindow, expected)
    return micros
  })
}

function hotOurs(sides: Sides, steps: readonly HotStep[]): number[] {
  const inputs = steps.map((step) => batchOf([step]))
  return steps.map(({ expected }, at) => {
    const input = inputs[at] ?? batchOf([])
    const start = performance.now()
    sides.ours.apply(input)
    const micros = (performance.now() - start) * 1000
    checkWindow('the replica', sides.oursWindow, expected)
    return micros
  })
}

/** What a hot change leaves to the event loop, over what the loop itself costs. */
async function measureDeferred(sides: Sides): Promise<number> {
  const steps = sides.workload.hot(200)
  const drain = async (work: () => void): Promise<number> => {
    work()
    const start = performance.now()
    await new Promise((resolve) => setImmediate(resolve))
    return (performance.now() - start) * 1000
  }
  const [idle, after]: [number[], number[]] = [[], []]
  for (const step of steps) {
    const batch = batchOf([step])
    idle.push(await drain(() => {}))
    after.push(await drain(() => sides.ours.apply(batch)))
    sides.limit.apply([step])
  }
  sides.check(sides.workload.window())
  return Math.max(0, median(after) - median(idle))
}

function measureTick(sides: Sides): Pair {
  return inTurns(15, 5, (turn) => {
    const changes = sides.workload.uniform(1000)
    const batch = batchOf(changes)
    const result = bothWays(
      turn,
      () => timed(() => sides.limit.apply(changes)) / 1000,
      () => timed(() => sides.ours.apply(batch)) / 1000,
    )
    sides.check(sides.workload.window())
    return result
  })
}

function measureOptimistic(sides: Sides, operations: number): Pair {
  return inTurns(7, 2, (turn) => {
    const before = sides.workload.window()
    const rows = Array.from({ length: operations }, () => sides.workload.entering())
    let seen = 0
    const limit = (): void => {
      for (const row of rows) {
        sides.limit.layer(row.id, { ...row })
        seen += Number(sides.limitWindow.some(({ id }) => id === row.id))
        sides.limit.rollback(row.id)
      }
    }
    const ours = (): void => {
      for (const { id, score, status } of rows) {
        sides.ours.layer(id, id, { score, status })
        seen += Number(sides.oursWindow.some((row) => row.id === id))
        sides.ours.rollback(id)
      }
    }
    const result = bothWays(
      turn,
      () => timed(limit) / operations,
      () => timed(ours) / operations,
    )
    if (seen !== operations * 2) throw new Error('A pending change was not visible.')
    sides.check(before)
    return result
  })
}

function measureRead(sides: Sides, count: number): Pair {
  const { rows, random } = sides.workload
  const ids = Array.from({ length: 200_000 }, () => rows[Math.floor(random.next() * count)]?.id ?? '')
  const { map } = sides.limit
  const { collection } = sides.ours
  // The overlay is part of the read: some rows carry pending changes.
  for (const id of ids.slice(0, 20)) sides.ours.layer(`read-${id}`, id, { score: 1, status: 'open' })
  let found = 0
  const result = inTurns(9, 3, (turn) =>
    bothWays(
      turn,
      () => timed(() => ids.forEach((id) => (found += map.get(id) === undefined ? 0 : 1))) / 200,
      () => timed(() => ids.forEach((id) => (found += collection.get(id) === undefined ? 0 : 1))) / 200,
    ),
  )
  if (found !== ids.length * 24) throw new Error('A read missed its row.')
  for (const id of new Set(ids.slice(0, 20))) sides.ours.rollback(`read-${id}`)
  return result
}

/** Compiled code is part of the figure: the first load warms both up. */
function measureLoad(count: number): Pair {
  const rounds = Array.from({ length: 5 }, (_, seed) => new Sides(count, seed + 100).load).slice(1)
  return { limit: median(rounds.map(({ limit }) => limit)), ours: median(rounds.map(({ ours }) => ours)) }
}

/** Collecting a million rows between rounds takes longer than all rounds: other sizes measure only what the bound is for. */
async function measureAll(sides: Sides, count: number): Promise<ViewsFigures> {
  const uniform = measureUniform(sides, 10_000)
  const { p50, p95 } = measureHot(sides, 1_000)
  const deferred = await measureDeferred(sides)
  const tick = measureTick(sides)
  const optimistic = measureOptimistic(sides, 2_000)
  const read = measureRead(sides, count)
  return { uniform, hotP50: p50, hotP95: p95, deferred, tick, optimistic, read, load: measureLoad(count) }
}

/** Warmed up by about as many changes as the full measurement is. */
function measureHotOnly(sides: Sides): Pick<ViewsFigures, 'hotP50'> {
  for (const change of sides.workload.uniform(30_000)) {
    sides.limit.apply([change])
    sides.ours.apply(batchOf([change]))
  }
  return { hotP50: measureHot(sides, 1_000).p50 }
}

/** The figures of a replica on a SQLite file, every event in a span, logging as `debug` asks; and its commits. */
export type DurableFigures = Pick<ViewsFigures, 'uniform' | 'hotP50' | 'hotP95' | 'tick' | 'optimistic'> & {
  /** Microseconds per change that the commit behind it takes. */
  readonly committed: number
}

async function measureDurable(count: number): Promise<DurableFigures> {
  const directory = await mkdtemp(join(tmpdir(), 'freshet-bench-'))
  const store = await openSqliteStore({
    path: join(directory, 'items.sqlite'),
    tables: storeTables(benchReplica.tables),
  })
  try {
    const log = lineLog('debug', () => {})
    const replica = await openReplica({ ...benchReplica, store, log })
    const sides = new Sides(count, 7, replica, openTelemetry({ tracer: countingTracer() }))
    await replica.flushed()
    const uniform = measureUniform(sides, 1_000)
    await replica.flushed()
    const { p50, p95 } = measureHot(sides, 1_000)
    const committed: number[] = []
    for (let turn = 0; turn < 10; turn++) {
      await replica.flushed()
      hotOurs(sides, sides.workload.hot(1_000))
      const start = performance.now()
      await replica.flushed()
      committed.push(performance.now() - start)
    }
    // What the limit has not seen of those.
    sides.limit.load([...sides.workload.rows])
    const tick = measureTick(sides)
    await replica.flushed()
    const optimistic = measureOptimistic(sides, 2_000)
    await replica.flushed()
    await replica.close()
    return { uniform, hotP50: p50, hotP95: p95, tick, optimistic, committed: median(committed) }
  } finally {
    await store.close()
    await rm(directory, { recursive: true })
  }
}

/** Records spans as an SDK does, and drops them. */
function countingTracer(): Tracer {
  const context = { traceId: '0'.repeat(32), spanId: '0'.repeat(16), traceFlags: 1 }
  const started = new Set<object>()
  const startSpan = (name: string, options: SpanOptions = {}): Span => {
    const span: Span = {
      spanContext: () => context,
      setAttribute: () => span,
      setAttributes: () => span,
      addEvent: () => span,
      addLink: () => span,
      addLinks: () => span,
      setStatus: () => span,
      updateName: () => span,
      end: () => void started.delete(recorded),
      isRecording: () => true,
      recordException: () => {},
    }
    const recorded = { name, attributes: { ...options.attributes }, startedAt: performance.now(), span }
    started.add(recorded)
    return span
  }
  return {
    startSpan,
    startActiveSpan: () => {
      throw new Error('Freshet starts no active spans.')
    },
  }
}

async function measure(what: string | undefined, count: number): Promise<unknown> {
  if (what === 'durable') return measureDurable(count)
  const sides = new Sides(count, 7)
  return what === 'hot' ? measureHotOnly(sides) : measureAll(sides, count)
}

const [size, what] = process.argv.slice(2)
const figures = await measure(what, Number(size))
if (process.send) process.send(figures, () => process.disconnect())
else console.log(figures)
