import { display, hexToFloat } from '../../float/index.ts'
import type { Bytes32 } from '../../engine/index.ts'
import { gapText } from './gap-text.ts'
import type { ReplayRun, ReplaySeries } from './open-replay.ts'
import { marksOf } from './point-marks.ts'

/**
 * A run's points as CSV: a line for each, pair after pair, times in UTC, amounts as exact decimals.
 *
 * The marks are those of `pointMarks`, with blanks between them.
 */
export function pointsToCsv({ series }: ReplayRun): string {
  const lines = ['time,block,input,output,ratio,max_output,no_quote,marks']
  for (const pair of series) appendPoints(lines, pair)
  return `${lines.join('\n')}\n`
}

/** What happened during a run as CSV. Prices and amounts are there for trades in the pair. */
export function markersToCsv({ series }: ReplayRun): string {
  const lines = ['time,block,log_index,transaction,input,output,event,price,amount']
  for (const { inputIOIndex, outputIOIndex, markers } of series) {
    for (const { time, blockNumber, logIndex, transactionHash, kind, price, amount } of markers) {
      const place = [isoTime(time), blockNumber, logIndex, transactionHash, inputIOIndex, outputIOIndex]
      lines.push([...place, kind, decimal(price), decimal(amount)].join(','))
    }
  }
  return `${lines.join('\n')}\n`
}

/** Seconds since 1970 as `2026-11-20T10:00:00Z`. */
export function isoTime(second: number): string {
  return new Date(second * 1_000).toISOString().replace('.000Z', 'Z')
}

function appendPoints(
  lines: string[],
  { inputIOIndex, outputIOIndex, columns, results }: ReplaySeries,
): void {
  // Results repeat, and writing out a float takes longer than all else of a line.
  const values = results.map((result) =>
    result.kind === 'quote'
      ? `${decimal(result.ioRatio)},${decimal(result.outputMax)},`
      : `,,${field(gapText(result.reason))}`,
  )
  for (let i = 0; i < columns.time.length; i++) {
    // No block is known before the first.
    const block = columns.blockNumber[i] || ''
    const place = `${isoTime(columns.time[i] ?? 0)},${block},${inputIOIndex},${outputIOIndex}`
    const marks = marksOf(columns.marks[i] ?? 0).join(' ')
    lines.push(`${place},${values[columns.result[i] ?? 0]},${marks}`)
  }
}

function decimal(float: Bytes32 | undefined): string {
  return float === undefined ? '' : display(hexToFloat(float))
}

function field(text: string): string {
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
