import { backoffMs, defaultBackoff, type Backoff } from './backoff.ts'
import { delay, systemClock, type Clock } from './clock.ts'
import { createConnection, restartCode, type Connection } from './connection.ts'
import type { FreshetError } from './errors.ts'
import type { KernelRules } from './kernel.ts'
import { silentLog, type Log } from './log.ts'
import { systemRandom, type Random } from './random.ts'
import type { Replica } from './replica.ts'
import type { Source } from './source.ts'
import { noTelemetry, type Telemetry } from './telemetry.ts'

export type SyncOptions<F> = {
  readonly replica: Replica<F>
  readonly source: Source<F>
  /** Tables to hold whole. Default all; `[]` for tables that are read on demand. */
  readonly whole?: readonly string[] | undefined
  /** Rows asked for in one page. Default 1,000. */
  readonly pageRows?: number | undefined
  /** How often everything is read again where the stream may miss something. Default 60,000; `Infinity` for never [S5]. */
  readonly reconcileMs?: number | undefined
  /** Whether anyone looks at the rows. While not, that reading waits, and is made within a second of the next look. Default: someone does. */
  readonly isLookedAt?: (() => boolean) | undefined
  /** How long a row waits after three reads that crossed a change. Default 1,000 [A2]. */
  readonly quietMs?: number | undefined
  /** How long a request, or a stream that is not live yet, may say nothing. Default 60,000. */
  readonly stallMs?: number | undefined
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
  /** Begins, or begins again after `pause`, `stop` or a halt; nothing happens while it runs. */
  start(): void
  /** Lets go of the source; `start` goes on. State `paused`. */
  pause(): Promise<void>
  /** As `pause`, with state `idle`. */
  stop(): Promise<void>
  /** Reads everything again: soon, or once there is a connection. */
  reconcile(): void
}

/**
 * The one sync loop: subscribe, then page, then read again what was only
 * partly seen, then live; any end of the stream is a gap and starts over [S2–S5].
 */
export function createSync<F>(options: SyncOptions<F>): Sync {
  const { replica, clock = systemClock, random = systemRandom, log = silentLog } = options
  const { backoff = defaultBackoff } = options
  const asked = { reconcile: false }
  let running: { readonly controller: AbortController; readonly done: Promise<void> } | undefined
  let endState: 'paused' | 'idle' = 'idle'
  let connection: Connection | undefined

  /** Runs one connection after the other; ends when aborted, or at a fault that waiting does not mend. */
  const run = async (signal: AbortSignal): Promise<void> => {
    for (let attempt = 0; !signal.aborted; attempt++) {
      connection = createConnection({ ...withDefaults(options), asked, onProgress: () => (attempt = 0) })
      const fault = await connection.run(signal)
      if (signal.aborted) return
      if (!isTransient(fault)) return halt(fault)
      await retryAfter(fault, attempt, signal)
    }
  }
  const staleSince = (): number => replica.status.get().freshness.staleSinceUnixMs ?? clock.now()
  const halt = (fault: FreshetError): void => {
    log.write('error', 'freshet::sync', fault.message, { code: fault.code })
    running = undefined
    const freshness = { staleSinceUnixMs: staleSince(), lastError: fault }
    replica.status.update({ state: 'halted', progress: undefined, freshness })
  }
  const retryAfter = async (fault: FreshetError, attempt: number, signal: AbortSignal): Promise<void> => {
    // A restart after progress waits for nothing; one after another does.
    const waitMs = fault.code === restartCode && attempt === 0 ? 0 : backoffMs(backoff, attempt, random)
    log.write('warn', 'freshet::sync', fault.message, { code: fault.code, waitMs })
    const nextAttemptAtUnixMs = clock.now() + waitMs
    const freshness = { staleSinceUnixMs: staleSince(), lastError: fault, nextAttemptAtUnixMs }
    replica.status.update({ state: 'retrying', progress: undefined, freshness })
    await delay(clock, waitMs, signal)
  }
  const end = async (state: 'paused' | 'idle'): Promise<void> => {
    endState = state
    const ending = running
    running = undefined
    ending?.controller.abort()
    await ending?.done
    if (running) return
    const freshness = { staleSinceUnixMs: staleSince(), nextAttemptAtUnixMs: undefined }
    replica.status.update({ state: endState, progress: undefined, freshness })
  }

  return {
    start() {
      if (running) return
      const controller = new AbortController()
      running = { controller, done: Promise.resolve() }
      running = { controller, done: run(controller.signal) }
    },
    pause: () => end('paused'),
    stop: () => end('idle'),
    reconcile() {
      asked.reconcile = true
      connection?.wake()
    },
  }
}

function withDefaults<F>(options: SyncOptions<F>) {
  const { replica, source, clock = systemClock, telemetry = noTelemetry, rules = {} } = options
  const {
    whole = replica.tableNames(),
    pageRows = 1_000,
    reconcileMs = 60_000,
    quietMs = 1_000,
    stallMs = 60_000,
    isLookedAt = () => true,
  } = options
  const times = { reconcileMs, quietMs, stallMs }
  return { replica, source, clock, telemetry, rules, whole, pageRows, isLookedAt, ...times }
}

function isTransient(fault: FreshetError): boolean {
  return fault.kind === 'remote' && fault.retryable
}
