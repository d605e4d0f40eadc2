import { quoteOrder, revertDataOf, type Interpreter, type QuoteOutcome } from '../engine/index.ts'
import { floatToHex } from '../float/index.ts'
import type { GoldenCheck, GoldenResult } from './golden-check.ts'
import { orderbookOf } from './golden-replay.ts'
import type { GoldenCheckpoint, GoldenQuote, GoldenRun } from './golden-run.ts'
import { checkpointState } from './golden-state.ts'
import { lacksCode, realInterpreter } from './real-contracts.ts'
import { createRecordedInterpreter } from './recorded-interpreter.ts'

/**
 * Every recorded quote, from the state of its checkpoint.
 *
 * @param contracts - Folder with the real contracts; without it the interpreter is answered from the recording.
 */
export function goldenQuotes(name: string, contracts?: string): GoldenCheck {
  return {
    title: contracts
      ? '[RX20] [RX22] recorded quotes come out bit for bit from the real contracts'
      : '[RX20] recorded quotes come out bit for bit, contexts and reverts included',
    file: `${name}.json`,
    async compare(text) {
      // Recorded data of a documented shape; a field of another one comes out as a difference.
      const run = JSON.parse(text) as GoldenRun
      const real = contracts === undefined ? undefined : await realInterpreter(contracts, run)
      if (contracts !== undefined && real === undefined) {
        return { checked: 0, differences: [], skipped: lacksCode(run) }
      }
      const results: GoldenResult[] = []
      for (const checkpoint of run.checkpoints) {
        for (const quote of checkpoint.quotes) results.push(await compareQuote(run, checkpoint, quote, real))
      }
      return { checked: results.length, differences: results.flatMap(({ differences }) => differences) }
    },
  }
}

async function compareQuote(
  run: GoldenRun,
  checkpoint: GoldenCheckpoint,
  quote: GoldenQuote,
  real: Interpreter | undefined,
): Promise<GoldenResult> {
  const { orderHash, inputIOIndex, outputIOIndex, counterparty, signedContext, env = checkpoint } = quote
  const recorded = createRecordedInterpreter(quote.eval ? [quote.eval] : [])
  const outcome = await quoteOrder(
    { orderbook: orderbookOf(run), interpreter: real ?? recorded },
    checkpointState(run, checkpoint, env),
    { order: orderHash, inputIOIndex, outputIOIndex, counterparty, signedContext },
  )
  const place = `${run.name} block ${checkpoint.blockNumber}: quote of ${orderHash} ${inputIOIndex}/${outputIOIndex}`
  const differences = recorded.differences.map((difference) => `${place}: ${difference}`)
  if (real === undefined && recorded.left > 0) differences.push(`${place}: the interpreter was not called`)
  const [got, expected] = [shownOutcome(outcome), shownQuote(quote)]
  if (got !== expected) differences.push(`${place} is ${got} and not ${expected}`)
  return { checked: 1, differences }
}

function shownOutcome(outcome: QuoteOutcome): string {
  if (outcome.kind === 'quote') return `${floatToHex(outcome.outputMax)} @ ${floatToHex(outcome.ioRatio)}`
  if (outcome.reason.kind === 'OrderNotFound') return 'dead'
  return revertDataOf(outcome.reason) ?? outcome.reason.kind
}

function shownQuote({ exists, outputMax, ioRatio, revert }: GoldenQuote): string {
  if (revert !== undefined) return revert.data
  return exists === true ? `${outputMax} @ ${ioRatio}` : 'dead'
}
