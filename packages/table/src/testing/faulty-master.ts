import { delay, systemClock, systemRandom, type Clock, type Filter, type Random } from '@freshet/core'
import { createPushQueue } from '@freshet/core/testing'
import { unreachable } from '../master-errors.ts'
import type { Master, MasterChange, WatchOptions } from '../master.ts'

/** How badly a remote behaves; each probability is per request or per change. */
export type MasterFaults = {
  readonly maxLatencyMs: number
  /** The request never gets there. */
  readonly failedRequest: number
  /** The request has its effect and the answer is lost. */
  readonly lostReply: number
  /** The watch ends, without a word or with an error. */
  readonly brokenWatch: number
  /** The same change is told twice. */
  readonly duplicate: number
  /** A change is never told. Only where the master does not claim to be lossless. */
  readonly lostPush: number
}

export const noMasterFaults: MasterFaults = {
  maxLatencyMs: 0,
  failedRequest: 0,
  lostReply: 0,
  brokenWatch: 0,
  duplicate: 0,
  lostPush: 0,
}

type Method =
  | 'list'
  | 'page'
  | 'get'
  | 'count'
  | 'insert'
  | 'replace'
  | 'patch'
  | 'delete'
  | 'deleteAll'
  | 'insertReturnId'

/** A request whose answer is held back. */
type HeldReply = {
  /** Resolves when the remote has answered and the answer waits. */
  readonly answered: Promise<void>
  release(): void
}

/** A master behind a bad connection, as its seed or its test says. */
export type FaultyMaster = {
  readonly master: Master
  /** Requests that were made, by method. */
  readonly requests: Readonly<Record<Method, number>>
  setFaults(faults: MasterFaults): void
  /** While out, every request and watch fails. */
  setOutage(out: boolean): void
  /** Cuts all open watches. */
  cut(): void
  /** Holds back the next answer of a method. */
  holdReply(method: Method): HeldReply
  /** Loses the next answer of a method, after its effect. */
  loseReply(method: Method): void
}

export function createFaultyMaster(
  inner: Master,
  options: { readonly clock?: Clock | undefined; readonly random?: Random | undefined } = {},
): FaultyMaster {
  const { clock = systemClock, random = systemRandom } = options
  const requests: Record<Method, number> = {
    list: 0,
    page: 0,
    get: 0,
    count: 0,
    insert: 0,
    replace: 0,
    patch: 0,
    delete: 0,
    deleteAll: 0,
    insertReturnId: 0,
  }
  const held = new Map<Method, { arrive(): void; readonly released: Promise<void> }>()
  const lost = new Set<Method>()
  let faults = noMasterFaults
  let outage = false
  let cuts = new AbortController()
  const chance = (probability: number): boolean => probability > 0 && random.next() < probability
  const wait = async (signal?: AbortSignal): Promise<void> => {
    if (faults.maxLatencyMs > 0) await delay(clock, random.next() * faults.maxLatencyMs, signal)
  }
  const broken = (): Error => unreachable('The remote is out of reach, as the test says.')

  const request = async <T>(
    method: Method,
    signal: AbortSignal | undefined,
    work: () => Promise<T>,
  ): Promise<T> => {
    requests[method] += 1
    await wait(signal)
    if (outage || chance(faults.failedRequest)) throw broken()
    const result = await work()
    const gate = held.get(method)
    held.delete(method)
    gate?.arrive()
    await gate?.released
    await wait(signal)
    if (outage || lost.delete(method) || chance(faults.lostReply)) throw broken()
    return result
  }

  const forward = async (
    changes: AsyncIterable<MasterChange>,
    arrived: { push(change: MasterChange): void; end(error?: unknown): void },
    signal: AbortSignal,
  ): Promise<void> => {
    try {
      for await (const change of changes) {
        await wait(signal)
        if (signal.aborted) break
        if (outage || chance(faults.brokenWatch))
          return arrived.end(random.next() < 0.5 ? broken() : undefined)
        const isRow = change.kind === 'upsert' || change.kind === 'delete'
        if (isRow && inner.capabilities.push === 'hint' && chance(faults.lostPush)) continue
        arrived.push(change)
        if (isRow && chance(faults.duplicate)) arrived.push(change)
      }
      arrived.end()
    } catch (error) {
      arrived.end(error)
    }
  }
  async function* watch({ signal: outer, from }: WatchOptions): AsyncGenerator<MasterChange> {
    if (outage) throw broken()
    const signal = AbortSignal.any([outer, cuts.signal])
    const arrived = createPushQueue<MasterChange>(signal)
    const reading = forward(inner.watch({ signal, from }), arrived, signal)
    try {
      yield* arrived
    } finally {
      arrived.end()
      await reading
    }
  }

  const wrap = (master: Master): Master => ({
    ...master,
    list: (query, signal) => request('list', signal, () => master.list(query, signal)),
    page: (step, signal) => request('page', signal, () => master.page(step, signal)),
    get: (ids, signal) => request('get', signal, () => master.get(ids, signal)),
    count: (filter, signal) => request('count', signal, () => master.count(filter, signal)),
    insert: (id, row, write) => request('insert', write.signal, () => master.insert(id, row, write)),
    replace: (id, row, write) => request('replace', write.signal, () => master.replace(id, row, write)),
    patch: (id, patch, write) => request('patch', write.signal, () => master.patch(id, patch, write)),
    delete: (id, write) => request('delete', write.signal, () => master.delete(id, write)),
    deleteAll: (filter, write) => request('deleteAll', write.signal, () => master.deleteAll(filter, write)),
    insertReturnId: (row, write) =>
      request('insertReturnId', write.signal, () => master.insertReturnId(row, write)),
    watch,
    withFilter: (filter: Filter) => wrap(master.withFilter(filter)),
    getReference: (name, row) => wrap(master.getReference(name, row)),
  })

  return {
    master: wrap(inner),
    requests,
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
    holdReply(method) {
      const arrival = Promise.withResolvers<void>()
      const gate = Promise.withResolvers<void>()
      held.set(method, { arrive: arrival.resolve, released: gate.promise })
      return { answered: arrival.promise, release: gate.resolve }
    },
    loseReply: (method) => void lost.add(method),
  }
}
