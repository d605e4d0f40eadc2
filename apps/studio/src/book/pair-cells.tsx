import { gapText } from '@freshet/raindex/client'
import { memo } from 'react'
import type { BesideAnswer, ToldPair } from './book-answers.ts'
import type { PairRow } from './book-rows.ts'
import { apartText, describeVerdict, rpcRefusal, shortAmount, shortHexes } from './book-words.ts'
import type { Comparison } from './comparisons.ts'
import { LitCell } from './lit-cell.tsx'

export type PairCellsProps = {
  readonly row: PairRow
  readonly comparison: Comparison | undefined
  readonly block: number | undefined
  /** What is quoted for the counterparty; undefined: it comes with the comparison. */
  readonly told: ToldPair | undefined
}

/** Drawn anew only where its pair has changed: most of what is told is of rows that are not on screen. */
export const PairCells = memo(function PairCells(props: PairCellsProps) {
  const { row, told, comparison, block } = props
  const shown = shownVirtual(told, comparison?.answer)
  const verdict = describeVerdict(comparison)
  const rpc = comparison?.answer?.rpc ?? null
  const of = comparison?.answer?.block?.number
  const refusal = shown === undefined ? '…' : shown.reason ? gapText(shown.reason) : undefined
  return (
    <>
      <td role="rowheader" className="cell book-name" data-part="order" title={row.order}>
        {row.orderName}
      </td>
      <td role="gridcell" className="cell" data-part="pair">
        {row.pair}
      </td>
      <Offered part="virtual" ratio={shown?.ioRatio} most={shown?.outputMax} refusal={refusal} />
      <Offered
        part="rpc"
        ratio={rpc?.kind === 'quote' ? rpc.ioRatio : undefined}
        most={rpc?.kind === 'quote' ? rpc.outputMax : undefined}
        refusal={rpcRefusal(rpc)}
      />
      <td role="gridcell" className="cell numeric" data-part="delta" data-kind={verdict.kind}>
        {verdict.delta}
      </td>
      <td role="gridcell" className="cell" data-part="verdict">
        <span
          className="book-verdict"
          data-kind={verdict.kind}
          title={`${verdict.text}. Open the row to see why.`}
        >
          {shortHexes(verdict.text)}
        </span>
      </td>
      <td role="gridcell" className="cell book-apart" data-part="compared">
        {apartText(of, block)}
        {comparison?.trouble && <span title={comparison.trouble}> · no newer answer</span>}
      </td>
    </>
  )
})

type OfferedProps = {
  readonly part: string
  readonly ratio: string | null | undefined
  readonly most: string | null | undefined
  readonly refusal: string | undefined
}

/** A ratio and the most, or over both why there is none. */
function Offered({ part, ratio, most, refusal }: OfferedProps) {
  if (refusal !== undefined || typeof ratio !== 'string' || typeof most !== 'string') {
    return (
      <td role="gridcell" className="cell book-refusal" colSpan={2} data-part={part} title={refusal}>
        {shortHexes(refusal ?? '…')}
      </td>
    )
  }
  return (
    <>
      <LitCell part={part} className="numeric" value={ratio} title={ratio}>
        {shortAmount(ratio)}
      </LitCell>
      <LitCell part={`${part}-most`} className="numeric book-most" value={most} title={most}>
        {shortAmount(most)}
      </LitCell>
    </>
  )
}

type VirtualShown = Pick<ToldPair, 'ioRatio' | 'outputMax' | 'reason'>

/** As it is told; else as it was compared. */
function shownVirtual(
  told: ToldPair | undefined,
  answer: BesideAnswer | undefined,
): VirtualShown | undefined {
  if (told !== undefined) return told.asOf === null ? undefined : told
  if (answer === undefined) return undefined
  return answer.virtual.kind === 'quote'
    ? { ...answer.virtual, reason: null }
    : { ioRatio: null, outputMax: null, reason: answer.virtual.reason }
}
