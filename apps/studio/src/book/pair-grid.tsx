import type { Collection } from '@freshet/core'
import { gapText } from '@freshet/raindex/client'
import { memo } from 'react'
import type { BesideAnswer, ToldPair } from './book-answers.ts'
import type { PairRow } from './book-rows.ts'
import { apartText, describeVerdict, rpcRefusal, shortAmount, shortHexes } from './book-words.ts'
import type { Comparison } from './comparisons.ts'
import { LitCell } from './lit-cell.tsx'
import { LiveGrid, type GridColumn } from './live-grid.tsx'

export type PairGridProps = {
  readonly pairs: Collection<PairRow>
  readonly comparisons: ReadonlyMap<string, Comparison>
  /** Quotes for the counterparty, where there is one. */
  readonly others: ReadonlyMap<string, ToldPair>
  /** Undefined: the zero address, whose quotes are told as they change. */
  readonly counterparty: string | undefined
  readonly block: number | undefined
  readonly openId: string | undefined
  readonly sought: string
  readonly isNarrow: boolean
  readonly isRead: boolean
  onOpen(id: string): void
  onShown(ids: readonly string[]): void
}

/** Each pair with what is computed here, what the chain says, and how they stand to each other. */
export function PairGrid(props: PairGridProps) {
  const { pairs, comparisons, others, block, isNarrow, sought, openId, onOpen, onShown, isRead } = props
  const isTold = props.counterparty === undefined
  return (
    <LiveGrid
      {...{ columns, sought, openId, onShown }}
      onOpen={({ id }) => onOpen(id)}
      label="Quotes"
      className="book-pairs"
      rows={pairs}
      initialSort={{ column: 'order', direction: 'ascending' }}
      rowHeight={isNarrow ? 50 : 30}
      renderCells={(row) => (
        <PairCells
          {...{ row, block }}
          told={isTold ? row : others.get(row.id)}
          comparison={comparisons.get(row.id)}
        />
      )}
      empty={
        !isRead ? 'Reading the book…' : sought === '' ? 'No order is live.' : 'Nothing fits what is sought.'
      }
    />
  )
}

const ratioWidth = 104
const mostWidth = 88

const columns: readonly GridColumn[] = [
  { id: 'order', title: 'Order', orderBy: ['place', 'orderName'] },
  { id: 'pair', title: 'Pair', width: 124, orderBy: ['pair'] },
  { id: 'ratio', title: 'Virtual ratio', numeric: true, width: ratioWidth, orderBy: ['ratio'] },
  { id: 'most', title: 'Most', numeric: true, width: mostWidth, orderBy: ['most'] },
  { id: 'rpc', title: 'RPC ratio', numeric: true, width: ratioWidth },
  { id: 'rpc-most', title: 'Most', numeric: true, width: mostWidth },
  { id: 'delta', title: 'Delta, bp', numeric: true, width: 84 },
  { id: 'verdict', title: 'Verdict', width: 164 },
  { id: 'compared', title: 'Compared at', width: 150 },
]

type PairCellsProps = {
  readonly row: PairRow
  readonly comparison: Comparison | undefined
  readonly block: number | undefined
  /** What is quoted for the counterparty; undefined: it comes with the comparison. */
  readonly told: ToldPair | undefined
}

/** Drawn anew only where its pair has changed: most of what is told is of rows that are not on screen. */
const PairCells = memo(function PairCells(props: PairCellsProps) {
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
