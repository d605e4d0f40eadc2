import { FreshetError } from '@freshet/core'
import type { ReplayMoment } from '../inspect-moment.ts'
import type { Replay, ReplayProgress, ReplayRun, RunOptions, RunPart } from '../open-replay.ts'
import { joinColumns } from '../replay-columns.ts'
import {
  fromPlainError,
  type FromReplayWorker,
  type OpenedBook,
  type ToReplayWorker,
} from './replay-messages.ts'
import { startReplayWorker, type ReplayPort } from './replay-port.ts'

export type ReplayWorkersOptions = {
  /** How many share a run. Default 1. */
  readonly workers?: number | undefined
  /** Default: a worker of this package. */
  readonly startWorker?: (() => ReplayPort) | undefined
}

/** A replay in workers. A call that waits when one of them breaks fails with `replay/worker-failed`. */
export interface ReplayWorkers extends Replay {
  /** Ends the workers; calls that wait fail with `replay/closed`. */
  close(): void
}

/**
 * Opens a book for replays in workers, so that no other thread waits for them.
 *
 * @param book - A `ReplayBook`, or what the `open` of one's own worker takes; it is copied to each worker.
 * @throws {FreshetError} with the codes of `openReplay`, `historyFromLogs` and `createStaticCodeCache`;
 * `replay/worker-failed`: a worker cannot be started. See the cause.
 */
export async function openReplayWorkers(
  book: unknown,
  { workers = 1, startWorker = startReplayWorker }: ReplayWorkersOptions = {},
): Promise<ReplayWorkers> {
  const callers = Array.from({ length: Math.max(1, workers) }, () => createCaller(startWorker()))
  const close = (): void => callers.forEach((caller) => caller.close())
  const inspector = callers[0]
  const opened = await Promise.all(
    // Answers are what the worker says to each kind of call, here and below.
    callers.map((caller) => caller.ask({ kind: 'open', book }) as Promise<OpenedBook>),
  ).catch((error: unknown) => {
    close()
    throw error
  })
  const { range, orders } = opened[0] ?? { range: noRange, orders: [] }
  return {
    range,
    orders: () => orders,
    async run(request, options = {}) {
      const progress = sumProgress(callers.length, options.onProgress)
      const parts = callers.map((caller, index) => {
        const part: RunPart = { index, of: callers.length }
        return caller.ask(
          { kind: 'run', request, part },
          { signal: options.signal, onProgress: (own) => progress(index, own) },
        ) as Promise<ReplayRun>
      })
      return joinParts(await Promise.all(parts))
    },
    inspect: (subject, second) =>
      (inspector?.ask({ kind: 'inspect', subject, second }) ??
        Promise.reject(closed())) as Promise<ReplayMoment>,
    close,
  }
}

const noRange = { first: { number: 0, timestamp: 0 }, head: { number: 0, timestamp: 0 } }

/** Parts of a run in their order, as the run they are of. */
function joinParts(parts: readonly ReplayRun[]): ReplayRun {
  const [first] = parts
  if (first === undefined) throw closed()
  const series = first.series.map((pair, at) => {
    const shares = parts.flatMap((part) => part.series[at] ?? [])
    return { ...pair, ...joinColumns(shares) }
  })
  return { orderHash: first.orderHash, series }
}

function sumProgress(
  count: number,
  onProgress: RunOptions['onProgress'],
): (index: number, progress: ReplayProgress) => void {
  const seen: ReplayProgress[] = Array.from({ length: count }, () => ({ points: 0, of: 0, quotes: 0 }))
  return (index, progress) => {
    seen[index] = progress
    const sum = (field: keyof ReplayProgress): number => seen.reduce((all, one) => all + one[field], 0)
    // Until each has said how much it has to do, the whole is not known.
    if (seen.every(({ of }) => of > 0))
      onProgress?.({ points: sum('points'), of: sum('of'), quotes: sum('quotes') })
  }
}

type Question = ToReplayWorker extends infer M
  ? M extends { readonly call: number; readonly kind: 'open' | 'run' | 'inspect' }
    ? Omit<M, 'call'>
    : never
  : never

type Caller = {
  ask(question: Question, options?: RunOptions): Promise<unknown>
  close(): void
}

type Waiting = {
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
  readonly onProgress: RunOptions['onProgress']
}

/** Numbers the calls of one worker and brings each its answer. */
function createCaller(port: ReplayPort): Caller {
  const waiting = new Map<number, Waiting>()
  let calls = 0
  let ended: FreshetError | undefined
  const end = (error: FreshetError): void => {
    ended ??= error
    for (const { reject } of waiting.values()) reject(ended)
    waiting.clear()
    port.terminate()
  }
  port.onFailure((cause) => end(failed(cause)))
  port.onMessage((data) => {
    // Sent by serveReplay.
    const message = data as FromReplayWorker
    const call = waiting.get(message.call)
    if (call === undefined) return
    if (message.kind === 'progress') return call.onProgress?.(message.progress)
    waiting.delete(message.call)
    if (message.kind === 'done') call.resolve(message.value)
    else call.reject(fromPlainError(message.error))
  })
  return {
    ask(question, { signal, onProgress } = {}) {
      if (ended !== undefined) return Promise.reject(ended)
      if (signal?.aborted === true) return Promise.reject(signal.reason)
      const call = ++calls
      const { promise, resolve, reject } = Promise.withResolvers<unknown>()
      waiting.set(call, { resolve, reject, onProgress })
      port.post({ ...question, call })
      if (signal === undefined) return promise
      const cancel = (): void => {
        waiting.delete(call)
        port.post({ kind: 'cancel', call })
        reject(signal.reason)
      }
      signal.addEventListener('abort', cancel)
      return promise.finally(() => signal.removeEventListener('abort', cancel))
    },
    close: () => end(closed()),
  }
}

function closed(): FreshetError {
  return new FreshetError({
    code: 'replay/closed',
    kind: 'usage',
    message: 'The replay is closed. Open it again.',
  })
}

function failed(cause: unknown): FreshetError {
  const message = 'A worker of the replay has failed; see the cause. Open the replay again.'
  return new FreshetError({ code: 'replay/worker-failed', kind: 'internal', message, cause })
}
