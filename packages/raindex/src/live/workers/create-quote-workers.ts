import { startModuleWorker, workerFile } from '#quote-worker'
import type { Address, EnvRow, NotComparable, QuoteRun, StaticCodeCache } from '../../engine/index.ts'
import { startWorker, type WorkerPort } from '../../worker/worker-port.ts'
import type { QuoteJob, QuoteWorkers } from '../quote-workers.ts'
import type { RunnableBasis } from '../watched-quote.ts'
import { outcomeBits, type FromQuoteWorker, type SentQuote, type ToQuoteWorker } from './quote-messages.ts'

export type QuoteWorkersOptions = {
  /** What the host's own interpreter is made with; code that comes later is sent on. */
  readonly cache: StaticCodeCache
  readonly chainId: bigint
  readonly orderbook: Address
  /** As of `createEvmInterpreter`. */
  readonly gasLimit?: bigint | undefined
  /** Default 2. */
  readonly workers?: number | undefined
  /** Default: a worker of this package. */
  readonly startWorker?: (() => WorkerPort) | undefined
}

/**
 * Starts threads that make quotes again when the clock has moved: the numbers of `createEvmInterpreter` with the same
 * options. One set serves all collections of quotes of an order book.
 *
 * A worker that breaks is given nothing any more; what it had is quoted by whoever asked.
 */
export function createQuoteWorkers(options: QuoteWorkersOptions): QuoteWorkers {
  const { workers = 2, startWorker: start = startOwn } = options
  const crew = Array.from({ length: Math.max(1, workers) }, () => createQuoteWorker(start(), options))
  const free: number[] = []
  let slots = 0
  return {
    size: crew.length,
    takeSlot: () => free.pop() ?? slots++,
    freeSlot: (slot) => void free.push(slot),
    run: (worker, jobs, env) => crew[worker]?.run(jobs, env) ?? Promise.resolve([]),
    close: () => crew.forEach((worker) => worker.close()),
  }
}

function startOwn(): WorkerPort {
  return startWorker({ file: workerFile, startModule: startModuleWorker })
}

type Worker = {
  run(jobs: readonly QuoteJob[], env: EnvRow): Promise<readonly (QuoteRun | undefined)[]>
  close(): void
}

function createQuoteWorker(port: WorkerPort, options: QuoteWorkersOptions): Worker {
  const { cache, chainId, orderbook, gasLimit } = options
  /** What the worker knows of each quote. */
  const sent: (RunnableBasis | undefined)[] = []
  const waiting = new Map<number, (runs: readonly (QuoteRun | undefined)[]) => void>()
  let batches = 0
  let sentCode = 0
  let isEnded = false
  const post = (message: ToQuoteWorker): void => port.post(message)
  const end = (): void => {
    isEnded = true
    port.terminate()
    for (const resolve of waiting.values()) resolve([])
    waiting.clear()
  }
  port.onFailure(end)
  port.onMessage((data) => {
    // Sent by serveQuotes.
    const answer = data as FromQuoteWorker
    waiting.get(answer.batch)?.(runsOf(answer))
    waiting.delete(answer.batch)
  })
  post({ kind: 'open', chainId, orderbook, gasLimit })
  return {
    run(jobs, env) {
      if (isEnded) return Promise.resolve([])
      if (sentCode < cache.size) {
        post({ kind: 'code', code: cache.artifacts().slice(sentCode) })
        sentCode = cache.size
      }
      const batch = batches++
      const slots = jobs.map(({ slot }) => slot)
      post({ kind: 'run', batch, env, slots, fresh: freshOf(jobs, sent) })
      return new Promise((resolve) => waiting.set(batch, resolve))
    },
    close: end,
  }
}

/** What the worker does not know yet, noted as known. */
function freshOf(jobs: readonly QuoteJob[], sent: (RunnableBasis | undefined)[]): readonly SentQuote[] {
  const fresh: SentQuote[] = []
  for (const { slot, basis } of jobs) {
    const { prepared, words } = basis
    const known = sent[slot]
    if (known?.prepared === prepared && known.words === words) continue
    sent[slot] = basis
    fresh.push({ slot, prepared, words: words.map(({ key, value }) => [key, value]) })
  }
  return fresh
}

function runsOf(answer: FromQuoteWorker): readonly (QuoteRun | undefined)[] {
  const { outcomes, ioRatios, outputMaxes, reasons } = answer
  const rest = reasons.values()
  return Array.from(outcomes, (bits, i) => {
    const clock = { time: (bits & outcomeBits.time) !== 0, number: (bits & outcomeBits.number) !== 0 }
    const [ioRatio, outputMax] = [ioRatios[i], outputMaxes[i]]
    if ((bits & outcomeBits.quote) !== 0 && ioRatio !== undefined && outputMax !== undefined) {
      return { offer: { kind: 'quote', ioRatio, outputMax }, clock }
    }
    const reason: NotComparable | undefined =
      (bits & outcomeBits.reason) === 0 ? undefined : rest.next().value
    return reason && { offer: { kind: 'not-comparable', reason }, clock }
  })
}
