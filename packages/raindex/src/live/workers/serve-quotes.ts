import { createWasmEvm } from '@freshet/evm'
import { zero, type Float } from '../../float/index.ts'
import {
  createEvmInterpreter,
  createStaticCodeCache,
  runPreparedQuote,
  type EnvRow,
  type Interpreter,
  type NotComparable,
  type QuoteRun,
} from '../../engine/index.ts'
import { workerScope } from '../../worker/worker-scope.ts'
import { followWords, type ReadWord } from '../watched-quote.ts'
import { outcomeBits, type FromQuoteWorker, type SentQuote, type ToQuoteWorker } from './quote-messages.ts'

/** Answers `createQuoteWorkers`. To be called once, in a worker. */
export function serveQuotes(): void {
  const scope = workerScope()
  const cache = createStaticCodeCache()
  const quotes: (KeptQuote | undefined)[] = []
  let interpreter: Promise<Interpreter> | undefined
  // Messages are handled one after the other, though the first of them takes a while.
  let last: Promise<void> = Promise.resolve()
  const handle = async (message: ToQuoteWorker): Promise<void> => {
    switch (message.kind) {
      case 'open':
        interpreter = createWasmEvm().then((engine) => createEvmInterpreter({ ...message, engine, cache }))
        return
      case 'code':
        cache.ingest(message.code)
        return
      case 'run': {
        for (const fresh of message.fresh) quotes[fresh.slot] = kept(fresh)
        const ready = await interpreter
        if (ready === undefined) throw new Error('This worker was not opened.')
        const runs: (QuoteRun | undefined)[] = []
        for (const slot of message.slots) {
          const run = runKept(ready, quotes[slot], message.env)
          runs.push(run instanceof Promise ? await run : run)
        }
        scope.post(answerOf(message.batch, runs), [])
      }
    }
  }
  scope.onMessage((data) => {
    last = last
      // Sent by our own other side.
      .then(() => handle(data as ToQuoteWorker))
      .catch((error: unknown) => {
        // Outside of the promise, so that it breaks the worker and the other side is told, in browsers too.
        queueMicrotask(() => {
          throw error
        })
      })
  })
}

type KeptQuote = Omit<SentQuote, 'words'> & { readonly words: readonly ReadWord[] }

function kept({ slot, prepared, words }: SentQuote): KeptQuote {
  return { slot, prepared, words: words.map(([key, value]) => ({ key, value, row: '' })) }
}

/** @returns undefined where only the other side can say. */
function runKept(
  interpreter: Interpreter,
  quote: KeptQuote | undefined,
  env: EnvRow,
): QuoteRun | undefined | Promise<QuoteRun | undefined> {
  if (quote === undefined) return undefined
  const words = followWords(quote.words, (key) => ({ key, value: unknownWord, row: '' }))
  const finish = (run: QuoteRun): QuoteRun | undefined => {
    const isHere = run.offer.kind === 'quote' || !elsewhere.has(run.offer.reason.kind)
    return isHere && words.all() === quote.words ? run : undefined
  }
  const found = runPreparedQuote(interpreter, quote.prepared, env, words.read)
  return found instanceof Promise ? found.then(finish) : finish(found)
}

const unknownWord = `0x${'0'.repeat(64)}` as const

/** Reasons that may not hold where there is more code, or another host. */
const elsewhere: ReadonlySet<NotComparable['kind']> = new Set([
  'MissingBytecode',
  'ExternalAccount',
  'HostFault',
])

function answerOf(batch: number, runs: readonly (QuoteRun | undefined)[]): FromQuoteWorker {
  const outcomes = new Uint8Array(runs.length)
  const ioRatios: Float[] = []
  const outputMaxes: Float[] = []
  const reasons: NotComparable[] = []
  runs.forEach((run, i) => {
    outcomes[i] = bitsOf(run)
    const isQuote = run?.offer.kind === 'quote'
    ioRatios.push(isQuote ? run.offer.ioRatio : zero)
    outputMaxes.push(isQuote ? run.offer.outputMax : zero)
    if (run?.offer.kind === 'not-comparable') reasons.push(run.offer.reason)
  })
  return { batch, outcomes, ioRatios, outputMaxes, reasons }
}

function bitsOf(run: QuoteRun | undefined): number {
  if (run === undefined) return 0
  const { time, number } = run.clock
  return (
    (run.offer.kind === 'quote' ? outcomeBits.quote : outcomeBits.reason) |
    (time ? outcomeBits.time : 0) |
    (number ? outcomeBits.number : 0)
  )
}
