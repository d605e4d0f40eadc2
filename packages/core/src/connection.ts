import type { LogBatch } from './batch.ts'
import { asFreshetError, FreshetError } from './errors.ts'
import type { Clock } from './clock.ts'
import type { KernelRules } from './kernel.ts'
import { progressOf, readRows, walkTable, type SourceReading } from './read-source.ts'
import { isEager, type Wanted } from './refetch.ts'
import type { Replica } from './replica.ts'
import type { Source, StreamItem } from './source.ts'
import type { Telemetry } from './telemetry.ts'
import type { Value } from './value.ts'
import { createWake, type Wake } from './wake.ts'
import { within } from './within.ts'
import { sourceSide } from './source-side.ts'

/** What one connection to a source works with. */
export type ConnectionOptions<F> = {
  readonly replica: Replica<F>
  readonly source: Source<F>
  /** Tables to hold whole. */
  readonly whole: readonly string[]
  readonly pageRows: number
  readonly reconcileMs: number
  isLookedAt(): boolean
  readonly quietMs: number
  readonly stallMs: number
  readonly clock: Clock
  readonly telemetry: Telemetry
  readonly rules: KernelRules
  /** What is asked of this connection and, if it is lost first, of the next. */
  readonly asked: { reconcile: boolean }
  onProgress(): void
}

/** One connection to a source, from subscribing to its loss. */
export type Connection = {
  /** Runs until the connection is lost; resolves with the reason. */
  run(signal: AbortSignal): Promise<FreshetError>
  /** Looks again at what is asked. */
  wake(): void
}

/** How often a reading that is due asks whether anyone looks again. */
const glanceMs = 1_000

/** A restart that is part of the protocol. */
export const restartCode = 'sync/restart'

/** How long the end of a stream may take once it is not wanted any more. */
const letGoMs = 1_000

export function createConnection<F>(options: ConnectionOptions<F>): Connection {
  const { replica } = options
  const wake = createWake()
  return {
    wake: wake.now,
    async run(outer) {
      const controller = new AbortController()
      const abort = (): void => controller.abort()
      outer.addEventListener('abort', abort)
      if (outer.aborted) abort()
      const first = replica.status.get().freshness.freshAtUnixMs === undefined
      replica.status.update({
        state: first ? 'bootstrapping' : 'catching-up',
        freshness: { nextAttemptAtUnixMs: undefined },
      })
      replica.refetches.onWanted(wake.now)
      const run = createRun(options, wake, controller.signal)
      const tasks = [run.establish(), ...(options.source.stream ? [run.listen()] : [])]
      try {
        return await Promise.race(tasks)
      } catch (error) {
        return asFreshetError(error, { code: 'sync/lost', kind: 'remote', retryable: true })
      } finally {
        outer.removeEventListener('abort', abort)
        abort()
        // Both end with the abort; their reasons are the one already returned.
        await Promise.allSettled(tasks)
        await run.letGo()
      }
    },
  }
}

/** The two tasks of a connection: one hears the stream, the other reads and keeps it true. */
function createRun<F>(options: ConnectionOptions<F>, wake: Wake, signal: AbortSignal) {
  const { replica, source, asked, clock, stallMs, rules } = options
  const side = sourceSide(replica)
  const { kind, resumable } = source.capabilities
  const live = createLive()
  const tellDurable = createDurableTeller(replica, source)
  let stream: AsyncIterator<StreamItem<F>> | undefined
  const reading: SourceReading<F> = { ...options, within: (work) => within(clock, stallMs, signal, work) }

  const reachedLive = (): Promise<void> => within(clock, Infinity, signal, live.promise)
  const listen = async (): Promise<never> => {
    // Without S2 the stream is opened behind the pages, as clients do that lose what changes in between.
    if (rules.subscribeFirst === false) await reachedLive()
    // Where a reading of everything is due, going on would miss what it was to bring.
    const goesOn = kind === 'log' || (resumable && (replica.continuous || rules.provenContinuity === false))
    const items = source.stream?.(goesOn ? side.resume() : null, signal)[Symbol.asyncIterator]()
    try {
      for (;;) {
        const next = await nextItem(items)
        if (next === undefined || next.done) throw lost('The stream ended.')
        signal.throwIfAborted()
        if (next.value.kind === 'resumed') live.resumed = goesOn
        else await take(next.value)
      }
    } finally {
      stream = items
    }
  }
  /** Ends the stream; one that does not hear of it is left behind. */
  const letGo = async (): Promise<void> => {
    const ended = stream?.return?.()
    if (ended) await within(clock, letGoMs, new AbortController().signal, ended).catch(() => {})
  }
  /** A live stream may be silent; one that is to become live may not. */
  const nextItem = async (items: AsyncIterator<StreamItem<F>> | undefined) =>
    items && within(clock, live.isReached ? Infinity : stallMs, signal, items.next())

  const take = async (item: StreamItem<F>): Promise<void> => {
    switch (item.kind) {
      case 'live':
        return live.reached()
      case 'resumed':
        return
      case 'facts': {
        await replica.ready()
        const { facts, covers, acks, checkpoint } = item
        replica.apply({ kind: 'state', startedAt: 'live', facts, covers, acks, checkpoint })
        if (checkpoint !== undefined) tellDurable(checkpoint)
        return
      }
      case 'log':
        await replica.ready()
        if (applyLog(replica, item.batch)) options.onProgress()
        return
      case 'invalidated':
        asked.reconcile = true
        side.markStale()
        return wake.now()
      case 'progress':
        return replica.status.update({ progress: progressOf(item.done, item.total) })
    }
  }

  /** Reads everything, in an epoch of its own; the first time what an earlier connection left to be read. */
  const walk = async (isFirst: boolean): Promise<void> => {
    const span = options.telemetry.span('freshet.walk', { replica: replica.name })
    try {
      asked.reconcile = false
      const epoch = side.beginEpoch()
      for (const table of source.page ? options.whole : []) {
        // What went on from an earlier connection is followed by a reading of everything.
        if (!(await walkTable(reading, table, isFirst, signal))) asked.reconcile = true
      }
      // The host has begun a newer epoch meanwhile: what was read before it is not verified.
      if (replica.epoch !== epoch) asked.reconcile = true
      span.end()
    } catch (error) {
      asked.reconcile = true
      span.end(error)
      throw error
    }
  }
  const refetch = async (wanted: readonly Wanted[]): Promise<void> => {
    if (!source.get) asked.reconcile ||= wanted.length > 0
    else await readWanted(reading, wanted, signal)
  }
  const refetchAll = async (): Promise<void> => {
    for (
      let wanted = replica.refetches.take(isEager);
      wanted.length > 0;
      wanted = replica.refetches.take(isEager)
    ) {
      await refetch(wanted)
    }
  }

  const establish = async (): Promise<never> => {
    if (source.stream && rules.subscribeFirst !== false) await reachedLive()
    if (kind === 'state' && !live.resumed) await walk(true)
    if (rules.subscribeFirst === false) live.reached()
    await refetchAll()
    signal.throwIfAborted()
    options.onProgress()
    if (kind === 'log') side.reachedHead()
    replica.status.update({
      state: 'live',
      progress: undefined,
      freshness: { lastError: undefined, nextAttemptAtUnixMs: undefined },
    })
    if (!asked.reconcile) side.markFresh()
    return maintain()
  }

  const maintain = async (): Promise<never> => {
    const { reconcileMs, quietMs, isLookedAt } = options
    const everyMs = source.page && !source.capabilities.lossless ? reconcileMs : Infinity
    let reconcileAt = clock.now() + everyMs
    let quietAt = Infinity
    while (!signal.aborted) {
      await refetchAll()
      if (clock.now() >= reconcileAt && !isLookedAt()) reconcileAt = clock.now() + Math.min(everyMs, glanceMs)
      if (source.page && (asked.reconcile || clock.now() >= reconcileAt)) {
        await walk(false)
        await refetchAll()
        signal.throwIfAborted()
        reconcileAt = clock.now() + everyMs
        if (!asked.reconcile) side.markFresh()
        replica.status.update({ progress: undefined })
        options.onProgress()
      }
      // What was read in vain too often waits its time, whatever else is asked meanwhile.
      if (replica.refetches.size === 0) quietAt = Infinity
      else if (quietAt === Infinity) quietAt = clock.now() + quietMs
      if (clock.now() >= quietAt) {
        quietAt = Infinity
        await refetch(replica.refetches.take((wanted) => !isEager(wanted)))
      } else if (!asked.reconcile || !source.page) {
        await wake.wait(clock, Math.min(reconcileAt, quietAt) - clock.now(), signal)
      }
    }
    throw lost('The connection was let go.')
  }

  return { establish, listen, letGo }
}

/** Tells a source of each checkpoint once it is on the disk, one commit at a time; a store that failed tells nothing. */
function createDurableTeller<F>(replica: Replica<F>, source: Source<F>): (checkpoint: Value) => void {
  let newest: Value | undefined
  let isTelling = false
  const tell = async (): Promise<void> => {
    try {
      while (newest !== undefined) {
        const checkpoint = newest
        newest = undefined
        await replica.flushed()
        source.durable?.(checkpoint)
      }
    } catch {
      // The replica shows the fault as `degraded`; the source keeps what is not on the disk.
    } finally {
      isTelling = false
    }
  }
  return (checkpoint) => {
    if (source.durable === undefined) return
    newest = checkpoint
    if (isTelling) return
    isTelling = true
    void tell()
  }
}

/** Applies a stretch of a log; whether it was news. A stretch that does not fit starts over. */
function applyLog<F>(replica: Replica<F>, batch: LogBatch<F>): boolean {
  const outcome = replica.apply(batch)
  switch (outcome.kind) {
    case 'applied':
    case 'parked':
      return true
    case 'covered':
      return false
    case 'gap':
      throw restart(
        `The log goes on behind position ${batch.after}, the replica stands at ${outcome.position}.`,
      )
    case 'beyond-history':
      sourceSide(replica).reset()
      throw restart(`The log was rewound behind position ${outcome.oldest}, the oldest that is kept.`)
  }
}

async function readWanted<F>(
  reading: SourceReading<F>,
  wanted: readonly Wanted[],
  signal: AbortSignal,
): Promise<void> {
  const tables = Map.groupBy(wanted, ({ table }) => table)
  try {
    for (const [table, entries] of tables) {
      await readRows(
        reading,
        table,
        entries.map(({ id }) => id),
        signal,
      )
    }
  } catch (error) {
    for (const entry of wanted) reading.replica.refetches.want(entry)
    throw error
  }
}

function lost(message: string): FreshetError {
  return new FreshetError({ code: 'sync/lost', kind: 'remote', retryable: true, message })
}

function restart(message: string): FreshetError {
  return new FreshetError({ code: restartCode, kind: 'remote', retryable: true, message })
}

type Live = {
  readonly promise: Promise<void>
  readonly isReached: boolean
  resumed: boolean
  reached(): void
}

function createLive(): Live {
  const { promise, resolve } = Promise.withResolvers<void>()
  let isReached = false
  return {
    promise,
    get isReached() {
      return isReached
    },
    resumed: false,
    reached() {
      isReached = true
      resolve()
    },
  }
}
