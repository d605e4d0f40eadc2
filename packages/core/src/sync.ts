import { backoffMs, defaultBackoff, type Backoff } from './backoff.ts'
import { delay, systemClock, type Clock } from './clock.ts'
import { wholeTable } from './coverage.ts'
import { asFreshetError, FreshetError } from './errors.ts'
import { allRules, type KernelRules } from './kernel.ts'
import { silentLog, type Log } from './log.ts'
import { systemRandom, type Random } from './random.ts'
import type { Wanted } from './refetch.ts'
import type { Replica } from './replica.ts'
import type { Source, StreamItem } from './source.ts'
import { noTelemetry, type Telemetry } from './telemetry.ts'

export type SyncOptions<F> = {
  readonly replica: Replica<F>
  readonly source: Source<F>
  /** Tables to hold whole. Default all; `[]` for tables that are read on demand. */
  readonly whole?: readonly string[] | undefined
  /** Rows asked for in one page. Default 1,000. */
  readonly pageRows?: number | undefined
  /** How often everything is read again where the stream may miss something. Default 60,000 [S5]. */
  readonly reconcileMs?: number | undefined
  /** How long a row must be left alone after three reads that crossed a change. Default 1,000 [A2]. */
  readonly quietMs?: number | undefined
  readonly backoff?: Backoff | undefined
  readonly clock?: Clock | undefined
  readonly random?: Random | undefined
  readonly log?: Log | undefined
  readonly telemetry?: Telemetry | undefined
  /** Only for convergence runs. */
  readonly rules?: KernelRules | undefined
}

/** Keeps a replica equal to its source until stopped. Never throws: see `replica.status` [X2]. */
export interface Sync {
  start(): void
  /** Lets go of the source; `start` goes on. State `paused`. */
  pause(): Promise<void>
  /** As `pause`, with state `idle`. */
  stop(): Promise<void>
  /** Reads everything again soon. */
  reconcile(): void
}

/** The longest delay a timer of JavaScript can take. */
const longestWaitMs = 2 ** 31 - 1

/** Rows read again in one request. */
const refetchRows = 200

/**
 * The one sync loop: subscribe, then page, then read again what was only
 * partly seen, then live; any end of the stream is a gap and starts over [S2–S5].
 */
export function createSync<F>(options: SyncOptions<F>): Sync {
  const { replica, clock = systemClock, random = systemRandom, log = silentLog } = options
  const backoff = options.backoff ?? defaultBackoff
  let running: { readonly controller: AbortController; readonly done: Promise<void> } | undefined
  let askReconcile = (): void => {}

  const run = async (signal: AbortSignal): Promise<void> => {
    for (let attempt = 0; !signal.aborted; attempt++) {
      const connection = createConnection(options, () => (attempt = 0))
      askReconcile = connection.reconcile
      const fault = await connection.run(signal)
      if (signal.aborted) return
      const staleSinceUnixMs = replica.status.get().freshness.staleSinceUnixMs ?? clock.now()
      if (!isTransient(fault)) {
        log.write('error', 'freshet::sync', fault.message, { code: fault.code })
        replica.status.update({ state: 'halted', progress: undefined, freshness: { staleSinceUnixMs, lastError: fault } })
        return
      }
      // A restart after progress waits for nothing; one after another does.
      const waitMs = fault.code === restartCode && attempt === 0 ? 0 : backoffMs(backoff, attempt, random)
      log.write('warn', 'freshet::sync', fault.message, { code: fault.code, waitMs })
      const nextAttemptAtUnixMs = clock.now() + waitMs
      replica.status.update({
        state: 'retrying',
        progress: undefined,
        freshness: { staleSinceUnixMs, lastError: fault, nextAttemptAtUnixMs },
      })
      await delay(clock, waitMs, signal)
    }
  }
  const end = async (state: 'paused' | 'idle'): Promise<void> => {
    const ending = running
    running = undefined
    ending?.controller.abort()
    await ending?.done
    if (running) return
    const staleSinceUnixMs = replica.status.get().freshness.staleSinceUnixMs ?? clock.now()
    replica.status.update({ state, progress: undefined, freshness: { staleSinceUnixMs, nextAttemptAtUnixMs: undefined } })
  }

  return {
    start() {
      if (running) return
      const controller = new AbortController()
      running = { controller, done: run(controller.signal) }
    },
    pause: () => end('paused'),
    stop: () => end('idle'),
    reconcile: () => askReconcile(),
  }
}

/** A restart that is part of the protocol. */
const restartCode = 'sync/restart'

function isTransient(fault: FreshetError): boolean {
  return fault.kind === 'remote' && fault.retryable
}

type Connection = {
  /** Runs until the connection is lost; resolves with the reason. */
  run(signal: AbortSignal): Promise<FreshetError>
  reconcile(): void
}

function createConnection<F>(options: SyncOptions<F>, onProgress: () => void): Connection {
  const { replica, source, clock = systemClock, telemetry = noTelemetry } = options
  const { reconcileMs = 60_000, quietMs = 1_000, rules = allRules } = options
  const wake = createWake()
  let reconcileAsked = false

  const applyLog = async (batch: Extract<StreamItem<F>, { kind: 'log' }>['batch']): Promise<void> => {
    await replica.ready()
    const outcome = replica.apply(batch)
    switch (outcome.kind) {
      case 'applied':
      case 'parked':
        onProgress()
        return
      case 'covered':
        return
      case 'gap':
        throw restart(`The log goes on behind position ${batch.after}, the replica stands at ${outcome.position}.`)
      case 'beyond-history':
        replica.reset()
        throw restart(`The log was rewound behind position ${outcome.oldest}, the oldest that is kept.`)
    }
  }

  const take = async (item: StreamItem<F>, live: Live): Promise<void> => {
    switch (item.kind) {
      case 'live':
        return live.reached()
      case 'resumed':
        live.resumed = true
        return
      case 'facts':
        await replica.ready()
        replica.apply({ kind: 'state', startedAt: 'live', facts: item.facts, acks: item.acks, checkpoint: item.checkpoint })
        return
      case 'log':
        return applyLog(item.batch)
      case 'invalidated':
        reconcileAsked = true
        return wake.now()
      case 'progress':
        return replica.status.update({ progress: progressOf(item.done, item.total) })
    }
  }

  const pump = async (signal: AbortSignal, live: Live): Promise<never> => {
    // Without S2 the stream is opened behind the pages, as clients do that lose what changes in between.
    if (!rules.subscribeFirst) await live.promise
    const resume = source.capabilities.resumable || source.capabilities.kind === 'log' ? replica.resume() : null
    for await (const item of source.stream?.(resume, signal) ?? []) {
      signal.throwIfAborted()
      await take(item, live)
    }
    throw lost('The stream ended.')
  }

  const walk = async (signal: AbortSignal): Promise<void> => {
    const span = telemetry.span('freshet.walk', { replica: replica.name })
    try {
      for (const table of options.whole ?? replica.tables()) await walkTable(options, table, signal)
      span.end()
    } catch (error) {
      span.end(error)
      throw error
    }
  }

  const refetch = async (wanted: readonly Wanted[], signal: AbortSignal): Promise<void> => {
    try {
      for (const [table, ids] of groupByTable(wanted)) await readRows(options, table, ids, signal)
    } catch (error) {
      for (const entry of wanted) replica.refetches.want(entry)
      throw error
    }
  }
  const refetchAll = async (signal: AbortSignal): Promise<void> => {
    for (let wanted = replica.refetches.takeEager(); wanted.length > 0; wanted = replica.refetches.takeEager()) {
      if (!source.get) {
        reconcileAsked = true
        return
      }
      await refetch(wanted, signal)
    }
  }

  const maintain = async (signal: AbortSignal): Promise<never> => {
    let reconcileAt = clock.now() + reconcileMs
    while (!signal.aborted) {
      await refetchAll(signal)
      const due = clock.now() >= reconcileAt && !source.capabilities.lossless
      if (source.page && (reconcileAsked || due)) {
        reconcileAsked = false
        replica.beginEpoch()
        await walk(signal)
        await refetchAll(signal)
        replica.markFresh()
        reconcileAt = clock.now() + reconcileMs
        onProgress()
      }
      const quiet = replica.refetches.size > 0
      const idleMs = source.capabilities.lossless ? longestWaitMs : Math.max(reconcileAt - clock.now(), 0)
      await wake.wait(clock, quiet ? quietMs : idleMs, signal)
      if (quiet) await refetch(replica.refetches.takeQuiet(), signal)
    }
    throw lost('The connection was let go.')
  }

  const establish = async (signal: AbortSignal, live: Live): Promise<never> => {
    if (source.stream && rules.subscribeFirst) await live.promise
    signal.throwIfAborted()
    if (source.capabilities.kind === 'state' && !live.resumed) {
      replica.beginEpoch()
      if (source.page) await walk(signal)
    }
    if (!rules.subscribeFirst) live.reached()
    await refetchAll(signal)
    signal.throwIfAborted()
    onProgress()
    replica.status.update({
      state: 'live',
      progress: undefined,
      freshness: { lastError: undefined, nextAttemptAtUnixMs: undefined },
    })
    replica.markFresh()
    return maintain(signal)
  }

  return {
    reconcile() {
      reconcileAsked = true
      wake.now()
    },
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
      const live = createLive()
      const tasks = [establish(controller.signal, live)]
      if (source.stream) tasks.push(pump(controller.signal, live))
      try {
        return await Promise.race(tasks)
      } catch (error) {
        return asFreshetError(error, { code: 'sync/lost', kind: 'remote', retryable: true })
      } finally {
        outer.removeEventListener('abort', abort)
        abort()
        live.reached()
        // Both end soon after the abort; their reasons are the one already returned.
        await Promise.allSettled(tasks)
      }
    },
  }
}

async function walkTable<F>(options: SyncOptions<F>, table: string, signal: AbortSignal): Promise<void> {
  const { replica, source, pageRows = 1_000 } = options
  let done = 0
  let cursor: Awaited<ReturnType<NonNullable<typeof source.page>>>['next']
  do {
    const read = replica.beginRead()
    try {
      const page = await source.page?.({ table, cursor, limit: pageRows }, signal)
      signal.throwIfAborted()
      await replica.ready()
      if (!page) return
      if (page.next !== undefined && page.next === cursor) {
        throw new FreshetError({
          code: 'sync/endless-pages',
          kind: 'protocol',
          message: `The source gave the same next page of ${table} twice; its paging is broken.`,
        })
      }
      const last = page.next === undefined
      const covers = last ? [{ table, key: wholeTable, complete: true, total: page.total }] : []
      replica.apply({ kind: 'state', startedAt: read.startedAt, facts: page.facts, covers })
      done += page.facts.length
      cursor = page.next
      replica.status.update({ progress: progressOf(done, page.total) })
    } finally {
      read.end()
    }
  } while (cursor !== undefined)
}

async function readRows<F>(
  { replica, source }: SyncOptions<F>,
  table: string,
  ids: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  for (let from = 0; from < ids.length; from += refetchRows) {
    const read = replica.beginRead()
    try {
      const facts = (await source.get?.(table, ids.slice(from, from + refetchRows), signal)) ?? []
      signal.throwIfAborted()
      replica.apply({ kind: 'state', startedAt: read.startedAt, facts })
    } finally {
      read.end()
    }
  }
}

function groupByTable(wanted: readonly Wanted[]): Map<string, string[]> {
  const tables = new Map<string, string[]>()
  for (const { table, id } of wanted) tables.set(table, [...(tables.get(table) ?? []), id])
  return tables
}

function progressOf(done: number, total: number | undefined) {
  // Totals may lie: a fraction never passes 1.
  return { done, total, fraction: total ? Math.min(1, done / total) : undefined }
}

function lost(message: string): FreshetError {
  return new FreshetError({ code: 'sync/lost', kind: 'remote', retryable: true, message })
}

function restart(message: string): FreshetError {
  return new FreshetError({ code: restartCode, kind: 'remote', retryable: true, message })
}

type Live = { readonly promise: Promise<void>; resumed: boolean; reached(): void }

function createLive(): Live {
  const { promise, resolve } = Promise.withResolvers<void>()
  return { promise, resumed: false, reached: resolve }
}

type Wake = {
  now(): void
  wait(clock: Clock, forMs: number, signal: AbortSignal): Promise<void>
}

/** A wait that can be cut short, also by a call that came before it. */
function createWake(): Wake {
  let controller = new AbortController()
  return {
    now: () => controller.abort(),
    async wait(clock, forMs, signal) {
      await delay(clock, forMs, AbortSignal.any([controller.signal, signal]))
      controller = new AbortController()
    },
  }
}
