import { randomBelow, type Random } from '@freshet/core'
import type { RpcFetch } from '../client/chain/index.ts'

/** What happens to requests on their way to a node, and to its answers on their way back. */
export type UnreliableLine = {
  readonly fetch: RpcFetch
  /** How often each thing has happened. */
  readonly faults: Readonly<Record<Fault, number>>
  /** From now on nothing happens to anything. */
  heal(): void
}

type Fault = 'away' | 'limited' | 'failed' | 'dropped' | 'repeated' | 'codeless'
type Call = { readonly id: unknown; readonly method: string; readonly params: readonly unknown[] }
type Answer = { readonly id?: unknown; readonly result?: unknown }

/** How often a contract has no code before it has. */
const asksWithoutCode = 3

/**
 * A line to a real node that is away for a while now and then, limits rates, fails, leaves out the logs of the two newest
 * blocks, repeats logs, and gives code later than it is there.
 *
 * @param except - The contract whose code is there from the start.
 */
export function createUnreliableLine(random: Random, except: string): UnreliableLine {
  const faults = { away: 0, limited: 0, failed: 0, dropped: 0, repeated: 0, codeless: 0 }
  const asksForCode = new Map<string, number>()
  let isHealed = false
  let away = 0
  let headBlock = 0
  const happens = (ofHundred: number): boolean => !isHealed && randomBelow(random, 100) < ofHundred

  const changed = (call: Call, result: unknown): unknown => {
    const [first] = call.params
    if (call.method === 'eth_getBlockByNumber' && first === 'latest') headBlock = numberOf(result, 'number')
    if (call.method === 'eth_getCode' && !isHealed && String(first).toLowerCase() !== except) {
      const asks = (asksForCode.get(String(first)) ?? 0) + 1
      asksForCode.set(String(first), asks)
      if (asks > asksWithoutCode) return result
      faults.codeless += 1
      return '0x'
    }
    // By hash a node either has a block whole or does not have it.
    if (call.method !== 'eth_getLogs' || !Array.isArray(result) || hasField(first, 'blockHash')) return result
    // A node has the logs of a block or does not have them.
    const without = new Set([headBlock, headBlock - 1].filter(() => happens(25)))
    return result.flatMap((log: unknown) => {
      if (without.has(numberOf(log, 'blockNumber'))) {
        faults.dropped += 1
        return []
      }
      if (!happens(10)) return [log]
      faults.repeated += 1
      return [log, log]
    })
  }
  return {
    faults,
    heal() {
      isHealed = true
    },
    async fetch(input, init) {
      if (away === 0 && happens(1)) away = 8
      if (away > 0 && !isHealed) {
        away -= 1
        faults.away += 1
        throw new TypeError('fetch failed')
      }
      if (happens(3)) {
        faults.limited += 1
        return new Response('slow down', { status: 429, headers: { 'Retry-After': '0' } })
      }
      if (happens(3)) {
        faults.failed += 1
        return new Response('bad gateway', { status: 502 })
      }
      const response = await fetch(input, init)
      if (!response.ok) return response
      // Written by the client under test and by the node.
      const calls = [JSON.parse(typeof init?.body === 'string' ? init.body : '[]')].flat() as Call[]
      const answer = (await response.json()) as Answer | Answer[]
      const passed = [answer].flat().map((item) => {
        const call = calls.find(({ id }) => id === item.id)
        return call && 'result' in item ? { ...item, result: changed(call, item.result) } : item
      })
      return Response.json(Array.isArray(answer) ? passed : passed[0])
    },
  }
}

function numberOf(value: unknown, field: string): number {
  if (typeof value !== 'object' || value === null) return 0
  return Number(Object.entries(value).find(([name]) => name === field)?.[1] ?? 0)
}

function hasField(value: unknown, field: string): boolean {
  return typeof value === 'object' && value !== null && field in value
}
