import { expect, test } from 'vitest'
import { createSeededRandom } from '@freshet/core/testing'
import { createImpatientClock, type ImpatientClock } from '../../testing/impatient-clock.ts'
import { createRpcPool, type RpcFaultNotice, type RpcPoolOptions } from './rpc-pool.ts'

const call = { method: 'eth_blockNumber', params: [] }
const signal = new AbortController().signal

/** What a node answers to its first, second … request after it has said its chain; the last answer stays. */
type Script = readonly (Response | ((init: RequestInit | undefined) => Promise<Response>))[]

function rigOf(scripts: Readonly<Record<string, Script>>, options: Partial<RpcPoolOptions> = {}) {
  const clock = createImpatientClock()
  const faults: RpcFaultNotice[] = []
  const asked: string[] = []
  const next = new Map<string, number>()
  const pool = createRpcPool({
    chainId: 1,
    rpcs: Object.keys(scripts).map((name) => `http://${name}`),
    clock,
    random: createSeededRandom(1),
    backoff: { baseMs: 100, capMs: 1_000, jitter: 0 },
    onFault: (fault) => faults.push(fault),
    fetch: async (input, init) => {
      const name = new URL(input instanceof Request ? input.url : input).host
      const body = JSON.parse(typeof init?.body === 'string' ? init.body : '') as {
        id: number
        method: string
      }
      if (body.method === 'eth_chainId') return ok('0x1', body.id)
      asked.push(`${name} ${clock.now() - started}`)
      const script = scripts[name] ?? []
      const at = next.get(name) ?? 0
      next.set(name, at + 1)
      const answer = script[Math.min(at, script.length - 1)]
      if (typeof answer === 'function') return answer(init)
      const text = (await answer?.clone().text()) ?? ''
      return new Response(text.replace('"id":0', `"id":${body.id}`), answer)
    },
    ...options,
  })
  const started = clock.now()
  return { pool, clock, faults, asked }
}

function ok(result: unknown, id = 0): Response {
  return Response.json({ jsonrpc: '2.0', id, result })
}

function refusal(code: number, message: string): Response {
  return Response.json({ jsonrpc: '2.0', id: 0, error: { code, message } })
}

async function answerOf<T>(clock: ImpatientClock, work: Promise<T>): Promise<T> {
  const settled = work.catch(() => undefined)
  await clock.advance(120_000)
  await settled
  return work
}

test('[CN6] a node that asks to be left alone is left alone as long as it says', async () => {
  const limited = new Response('slow down', { status: 429, headers: { 'Retry-After': '7' } })
  const { pool, clock, asked } = rigOf({ one: [limited, ok('0x5')] })
  expect(
    await answerOf(
      clock,
      pool.ask([call], ([answer]) => answer, { signal }),
    ),
  ).toBe('0x5')
  expect(asked).toEqual(['one 0', 'one 7000'])
})

test.each([
  [-32_090, 'rate limited'],
  [-32_005, 'daily request count exceeded'],
  [-32_000, 'too many requests, slow down'],
])('[CN6] a node that limits with code %s is asked again after the delay', async (code, message) => {
  const { pool, clock, asked } = rigOf(
    { one: [refusal(code, message), ok('0x5')] },
    { rateLimitDelayMs: 3_000 },
  )
  expect(
    await answerOf(
      clock,
      pool.ask([call], ([answer]) => answer, { signal }),
    ),
  ).toBe('0x5')
  expect(asked).toEqual(['one 0', 'one 3000'])
})

test('[CN6] while one node rests the other is asked at once, and the first is preferred again', async () => {
  const bad = new Response('bad gateway', { status: 502 })
  const { pool, clock, asked } = rigOf({ one: [bad, ok('0x1')], two: [ok('0x2')] })
  expect(
    await answerOf(
      clock,
      pool.ask([call], ([answer]) => answer, { signal }),
    ),
  ).toBe('0x2')
  expect(
    await answerOf(
      clock,
      pool.ask([call], ([answer]) => answer, { signal }),
    ),
  ).toBe('0x1')
  expect(asked).toEqual(['one 0', 'two 0', 'one 120000'])
})

test('[CN6] waits double, and the last fault is told when all attempts failed', async () => {
  const bad = new Response('bad gateway', { status: 502 })
  const { pool, clock, asked, faults } = rigOf({ one: [bad] }, { attempts: 4 })
  await expect(
    answerOf(
      clock,
      pool.ask([call], ([answer]) => answer, { signal }),
    ),
  ).rejects.toMatchObject({
    code: 'raindex/node-unreachable',
    kind: 'remote',
    retryable: true,
  })
  expect(asked).toEqual(['one 0', 'one 100', 'one 300', 'one 700'])
  expect(faults.map(({ waitMs }) => waitMs)).toEqual([100, 200, 400, 0])
})

test('[CN6] a node of another chain is never asked for anything else', async () => {
  const { pool, clock } = rigOf({ one: [ok('0x5')] }, { chainId: 10 })
  const message =
    "None of the nodes belongs to chain 10. Give the address of one that does, or the chain's own number."
  await expect(
    answerOf(
      clock,
      pool.ask([call], ([answer]) => answer, { signal }),
    ),
  ).rejects.toMatchObject({
    code: 'raindex/wrong-chain',
    message,
  })
})

test('[CN6] no more requests are under way than allowed', async () => {
  let underway = 0
  let most = 0
  const slow = async (init: RequestInit | undefined): Promise<Response> => {
    most = Math.max(most, ++underway)
    await new Promise((resolve) => setImmediate(resolve))
    underway -= 1
    const { id } = JSON.parse(typeof init?.body === 'string' ? init.body : '') as { id: number }
    return ok('0x5', id)
  }
  const { pool, clock } = rigOf({ one: [slow] }, { maxConcurrent: 3 })
  const all = Array.from({ length: 12 }, () => pool.ask([call], ([answer]) => answer, { signal }))
  expect(await answerOf(clock, Promise.all(all))).toHaveLength(12)
  expect(most).toBeLessThanOrEqual(3)
})

test('[CN6] a request ends at once when it is not wanted any more', async () => {
  const never = async (init: RequestInit | undefined): Promise<Response> =>
    new Promise((_, reject) => init?.signal?.addEventListener('abort', () => reject(new Error('aborted'))))
  const { pool, clock } = rigOf({ one: [never] })
  const controller = new AbortController()
  const work = pool.ask([call], ([answer]) => answer, { signal: controller.signal })
  await clock.advance(10)
  controller.abort(new Error('not wanted'))
  await expect(work).rejects.toThrow('not wanted')
})
