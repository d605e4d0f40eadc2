import type { EvmResult } from '../engine.ts'
import type { Job } from './job.ts'

/** Where the calls of one run go: `enqueue` hands one on, `cancel` takes one back. */
export type Lane<Call> = {
  readonly enqueue: (call: Call) => Job
  readonly cancel: (job: Job) => void
  /** Calls that may be on their way at once. */
  readonly most: number
}

/** Runs calls with a bounded number on their way and yields their results in order. What is left is cancelled. */
export async function* runInOrder<Call>(
  calls: Iterable<Call> | AsyncIterable<Call>,
  { enqueue, cancel, most }: Lane<Call>,
  signal: AbortSignal | undefined,
): AsyncGenerator<EvmResult, void, undefined> {
  signal?.throwIfAborted()
  const jobs = new JobWindow()
  const cancelAll = (): void => jobs.forEach(cancel)
  // One listener for all of them: adding one per call takes as long as running it.
  signal?.addEventListener('abort', cancelAll)
  try {
    // Calls that are there are not awaited: it makes three promises for each of them.
    if (Symbol.iterator in calls) {
      for (const call of calls) {
        jobs.push(enqueue(call))
        if (jobs.size >= most) yield await firstOf(jobs)
      }
      while (jobs.size > 0) yield await firstOf(jobs)
    } else yield* runStream(calls, enqueue, most, jobs)
  } finally {
    signal?.removeEventListener('abort', cancelAll)
    cancelAll()
  }
}

/** Calls that come when they come: results do not wait for them. */
async function* runStream<Call>(
  calls: AsyncIterable<Call>,
  enqueue: Lane<Call>['enqueue'],
  most: number,
  jobs: JobWindow,
): AsyncGenerator<EvmResult, void, undefined> {
  const source = calls[Symbol.asyncIterator]()
  let coming: Promise<IteratorResult<Call>> | undefined
  let hasMore = true
  try {
    while (hasMore || jobs.size > 0) {
      if (hasMore && jobs.size < most) coming ??= source.next()
      const awaited = [
        ...(coming === undefined ? [] : [coming]),
        ...(jobs.size === 0 ? [] : [jobs.first().ended()]),
      ]
      const step = await Promise.race(awaited)
      if (step === undefined) {
        yield await firstOf(jobs)
        continue
      }
      coming = undefined
      if (step.done === true) hasMore = false
      else jobs.push(enqueue(step.value))
    }
  } finally {
    if (hasMore) await endSource(source, coming)
  }
}

/** A source that is in the middle of making a call ends when it has: nobody waits for that. */
async function endSource<Call>(
  source: AsyncIterator<Call>,
  coming: Promise<IteratorResult<Call>> | undefined,
): Promise<void> {
  const ending = source.return?.()
  if (coming === undefined) await ending
  else Promise.all([coming, ending]).catch(() => {})
}

/** The result of the oldest job, which stays in the window until it is there. */
function firstOf(jobs: JobWindow): EvmResult | Promise<EvmResult> {
  const job = jobs.first()
  if (job.outcome === undefined) return job.done().finally(() => jobs.dropFirst())
  jobs.dropFirst()
  return job.result()
}

/** Jobs, oldest first. Taking one out costs nothing, which `shift` of a long array does. */
class JobWindow {
  #jobs: Job[] = []
  #start = 0

  get size(): number {
    return this.#jobs.length - this.#start
  }

  push(job: Job): void {
    this.#jobs.push(job)
  }

  first(): Job {
    const job = this.#jobs[this.#start]
    if (job === undefined) throw new RangeError('the window of the pool is empty')
    return job
  }

  dropFirst(): void {
    this.#start++
    if (this.#start < 512 || this.#start * 2 < this.#jobs.length) return
    this.#jobs = this.#jobs.slice(this.#start)
    this.#start = 0
  }

  forEach(visit: (job: Job) => void): void {
    for (let at = this.#start; at < this.#jobs.length; at++) {
      const job = this.#jobs[at]
      if (job !== undefined) visit(job)
    }
  }
}
