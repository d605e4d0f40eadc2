import {
  openReplay,
  type HistoryBlock,
  type ReplayHistory,
  type ReplayHost,
  type ReplayResult,
} from '../client/replay/index.ts'
import { readRpcLog, replayLogs, type Interpreter, type Wallet } from '../engine/index.ts'
import { eq, hexToFloat } from '../float/index.ts'
import type { GoldenCheck, GoldenResult } from './golden-check.ts'
import { orderbookOf } from './golden-replay.ts'
import type { GoldenQuote, GoldenRun } from './golden-run.ts'

/**
 * Every recorded quote at the block of a checkpoint, as a replay of all the logs gives it at that second, by value.
 *
 * The interpreter answers with the recorded stack: what is checked is that the state is the one of that second.
 */
export function goldenReplayPoints(name: string): GoldenCheck {
  return {
    title: '[RP1] a replay gives the quotes of the chain at the second of each checkpoint',
    file: `${name}.json`,
    compare(text) {
      // Recorded data of a documented shape; a field of another one comes out as a difference.
      return compareRun(JSON.parse(text) as GoldenRun)
    },
  }
}

async function compareRun(run: GoldenRun): Promise<GoldenResult> {
  const differences: string[] = []
  let checked = 0
  let wallets: ReadonlyMap<string, Wallet> = new Map()
  let quote: GoldenQuote | undefined
  const host = hostOf(run, () => quote)
  const history = historyOf(run, (owner, token) => wallets.get(`${owner}/${token}`))
  const replay = await openReplay(history, host)
  for (const { timestamp: from, blockNumber, vaults, quotes } of run.checkpoints) {
    wallets = new Map(
      vaults.flatMap(
        ({ vaultless, owner, token, walletBalance = '0', allowance = '0' }): [string, Wallet][] =>
          vaultless === true
            ? [[`${owner}/${token}`, { balance: BigInt(walletBalance), allowance: BigInt(allowance) }]]
            : [],
      ),
    )
    for (quote of quotes.filter(({ env }) => env === undefined)) {
      const { orderHash, inputIOIndex, outputIOIndex, counterparty, signedContext } = quote
      const pairs = [{ inputIOIndex, outputIOIndex }]
      const request = {
        order: orderHash,
        counterparty,
        signedContext,
        pairs,
        from,
        to: from,
        clock: 'block',
      } as const
      const outcome = await replay.run(request).catch((error: unknown) => String(error))
      const point = typeof outcome === 'string' ? outcome : outcome.series[0]?.results[0]
      checked++
      if (differs(point, quote)) differences.push(`${run.name} block ${blockNumber}: quote of ${orderHash}`)
    }
  }
  return { checked, differences }
}

function differs(point: ReplayResult | string | undefined, quote: GoldenQuote): boolean {
  const { exists, outputMax, ioRatio } = quote
  // An order that was never added, and one without such a pair, are refused by name.
  if (typeof point !== 'object') return exists === true
  if (point.kind === 'gap') return exists === true
  if (outputMax === undefined || ioRatio === undefined) return true
  return (
    !eq(hexToFloat(point.outputMax), hexToFloat(outputMax)) ||
    !eq(hexToFloat(point.ioRatio), hexToFloat(ioRatio))
  )
}

function historyOf(run: GoldenRun, wallet: ReplayHistory['wallet']): ReplayHistory {
  const tokens = run.tokens.map(({ address, decimals }) => ({ token: address, decimals }))
  const decimals = new Map(tokens.map((token) => [token.token, token.decimals]))
  const changes = replayLogs(run.logs.map(readRpcLog), orderbookOf(run), {
    decimalsOf: (token) => decimals.get(token),
    stores: new Set([run.store]),
  })
  const mutations = new Map(changes.blocks.map((block) => [block.blockNumber, block.mutations]))
  const blocks = run.blocks.map(({ number, timestamp }): HistoryBlock => {
    return { number, timestamp, mutations: mutations.get(number) ?? [], events: [] }
  })
  const head = blocks.at(-1) ?? { number: 0, timestamp: 0 }
  return {
    orderbook: orderbookOf(run),
    chainId: run.chainId,
    head,
    tokens,
    wallet,
    blocks: () => blocks,
  }
}

function hostOf(run: GoldenRun, current: () => GoldenQuote | undefined): ReplayHost {
  const interpreter: Interpreter = {
    evaluate() {
      const recorded = current()?.eval
      if (recorded?.revert !== undefined) return { kind: 'revert', data: recorded.revert.data }
      return { kind: 'ok', stack: recorded?.stack ?? [], writes: recorded?.writes ?? [] }
    },
  }
  const takeLooks: ReplayHost['takeLooks'] = () => {
    return { time: true, number: true, block: false, others: false }
  }
  return { orderbook: orderbookOf(run), interpreter, takeLooks }
}
