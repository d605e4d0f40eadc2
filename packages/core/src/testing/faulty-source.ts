import { delay } from '../clock.ts'
import { FreshetError } from '../errors.ts'
import type { Random } from '../random.ts'
import type { PageRequest, Source, StreamItem } from '../source.ts'
import { createPushQueue } from './push-queue.ts'
import type { VirtualClock } from './virtual-clock.ts'

/** How badly a source behaves; each probability is per request or per item. */
export type Faults = {
  readonly maxLatencyMs: number
  readonly failedRequest: number
  /** The stream ends: without a word, or with an error. */
  readonly cleanEnd: number
  readonly brokenStream: number
  /** The same item twice in a row. */
  readonly duplicate: number
  /** An item never arrives. Only for sources that do not claim to be lossless. */
  readonly lostPush: number
  /** An item arrives after its successor. Only for sources that do not claim to be lossless. */
  readonly reorder: number
  /** A page claims another total. */
  readonly wrongTotal: number
}

export const noFaults: Faults = {
  maxLatencyMs: 0,
  failedRequest: 0,
  cleanEnd: 0,
  brokenStream: 0,
  duplicate: 0,
  lostPush: 0,
  reorder: 0,
  wrongTotal: 0,
}

export type FaultySource<F> = {
  readonly source: Source<F>
  setFaults(faults: Faults): void
  /** While out, every request and stream fails. */
  setOutage(out: boolean): void
  /** Cuts all open streams. */
  cut(): void
}

/** A source in front of another that misbehaves as its seed says. */
export function createFaultySource<F>(options: {
  readonly source: Source<F>
  readonly clock: VirtualClock
  readonly random: Random
}): FaultySource<F> {
  const { source, clock, random } = options
  let faults = noFaults
  let outage = false
  let cuts = new AbortController()
  const chance = (probability: number): boolean => random.next() < probability
  const wait = (signal: AbortSignal): Promise<void> =>
    delay(clock, random.next() * faults.maxLatencyMs, signal)

  const request = async <T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> => {
    // The remote reads somewhere between sending and arrival.
    await wait(signal)
    if (outage || chance(faults.failedRequest)) throw unreachable()
    const result = await work()
    await wait(signal)
    if (outage) throw unreachable()
    return result
  }
  const page = async (asked: PageRequest, signal: AbortSignal) => {
    const result = await request(signal, async () => source.page?.(asked, signal) ?? { facts: [] })
    return chance(faults.wrongTotal) ? { ...result, total: Math.floor(random.next() * 100) } : result
  }

  async function* stream(resume: Parameters<NonNullable<Source<F>['stream']>>[0], outer: AbortSignal) {
    if (outage) throw unreachable()
    const signal = AbortSignal.any([outer, cuts.signal])
    const arrived = createPushQueue<StreamItem<F>>(signal)
    const reading = forward(source.stream?.(resume, signal) ?? [], arrived, signal)
    try {
      yield* arrived
    } finally {
      arrived.end()
      await reading
    }
  }

  /** Items keep their order and come late, unless a fault says otherwise. */
  const forward = async (
    items: AsyncIterable<StreamItem<F>> | Iterable<StreamItem<F>>,
    arrived: { push(item: StreamItem<F>): void; end(error?: Error): void },
    signal: AbortSignal,
  ): Promise<void> => {
    let held: StreamItem<F> | undefined
    const mayLose = !source.capabilities.lossless
    for await (const item of items) {
      await wait(signal)
      if (signal.aborted) break
      if (chance(faults.cleanEnd)) return arrived.end()
      if (outage || chance(faults.brokenStream)) return arrived.end(unreachable())
      const isData = item.kind === 'facts'
      if (isData && mayLose && chance(faults.lostPush)) continue
      if (isData && mayLose && !held && chance(faults.reorder)) {
        held = item
        continue
      }
      arrived.push(item)
      if (chance(faults.duplicate)) arrived.push(item)
      if (held) arrived.push(held)
      held = undefined
    }
    arrived.end()
  }

  return {
    source: {
      capabilities: source.capabilities,
      ...(source.page && { page }),
      ...(source.get && {
        get: (table: string, ids: readonly string[], signal: AbortSignal) =>
          request(signal, async () => source.get?.(table, ids, signal) ?? []),
      }),
      ...(source.stream && { stream }),
    },
    setFaults(next) {
      faults = next
    },
    setOutage(out) {
      outage = out
      if (out) this.cut()
    },
    cut() {
      cuts.abort()
      cuts = new AbortController()
    },
  }
}

function unreachable(): FreshetError {
  return new FreshetError({
    code: 'testing/unreachable',
    kind: 'remote',
    retryable: true,
    message: 'The faulty source is out of reach, as its script says.',
  })
}
