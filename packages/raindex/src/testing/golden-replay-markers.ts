import { historyFromLogs, openReplay, type ReplayHost } from '../client/replay/index.ts'
import { readRpcLog } from '../engine/index.ts'
import type { GoldenCheck, GoldenResult } from './golden-check.ts'
import { orderbookOf } from './golden-replay.ts'
import type { GoldenRun } from './golden-run.ts'

/** Every recorded take and clear is marked in the replay of the orders that traded, and adds and removals too. */
export function goldenReplayMarkers(name: string): GoldenCheck {
  return {
    title: '[RP7] every take, clear, add and removal of a recorded run is marked once',
    file: `${name}.json`,
    compare(text) {
      // Recorded data of a documented shape; a field of another one comes out as a difference.
      return compareRun(JSON.parse(text) as GoldenRun)
    },
  }
}

/** Events by the markers they become; a clear is marked where its effect is. */
const events = {
  take: 'TakeOrderV3',
  clear: 'AfterClearV2',
  add: 'AddOrderV3',
  remove: 'RemoveOrderV3',
} as const

async function compareRun(run: GoldenRun): Promise<GoldenResult> {
  const times = new Map(run.blocks.map(({ number, timestamp }) => [number, timestamp]))
  const history = historyFromLogs(run.logs.map(readRpcLog), {
    orderbook: orderbookOf(run),
    chainId: run.chainId,
    tokens: run.tokens.map(({ address, decimals }) => ({ token: address, decimals })),
    timestampOf: (block) => times.get(block),
    stores: new Set([run.store]),
  })
  const replay = await openReplay(history, silentHost(run))
  const { first, head } = replay.range
  const stepSeconds = Math.max(1, head.timestamp - first.timestamp)
  const found = new Map<string, Set<string>>()
  for (const order of replay.orders()) {
    // Pairs of one token too: they quote nothing, but what happens to their orders counts.
    const pairs = order.validInputs.flatMap((_, inputIOIndex) =>
      order.validOutputs.map((__, outputIOIndex) => ({ inputIOIndex, outputIOIndex })),
    )
    const request = { order, pairs, counterparty: run.orderbook, stepSeconds }
    const { series } = await replay.run({ ...request, from: first.timestamp, to: head.timestamp })
    for (const { kind, blockNumber, logIndex } of series.flatMap(({ markers }) => markers)) {
      const places = found.get(kind) ?? new Set()
      found.set(kind, places.add(`${blockNumber} ${logIndex}`))
    }
  }
  const differences: string[] = []
  let checked = 0
  for (const [kind, event] of Object.entries(events)) {
    const [marked, recorded] = [found.get(kind)?.size ?? 0, run.counts.events[event] ?? 0]
    checked += recorded
    if (marked !== recorded)
      differences.push(`${run.name}: ${marked} ${kind} markers for ${recorded} ${event}`)
  }
  return { checked, differences }
}

/** Markers do not depend on what programs say. */
function silentHost(run: GoldenRun): ReplayHost {
  return {
    orderbook: orderbookOf(run),
    interpreter: { evaluate: () => ({ kind: 'revert', data: '0x' }) },
    takeLooks: () => ({ time: false, number: false, block: false, others: false }),
  }
}
