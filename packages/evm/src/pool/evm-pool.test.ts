import { afterEach, expect, test } from 'vitest'
import type { Hex } from '../bytes.ts'
import type { StaticCall } from '../engine.ts'
import { answer, assemble } from '../testing/tiny-assembler.ts'
import { createEvmPool, type EvmPool, type EvmPoolOptions, type PoolCall } from './evm-pool.ts'
import type { FromWorker, ToWorker } from './messages.ts'
import { packResults, unpackCalls } from './packing.ts'
import type { PoolWorker } from './pool-worker-port.ts'

const target: Hex = '0x1000000000000000000000000000000000000001'
const sender: Hex = '0x3000000000000000000000000000000000000003'

let pools: EvmPool[] = []
afterEach(() => {
  for (const pool of pools) pool.close()
  pools = []
})

function poolWith(options: EvmPoolOptions = {}): EvmPool {
  const pool = createEvmPool({ workers: 2, ...options })
  pools.push(pool)
  return pool
}

function callOf(number: number): PoolCall {
  return { to: target, from: sender, data: word(number), gas: 1_000_000n }
}

function word(number: number): Hex {
  return `0x${number.toString(16).padStart(64, '0')}`
}

async function collect(results: AsyncIterable<{ readonly output: Uint8Array }>): Promise<bigint[]> {
  const words: bigint[] = []
  for await (const { output } of results) words.push(answer(output))
  return words
}

test('[EV13] real workers answer in order, with the state that was set before', async () => {
  const pool = poolWith()
  pool.setCode(target, assemble('0x0 CALLDATALOAD 0x0 SLOAD ADD return'))
  pool.setStorage(target, 0n, 1000n)
  const calls = Array.from({ length: 500 }, (_, index) => callOf(index))
  expect(await collect(pool.runMany(calls))).toEqual(calls.map((_, index) => BigInt(1000 + index)))
  pool.setStorage(target, 0n, 2000n)
  expect(answer((await pool.staticCall(callOf(1))).output)).toBe(2001n)
})

test('[EV13] a real worker that overruns is replaced, the call at fault is named, the rest is answered', async () => {
  const pool = poolWith({ overrunMs: 300, quarantine: false })
  // Loops until the gas is gone, which is for hours, when its argument is 7.
  const source = '0x0 CALLDATALOAD 0x7 EQ 0x12 JUMPI 0x0 CALLDATALOAD return JUMPDEST 0x12 JUMP'
  pool.setCode(target, assemble(source))
  const results = await Promise.all(
    Array.from({ length: 20 }, (_, index) => pool.staticCall({ ...callOf(index), gas: (1n << 44n) - 1n })),
  )
  expect(results.map(({ status }) => status)).toEqual(
    Array.from({ length: 20 }, (_, index) => (index === 7 ? 'unsupported' : 'ok')),
  )
})

test('[EV13] calls beyond the queue limit are refused, retryably', async () => {
  const pool = poolWith({ queueLimit: 2, startWorker: () => fakeWorker() })
  void pool.staticCall(callOf(1)).catch(() => {})
  void pool.staticCall(callOf(2)).catch(() => {})
  await expect(pool.staticCall(callOf(3))).rejects.toMatchObject({ code: 'evm/busy', retryable: true })
})

test('[EV13] runMany takes no more calls than it can run', async () => {
  let taken = 0
  function* calls() {
    for (;;) yield callOf(taken++)
  }
  const pool = poolWith({ batchSize: 4, startWorker: () => fakeWorker((batch) => batch.map(() => 'ok')) })
  for await (const { status } of pool.runMany(calls())) {
    expect(status).toBe('ok')
    if (taken > 100) break
    expect(taken).toBeLessThanOrEqual(101)
  }
  expect(taken).toBeLessThanOrEqual(101)
})

test('[EV13] a result does not wait for the next call of a slow source', async () => {
  const next = Promise.withResolvers<void>()
  let ended = false
  async function* calls() {
    try {
      yield callOf(1)
      await next.promise
      for (let number = 2; ; number++) yield callOf(number)
    } finally {
      ended = true
    }
  }
  const pool = poolWith({ startWorker: () => fakeWorker((batch) => batch.map(() => 'ok')) })
  const results = pool.runMany(calls())[Symbol.asyncIterator]()
  expect((await results.next()).value).toMatchObject({ status: 'ok' })
  next.resolve()
  expect((await results.next()).value).toMatchObject({ status: 'ok' })
  expect(ended).toBe(false)
  await results.return?.()
  expect(ended).toBe(true)

  async function* stuck() {
    yield callOf(1)
    await new Promise(() => {})
  }
  for await (const { status } of pool.runMany(stuck())) {
    expect(status).toBe('ok')
    break
  }
})

test('[EV13] a cancelled call is dropped from the queue and refused with the reason', async () => {
  const posted: number[] = []
  const pool = poolWith({ workers: 1, batchSize: 1, startWorker: () => fakeWorker(undefined, posted) })
  const stop = new AbortController()
  const calls = [1, 2, 3, 4, 5, 6, 7, 8].map((number) =>
    pool.staticCall(callOf(number), { signal: stop.signal }),
  )
  const outcomes = Promise.allSettled(calls)
  await Promise.resolve()
  stop.abort(new RangeError('enough'))
  expect((await outcomes).map((outcome) => outcome.status === 'rejected' && String(outcome.reason))).toEqual(
    Array.from({ length: 8 }, () => 'RangeError: enough'),
  )
  expect(posted.length).toBeLessThanOrEqual(4)
})

test('[EV13] a call that burns its gas again and again is quarantined, longer each time, until released', async () => {
  let now = 0
  const pool = poolWith({
    clock: { now: () => now, setTimer: () => () => {} },
    startWorker: () => fakeWorker((batch) => batch.map(() => 'halt')),
  })
  const run = async () => (await pool.staticCall({ ...callOf(1), key: 'order' })).status
  expect([await run(), await run(), await run(), await run()]).toEqual([
    'halt',
    'halt',
    'halt',
    'unsupported',
  ])
  now = 60_000
  expect([await run(), await run()]).toEqual(['halt', 'unsupported'])
  now += 60_001
  expect(await run()).toBe('unsupported')
  pool.release('order')
  expect(await run()).toBe('halt')
})

test('[EV13] a pool whose workers fail at once says so', async () => {
  const pool = poolWith({ startWorker: () => failingWorker() })
  await expect(pool.staticCall(callOf(1))).rejects.toMatchObject({ code: 'evm/pool-broken' })
})

test('[EV13] a closed pool refuses, a hook cannot cross', async () => {
  const pool = poolWith({ startWorker: () => fakeWorker() })
  expect(() => pool.setHook(target, () => undefined)).toThrow(
    expect.objectContaining({ code: 'evm/no-hook' }),
  )
  const call = pool.staticCall(callOf(1))
  pool.close()
  await expect(call).rejects.toMatchObject({ code: 'evm/closed' })
  await expect(pool.staticCall(callOf(1))).rejects.toMatchObject({ code: 'evm/closed' })
})

/** A worker that answers every batch at once, or never. */
function fakeWorker(
  reply?: (calls: readonly StaticCall[]) => readonly ('ok' | 'halt')[],
  posted: number[] = [],
): PoolWorker {
  let listener: (message: unknown) => void = () => {}
  return {
    post: (message) => {
      // The pool posts nothing else.
      const order = message as ToWorker
      if (order.kind === 'start') queueMicrotask(() => listener({ kind: 'ready' } satisfies FromWorker))
      if (order.kind !== 'run') return
      posted.push(order.batch)
      if (reply === undefined) return
      const reads = { time: false, number: false, block: false, slots: [], accounts: [] }
      const results = reply(unpackCalls(order, order.count)).map((status) => ({
        status,
        output: new Uint8Array(0),
        gasUsed: 1_000_000n,
        reads,
      }))
      queueMicrotask(() =>
        listener({ kind: 'results', batch: order.batch, ...packResults(results) } satisfies FromWorker),
      )
    },
    onMessage: (given) => {
      listener = given
    },
    onFailure: () => {},
    terminate: () => {},
  }
}

function failingWorker(): PoolWorker {
  return {
    post: () => {},
    onMessage: () => {},
    onFailure: (listener) => queueMicrotask(() => listener(new Error('no such file'))),
    terminate: () => {},
  }
}
