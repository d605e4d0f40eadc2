import {
  quoteOrder,
  replicaState,
  type Interpreter,
  type OrderbookState,
  type Wallet,
} from '../engine/index.ts'
import { eq, hexToFloat } from '../float/index.ts'
import type { GoldenCheck } from './golden-check.ts'
import { orderbookOf, replayRun } from './golden-replay.ts'
import type { GoldenCheckpoint, GoldenQuote, GoldenRun } from './golden-run.ts'

/**
 * Every recorded quote from the state that a replay of the logs gives, by value.
 *
 * The interpreter answers with the recorded stack: what is checked is that the replayed vaults cap it alike.
 */
export function goldenReplayedQuotes(name: string): GoldenCheck {
  return {
    title: '[RX8] [RX16] quotes from replayed logs have the value they had on chain',
    file: `${name}.json`,
    async compare(text) {
      // Recorded data of a documented shape; a field of another one comes out as a difference.
      const run = JSON.parse(text) as GoldenRun
      const differences: string[] = []
      let checked = 0
      await replayRun(run, async (replica, checkpoint) => {
        const state = withTokens(replicaState(replica), run, checkpoint)
        for (const quote of checkpoint.quotes) {
          checked++
          if (await differs(run, state, quote)) {
            differences.push(`${run.name} block ${checkpoint.blockNumber}: quote of ${quote.orderHash}`)
          }
        }
      })
      return { checked, differences }
    },
  }
}

async function differs(run: GoldenRun, state: OrderbookState, quote: GoldenQuote): Promise<boolean> {
  const { orderHash, inputIOIndex, outputIOIndex, counterparty, signedContext, exists, outputMax, ioRatio } =
    quote
  const host = { orderbook: orderbookOf(run), interpreter: answering(quote) }
  const request = { order: orderHash, inputIOIndex, outputIOIndex, counterparty, signedContext }
  const outcome = await quoteOrder(host, state, request)
  if (outcome.kind === 'not-comparable') return exists === true
  if (outputMax === undefined || ioRatio === undefined) return true
  return !eq(outcome.outputMax, hexToFloat(outputMax)) || !eq(outcome.ioRatio, hexToFloat(ioRatio))
}

function answering({ eval: recorded }: GoldenQuote): Interpreter {
  return {
    evaluate() {
      if (recorded?.revert !== undefined) return { kind: 'revert', data: recorded.revert.data }
      return { kind: 'ok', stack: recorded?.stack ?? [], writes: recorded?.writes ?? [] }
    },
  }
}

/** Decimals and wallets, which no log of an order book tells. */
function withTokens(state: OrderbookState, run: GoldenRun, { vaults }: GoldenCheckpoint): OrderbookState {
  const decimals = new Map(run.tokens.map((token): [string, number] => [token.address, token.decimals]))
  const wallets = new Map(
    vaults.flatMap(({ vaultless, owner, token, walletBalance = '0', allowance = '0' }): [string, Wallet][] =>
      vaultless === true
        ? [[`${owner}/${token}`, { balance: BigInt(walletBalance), allowance: BigInt(allowance) }]]
        : [],
    ),
  )
  return {
    env: state.env,
    order: (hash) => state.order(hash),
    vaultBalance: (owner, token, vaultId) => state.vaultBalance(owner, token, vaultId),
    word: (store, fqn, key) => state.word(store, fqn, key),
    tokenDecimals: (token) => decimals.get(token),
    wallet: (owner, token) => wallets.get(`${owner}/${token}`),
  }
}
