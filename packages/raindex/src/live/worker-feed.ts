import type { EnvRow, QuoteRun } from '../engine/index.ts'
import { runnableBasis, type QuoteEntry } from './quote-entry.ts'
import type { QuoteQueue } from './quote-queue.ts'
import type { QuoteJob, QuoteWorkers } from './quote-workers.ts'
import type { QuoteBasis, WatchedQuote } from './watched-quote.ts'

/** What became of a quote that a worker was given. */
export type WorkerQuote = {
  readonly entry: QuoteEntry
  /** Undefined where it has to be made on this thread. */
  readonly quote: WatchedQuote | undefined
  /** How often the entry was marked, and the state changed, when it was given. */
  readonly marks: number
  readonly changes: number
}

export type WorkerFeed = {
  /** Workers have something to do. */
  readonly isBusy: boolean
  /** Gives workers what they may quote, as much as they can take. */
  fill(now: () => { readonly env: EnvRow; readonly changes: number }): void
  /** Resolves when a worker has answered, or at the next `wake`. */
  progress(): Promise<void>
  wake(): void
}

/** Below this, crossing to a worker takes longer than quoting. */
const fewest = 64
const batchSize = 128
/** One that is run, and one that waits behind it while this thread is busy. */
const mostBatches = 2

/** Keeps workers supplied from a queue, and brings back what they have made. */
export function startWorkerFeed(
  workers: QuoteWorkers | undefined,
  queue: QuoteQueue,
  receive: (made: readonly WorkerQuote[]) => void,
): WorkerFeed {
  const batches = Array.from({ length: workers?.size ?? 0 }, () => 0)
  let all = 0
  let resolveProgress = (): void => {}

  function takeBatch(worker: number, changes: number): readonly Given[] {
    const given: Given[] = []
    while (given.length < batchSize) {
      const entry = queue.takeFor(worker)
      const basis = entry && runnableBasis(entry)
      if (entry === undefined || basis === undefined) break
      given.push({ entry, job: { slot: entry.slot, basis }, marks: entry.marks, changes })
    }
    return given
  }

  function count(worker: number, by: 1 | -1): void {
    batches[worker] = (batches[worker] ?? 0) + by
    all += by
  }

  async function give(to: QuoteWorkers, worker: number, given: readonly Given[], env: EnvRow): Promise<void> {
    count(worker, 1)
    const runs = await to.run(
      worker,
      given.map(({ job }) => job),
      env,
    )
    count(worker, -1)
    receive(given.map((one, i) => toQuote(one, runs[i], env)))
    resolveProgress()
  }

  return {
    get isBusy() {
      return all > 0
    },
    fill(now) {
      if (workers === undefined) return
      if (all === 0 && queue.size < fewest) return queue.takeBack()
      const { env, changes } = now()
      for (let worker = 0; worker < workers.size; worker++) {
        while ((batches[worker] ?? 0) < mostBatches) {
          const given = takeBatch(worker, changes)
          if (given.length === 0) break
          void give(workers, worker, given, env)
        }
      }
    },
    progress: () =>
      new Promise((resolve) => {
        resolveProgress = resolve
      }),
    wake: () => resolveProgress(),
  }
}

type Given = {
  readonly entry: QuoteEntry
  readonly job: QuoteJob
  readonly marks: number
  readonly changes: number
}

function toQuote(
  { entry, job, marks, changes }: Given,
  run: QuoteRun | undefined,
  asOf: EnvRow,
): WorkerQuote {
  if (run === undefined) return { entry, quote: undefined, marks, changes }
  const { offer, clock } = run
  return { entry, quote: { offer, asOf, basis: withClock(job.basis, clock) }, marks, changes }
}

function withClock(basis: QuoteBasis, clock: QuoteBasis['clock']): QuoteBasis {
  const isSame = basis.clock.time === clock.time && basis.clock.number === clock.number
  return isSame && !basis.lacksCode ? basis : { ...basis, clock, lacksCode: false }
}
