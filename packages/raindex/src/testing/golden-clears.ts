import {
  createRaindexProjection,
  decodeLog,
  readRpcLog,
  replayLogs,
  rowState,
  simulateClear,
  type ChainLog,
  type Interpreter,
  type OrderbookState,
  type RaindexEvent,
} from '../engine/index.ts'
import { display, eq } from '../float/index.ts'
import type { GoldenCheck, GoldenResult } from './golden-check.ts'
import { orderbookOf } from './golden-replay.ts'
import type { GoldenRun } from './golden-run.ts'
import { createMapDraft, type MapDraft } from './map-draft.ts'

/**
 * Every recorded clear that is a transaction of its own, simulated from the replayed state before it.
 *
 * The interpreter is answered from the contexts that the chain emitted; amounts are compared by value.
 */
export function goldenClears(name: string): GoldenCheck {
  return {
    title: '[RX25] recorded clears move what they moved on chain',
    file: `${name}.json`,
    async compare(text) {
      // Recorded data of a documented shape; a field of another one comes out as a difference.
      const run = JSON.parse(text) as GoldenRun
      const draft = createMapDraft()
      const projection = createRaindexProjection(orderbookOf(run).version)
      for (const { address, decimals } of run.tokens)
        draft.put('tokens', address, { token: address, decimals })
      const differences: string[] = []
      let checked = 0
      for (const logs of transactionsOf(run.logs.map(readRpcLog))) {
        const result = await compareClear(run, draft, logs)
        checked += result.checked
        differences.push(...result.differences)
        const { blocks } = replayLogs(logs, orderbookOf(run), { decimalsOf: decimalsIn(draft) })
        for (const { mutations } of blocks) projection.apply(draft, mutations)
      }
      return { checked, differences }
    },
  }
}

async function compareClear(
  run: GoldenRun,
  draft: MapDraft,
  logs: readonly ChainLog[],
): Promise<GoldenResult> {
  const events = logs.map((log) => decodeLog(log, run.orderbook))
  const [first] = events
  const after = events.filter((event) => event.kind === 'AfterClearV2')
  const [effect] = after
  if (first?.kind !== 'ClearV3' || effect === undefined || after.length > 1)
    return { checked: 0, differences: [] }
  const { alice, bob, config, sender } = first
  const contexts = events.flatMap((event) => (event.kind === 'ContextV2' ? [event.context] : []))
  const signed = contexts.some((context) => context.length > 5)
  if (signed) return { checked: 0, differences: [] }
  const interpreter = fromContexts(contexts)
  const host = { orderbook: orderbookOf(run), interpreter }
  const outcome = await simulateClear(host, stateOf(draft), { alice, bob, config, clearer: sender })
  const place = `${run.name} block ${logs[0]?.blockNumber}: clear`
  if (outcome.kind !== 'cleared')
    return { checked: 1, differences: [`${place} is ${JSON.stringify(outcome)}`] }
  const differences = (['aliceOutput', 'bobOutput', 'aliceInput', 'bobInput'] as const).flatMap((amount) => {
    const [got, expected] = [outcome.change[amount], effect.change[amount]]
    return eq(got, expected) ? [] : [`${place}: ${amount} is ${display(got)} and not ${display(expected)}`]
  })
  return { checked: 1, differences }
}

/** Answers calculate-io of both orders with the maximum and ratio of the contexts, in their order. */
function fromContexts(
  contexts: readonly Extract<RaindexEvent, { kind: 'ContextV2' }>['context'][],
): Interpreter {
  const left = [...contexts]
  return {
    evaluate({ entryPoint }) {
      const [max, ratio] = (entryPoint === 'calculate-io' ? left.shift()?.[2] : undefined) ?? []
      return { kind: 'ok', stack: max === undefined || ratio === undefined ? [] : [ratio, max], writes: [] }
    },
  }
}

function transactionsOf(logs: readonly ChainLog[]): readonly (readonly ChainLog[])[] {
  const transactions: ChainLog[][] = []
  for (const log of logs) {
    const last = transactions.at(-1)
    if (last?.[0]?.transactionHash === log.transactionHash) last.push(log)
    else transactions.push([log])
  }
  return transactions
}

function stateOf(draft: MapDraft): OrderbookState {
  return rowState(draft.get, () => ({ balance: 2n ** 128n, allowance: 2n ** 256n - 1n }))
}

function decimalsIn(draft: MapDraft): (token: string) => number | undefined {
  // Token rows are written above.
  return (token) => draft.get('tokens', token)?.['decimals'] as number | undefined
}
