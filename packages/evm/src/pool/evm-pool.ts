import { bytesToHex, toBytes } from '../bytes.ts'
import { checkCall } from '../check-call.ts'
import type { AsyncEvmEngine, EvmResult, StaticCall } from '../engine.ts'
import { EvmError } from '../errors.ts'
import { StateLog, stateRecorder, type StateChange } from '../state-log.ts'
import type { WasmEvmOptions } from '../wasm/wasm-evm.ts'
import { Job, type Outcome } from './job.ts'
import type { PoolWorker } from './pool-worker-port.ts'
import { Quarantine, type QuarantineOptions } from './quarantine.ts'
import { runInOrder } from './run-in-order.ts'
import { startWorker as startOwnWorker } from './start-worker.ts'
import { mostBatches, WorkerSlot } from './worker-slot.ts'

/** A call and, for the quarantine, what it belongs to; calls without a key are told apart by target and data. */
export type PoolCall = StaticCall & { readonly key?: string | undefined }

/** Options of one run. */
export type RunOptions = { readonly signal?: AbortSignal | undefined }

/** Options of {@link createEvmPool}; those of the engine apply to every worker. */
export type EvmPoolOptions = WasmEvmOptions & {
  /** Default: what the machine reports, less one for the caller, at least 1 and at most 8. */
  readonly workers?: number | undefined
  /** Calls sent to a worker at once, when there are as many. Default 128. */
  readonly batchSize?: number | undefined
  /** A worker that takes longer for a batch is replaced. Default 10,000. */
  readonly overrunMs?: number | undefined
  /** Calls that may wait or run; more are refused. Default 100,000. */
  readonly queueLimit?: number | undefined
  /** How calls that burn their gas are shut out; `false` to run them for ever. */
  readonly quarantine?: QuarantineOptions | false | undefined
  /** Starts a worker. Default: a worker of this package. Needed for hooks: see {@link servePool}. */
  readonly startWorker?: (() => PoolWorker) | undefined
  readonly clock?: PoolClock | undefined
}

/** Time, as a parameter. */
export type PoolClock = {
  readonly now: () => number
  readonly setTimer: (callback: () => void, ms: number) => () => void
}

/** Engines in workers behind the port of one. */
export interface EvmPool extends AsyncEvmEngine {
  /**
   * Runs one call. It sees the state as it is when a worker gets it, at the earliest as it was when it was made.
   *
   * @throws {EvmError} `evm/busy` (retryable): `queueLimit` calls wait. Await some first.
   * @throws {EvmError} `evm/pool-broken`: workers fail as soon as they start. `evm/closed`: after `close`.
   */
  staticCall(call: PoolCall, options?: RunOptions): Promise<EvmResult>
  /** Runs calls, results in their order. Takes calls no faster than it can run them and its results are read. */
  runMany(calls: Iterable<PoolCall> | AsyncIterable<PoolCall>, options?: RunOptions): AsyncIterable<EvmResult>
  /** Forgets what a key has done. */
  release(key: string): void
  /** Ends the workers; calls that wait are refused with `evm/closed`. */
  close(): void
}

/** Failures of workers that ran nothing after which the pool gives up. */
const hopeless = 3

const systemClock: PoolClock = {
  now: () => Date.now(),
  setTimer: (callback, ms) => {
    const timer = setTimeout(callback, ms)
    return () => clearTimeout(timer)
  },
}

/**
 * Makes a pool of engines in workers. A worker that breaks or overruns is replaced and its calls run again one by
 * one; the call at fault ends `unsupported`. Hooks cannot cross to a worker: set them in a worker of your own.
 */
export function createEvmPool(options: EvmPoolOptions = {}): EvmPool {
  const { workers = defaultWorkers(), batchSize = 128, overrunMs = 10_000, queueLimit = 100_000 } = options
  const { startWorker = startOwnWorker, clock = systemClock } = options
  const quarantine = options.quarantine === false ? undefined : new Quarantine(clock.now, options.quarantine)
  /** What the workers have, and a batch for each that gathers. */
  const inFlight = workers * batchSize * (mostBatches + 1)
  const log = new StateLog()
  const queue: Job[] = []
  let changes: StateChange[] = []
  let waiting = 0
  let failures = 0
  let scheduled = false
  let ended: EvmError | undefined
  const slots = Array.from({ length: workers }, () => new WorkerSlot(startSlot))

  function startSlot(slot: WorkerSlot): PoolWorker {
    flushChanges()
    const worker = startWorker()
    worker.onMessage((message) => slot.receive(worker, message))
    worker.onFailure((cause) => slot.fail(worker, cause))
    worker.post({ kind: 'start', options: engineOptions(options) })
    worker.post({ kind: 'state', changes: [...log.changes()] })
    return worker
  }

  for (const slot of slots) {
    slot.onProgress = schedule
    slot.onFailure = (suspects, others, cause) => replace(slot, suspects, others, cause)
    slot.startTimer = () => clock.setTimer(() => slot.overrun(), overrunMs)
    slot.start()
  }

  /** A worker failed: it is replaced. What it ran is run again, alone, so that the call at fault is found. */
  function replace(slot: WorkerSlot, suspects: readonly Job[], others: readonly Job[], cause: unknown): void {
    if (ended !== undefined) return
    const again = suspects.filter((job) => {
      if (!job.alone) return true
      job.settle(unsupported(`the call broke its worker or took longer than ${overrunMs} ms`))
      return false
    })
    for (const job of again) job.alone = true
    queue.unshift(...again, ...others)
    failures = suspects.length > 0 ? 0 : failures + 1
    if (failures > hopeless) return end(broken(cause))
    slot.start()
    schedule()
  }

  function schedule(): void {
    if (scheduled) return
    scheduled = true
    queueMicrotask(() => {
      scheduled = false
      if (ended !== undefined) return
      flushChanges()
      dispatch()
    })
  }

  function flushChanges(): void {
    if (changes.length === 0) return
    const flushed = changes
    changes = []
    for (const slot of slots) slot.post({ kind: 'state', changes: flushed })
  }

  function dispatch(): void {
    while (queue.length > 0) {
      const slot = roomiest()
      if (slot === undefined) return
      slot.run(takeBatch())
    }
  }

  /** Who takes the next calls: somebody idle; or who has least, once a full batch has gathered. */
  function roomiest(): WorkerSlot | undefined {
    const idle = slots.find((slot) => slot.isIdle)
    if (idle !== undefined || queue[0]?.alone === true || queue.length < batchSize) return idle
    return slots.filter((slot) => slot.hasRoom).toSorted(byLoad)[0]
  }

  /** Few calls are spread over the workers, many go in full batches; a suspect goes alone. */
  function takeBatch(): Job[] {
    if (queue[0]?.alone === true) return queue.splice(0, 1)
    const size = Math.min(batchSize, Math.max(1, Math.ceil(queue.length / workers)))
    const end = queue.findIndex((job) => job.alone)
    return queue.splice(0, end < 0 ? size : Math.min(size, end))
  }

  function enqueue(call: PoolCall): Job {
    const checked = checkCall(call)
    const shutOut = quarantine?.isEmpty === false && quarantine.isShutOut(keyOf(call))
    const full = waiting >= queueLimit
    if (ended !== undefined || shutOut || full) {
      const job = new Job(checked)
      if (ended === undefined && shutOut) job.settle(unsupported('quarantined for burning its gas'))
      else job.refuse(ended ?? busy(queueLimit))
      return job
    }
    waiting++
    const job = new Job(checked, (_, outcome) => close(call, checked.gas, outcome))
    queue.push(job)
    schedule()
    return job
  }

  function close(call: PoolCall, gas: bigint, outcome: Outcome): void {
    waiting--
    if (quarantine === undefined || outcome.kind !== 'result') return
    const burned = outcome.result.status === 'halt' && outcome.result.gasUsed === gas
    if (burned || !quarantine.isEmpty) quarantine.note(keyOf(call), burned)
  }

  /** Takes a call back. One that runs runs on, for nobody. */
  function cancel(job: Job, reason: Error): void {
    if (job.outcome !== undefined) return
    const at = queue.indexOf(job)
    if (at >= 0) queue.splice(at, 1)
    job.refuse(reason)
  }

  async function staticCall(call: PoolCall, { signal }: RunOptions = {}): Promise<EvmResult> {
    if (signal?.aborted === true) throw reasonOf(signal)
    const job = enqueue(call)
    if (signal === undefined) return job.done()
    const onAbort = (): void => cancel(job, reasonOf(signal))
    signal.addEventListener('abort', onAbort)
    return job.done().finally(() => signal.removeEventListener('abort', onAbort))
  }

  function runMany(calls: Iterable<PoolCall> | AsyncIterable<PoolCall>, { signal }: RunOptions = {}) {
    const reason = (): Error => (signal?.aborted === true ? reasonOf(signal) : cancelled(undefined))
    return runInOrder(calls, { enqueue, cancel: (job) => cancel(job, reason()), most: inFlight }, signal)
  }

  function end(error: EvmError): void {
    ended ??= error
    for (const slot of slots) for (const job of slot.close()) job.refuse(ended)
    for (const job of queue.splice(0)) job.refuse(ended)
  }

  return {
    ...stateRecorder((change) => {
      if (change.kind === 'hook') throw noHook()
      log.record(change)
      changes.push(change)
      schedule()
    }),
    name: `pool of ${workers}`,
    staticCall,
    runMany,
    release: (key) => quarantine?.release(key),
    close: () => end(new EvmError('the pool is closed', { code: 'evm/closed', kind: 'usage' })),
  }
}

function byLoad(left: WorkerSlot, right: WorkerSlot): number {
  return left.load - right.load
}

function defaultWorkers(): number {
  const cores = globalThis.navigator?.hardwareConcurrency ?? 2
  return Math.min(8, Math.max(1, cores - 1))
}

/** Functions and clocks stay here. */
function engineOptions(options: EvmPoolOptions): WasmEvmOptions {
  const { hardfork, unknown, maxCodeBytes, tier, runtime, memoryLimitBytes, hashSeed } = options
  return { hardfork, unknown, maxCodeBytes, tier, runtime, memoryLimitBytes, hashSeed }
}

function keyOf(call: PoolCall): string {
  return call.key ?? `${bytesToHex(toBytes(call.to, 'to'))} ${bytesToHex(toBytes(call.data, 'data'))}`
}

function unsupported(reason: string): EvmResult {
  const reads = { time: false, number: false, block: false, slots: [], accounts: [] }
  return { status: 'unsupported', output: new Uint8Array(0), gasUsed: 0n, reads, reason }
}

function reasonOf(signal: AbortSignal): Error {
  const reason: unknown = signal.reason
  return reason instanceof Error ? reason : cancelled(reason)
}

function cancelled(cause: unknown): EvmError {
  return new EvmError('the call was cancelled', { code: 'evm/cancelled', kind: 'usage', cause })
}

function busy(limit: number): EvmError {
  const message = `${limit} calls wait already; await some of them, or use runMany, which takes its time`
  return new EvmError(message, { code: 'evm/busy', kind: 'remote', retryable: true })
}

function broken(cause: unknown): EvmError {
  const message = 'workers fail as soon as they start; see the cause, or pass startWorker'
  return new EvmError(message, { code: 'evm/pool-broken', kind: 'remote', cause })
}

function noHook(): EvmError {
  const message =
    'a hook cannot cross to a worker; set it in a worker of your own, see servePool and startWorker'
  return new EvmError(message, { code: 'evm/no-hook', kind: 'usage' })
}
