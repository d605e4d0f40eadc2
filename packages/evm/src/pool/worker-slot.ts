import type { Job } from './job.ts'
import type { FromWorker, ToWorker } from './messages.ts'
import { packCalls, unpackResults } from './packing.ts'
import type { PoolWorker } from './pool-worker-port.ts'

/** Batches with a worker at once: one that runs, and some so that it need not wait while this thread is busy. */
export const mostBatches = 3

/** The place of one worker in a pool, which outlives the worker. */
export class WorkerSlot {
  /** It is ready for calls, or for more of them. */
  onProgress: () => void = () => {}
  /** `suspects` ran when the worker failed, `others` waited behind them. */
  onFailure: (suspects: readonly Job[], others: readonly Job[], cause: unknown) => void = () => {}
  /** Starts the time limit of a batch; what it returns stops it. */
  startTimer: () => () => void = () => () => {}
  readonly #startWorker: (slot: WorkerSlot) => PoolWorker
  #worker: PoolWorker | undefined
  #isReady = false
  #batches: { readonly number: number; readonly jobs: readonly Job[] }[] = []
  #next = 0
  #stopTimer: () => void = () => {}

  constructor(startWorker: (slot: WorkerSlot) => PoolWorker) {
    this.#startWorker = startWorker
  }

  /** Calls that it has. */
  get load(): number {
    return this.#batches.reduce((sum, { jobs }) => sum + jobs.length, 0)
  }

  start(): void {
    this.#worker = this.#startWorker(this)
  }

  post(message: ToWorker): void {
    this.#worker?.post(message)
  }

  /** Whether it has nothing to run. */
  get isIdle(): boolean {
    return this.#isReady && this.#batches.length === 0
  }

  /** Whether it takes a batch to run after those it has. A call that goes alone keeps others out. */
  get hasRoom(): boolean {
    return this.#isReady && this.#batches.length < mostBatches && this.#batches[0]?.jobs[0]?.alone !== true
  }

  run(jobs: readonly Job[]): void {
    const number = this.#next++
    this.#batches.push({ number, jobs })
    if (this.#batches.length === 1) this.#watch()
    const packed = packCalls(jobs.map((job) => job.call))
    this.#worker?.post({ kind: 'run', batch: number, count: jobs.length, ...packed } satisfies ToWorker, [
      packed.block.buffer,
    ])
  }

  receive(worker: PoolWorker, message: unknown): void {
    if (worker !== this.#worker) return
    // Workers of a pool run servePool, which posts nothing else.
    const answer = message as FromWorker
    if (answer.kind === 'broken') return this.fail(worker, new Error(answer.reason))
    if (answer.kind === 'ready') {
      this.#isReady = true
      this.onProgress()
      return
    }
    const batch = this.#batches[0]
    const results = batch?.number === answer.batch ? unpackResults(answer, batch.jobs.length) : []
    if (batch === undefined || results.length !== batch.jobs.length) {
      return this.fail(worker, new Error('a worker answered what it was not asked'))
    }
    this.#batches.shift()
    this.#watch()
    batch.jobs.forEach((job, index) => {
      const result = results[index]
      if (result !== undefined) job.settle(result)
    })
    this.onProgress()
  }

  fail(worker: PoolWorker, cause: unknown): void {
    if (worker !== this.#worker) return
    const [first, ...others] = this.#batches
    this.close()
    this.onFailure(
      first?.jobs ?? [],
      others.flatMap(({ jobs }) => jobs),
      cause,
    )
  }

  overrun(): void {
    if (this.#worker !== undefined) this.fail(this.#worker, new Error('a batch took too long'))
  }

  /** Ends the worker; what it had. */
  close(): readonly Job[] {
    this.#stopTimer()
    this.#worker?.terminate()
    this.#worker = undefined
    this.#isReady = false
    const jobs = this.#batches.flatMap((batch) => batch.jobs)
    this.#batches = []
    return jobs
  }

  /** Times the batch that runs now. */
  #watch(): void {
    this.#stopTimer()
    this.#stopTimer = this.#batches.length === 0 ? () => {} : this.startTimer()
  }
}
