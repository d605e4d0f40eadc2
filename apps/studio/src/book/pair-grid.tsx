import { gapText } from '@freshet/raindex/client'
import { memo, useMemo } from 'react'
import type { BesideAnswer, OrderRow, PairRow } from './book-answers.ts'
import type { BookNames } from './book-names.ts'
import { apartText, describeVerdict, rpcRefusal, shortAmount, shortHexes } from './book-words.ts'
import type { Comparison } from './comparisons.ts'
import { LitCell } from './lit-cell.tsx'
import { LiveGrid, type GridColumn } from './live-grid.tsx'
import type { LiveRows } from './live-rows.ts'

export type PairGridProps = {
  readonly pairs: LiveRows<PairRow>
  readonly orders: LiveRows<OrderRow>
  readonly names: BookNames
  readonly comparisons: ReadonlyMap<string, Comparison>
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
  const { pairs, orders, names, comparisons, block, isNarrow, sought, openId, onOpen, onShown, isRead } =
    props
  const isTold = props.counterparty === undefined
  const basis = useMemo(() => ({ names, arrivals: orders.arrivals }), [names, orders.arrivals])
  const columns = useMemo(() => pairColumns(names, orders.byId), [names, orders.byId])
  return (
    <LiveGrid
      {...{ columns, basis, sought, openId, onOpen, onShown }}
      label="Quotes"
      className="book-pairs"
      rows={pairs}
      initialSort={{ column: 'order', direction: 'ascending' }}
      rowHeight={isNarrow ? 50 : 30}
      textOf={(row) =>
        `${names.order(row.order)} ${pairText(row, orders.byId, names)} ${row.order} ${orders.byId.get(row.order)?.owner ?? ''}`
      }
      renderCells={(row) => (
        <PairCells
          {...{ row, names, block, isTold }}
          pair={pairText(row, orders.byId, names)}
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

function pairColumns(
  names: BookNames,
  orders: ReadonlyMap<string, OrderRow>,
): readonly GridColumn<PairRow>[] {
  return [
    {
      ...{ id: 'order', title: 'Order' },
      sortBy: { of: (row) => `${names.place(row.order)} ${names.order(row.order)}`, changes: false },
    },
    {
      ...{ id: 'pair', title: 'Pair', width: 124 },
      sortBy: { of: (row) => pairText(row, orders, names), changes: false },
    },
    {
      ...{ id: 'ratio', title: 'Virtual ratio', numeric: true, width: ratioWidth },
      sortBy: { of: ({ ioRatio }) => numberOf(ioRatio), changes: true },
    },
    {
      ...{ id: 'most', title: 'Most', numeric: true, width: mostWidth },
      sortBy: { of: ({ outputMax }) => numberOf(outputMax), changes: true },
    },
    { id: 'rpc', title: 'RPC ratio', numeric: true, width: ratioWidth },
    { id: 'rpc-most', title: 'Most', numeric: true, width: mostWidth },
    { id: 'delta', title: 'Delta, bp', numeric: true, width: 84 },
    { id: 'verdict', title: 'Verdict', width: 164 },
    { id: 'compared', title: 'Compared at', width: 150 },
  ]
}

type PairCellsProps = {
  readonly row: PairRow
  readonly names: BookNames
  readonly pair: string
  readonly comparison: Comparison | undefined
  readonly block: number | undefined
  /** Whether quotes are told for this counterparty; else they come with the comparison. */
  readonly isTold: boolean
}

/** Drawn anew only where its pair has changed: most of what is told is of rows that are not on screen. */
const PairCells = memo(function PairCells(props: PairCellsProps) {
  const { row, names, pair, comparison, block, isTold } = props
  const shown = shownVirtual(row, comparison?.answer, isTold)
  const verdict = describeVerdict(comparison)
  const rpc = comparison?.answer?.rpc ?? null
  const of = comparison?.answer?.block?.number
  const refusal = shown === undefined ? '…' : shown.reason ? gapText(shown.reason) : undefined
  return (
    <>
      <td role="rowheader" className="cell book-name" data-part="order" title={row.order}>
        {names.order(row.order)}
      </td>
      <td role="gridcell" className="cell" data-part="pair">
        {pair}
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

type VirtualShown = Pick<PairRow, 'ioRatio' | 'outputMax' | 'reason'>

/** For the zero address as it is told; for others as it was compared. */
function shownVirtual(
  row: PairRow,
  answer: BesideAnswer | undefined,
  isTold: boolean,
): VirtualShown | undefined {
  if (isTold) return row.asOf === null ? undefined : row
  if (answer === undefined) return undefined
  return answer.virtual.kind === 'quote'
    ? { ...answer.virtual, reason: null }
    : { ioRatio: null, outputMax: null, reason: answer.virtual.reason }
}

/** What the order gives, and for what. */
export function pairText(
  { order, inputIOIndex, outputIOIndex }: PairRow,
  orders: ReadonlyMap<string, OrderRow>,
  names: BookNames,
): string {
  const { validInputs, validOutputs } = orders.get(order) ?? {}
  const [gives, wants] = [validOutputs?.[outputIOIndex]?.token, validInputs?.[inputIOIndex]?.token]
  return validInputs === undefined ? '' : `${names.token(gives)} for ${names.token(wants)}`
}

function numberOf(amount: string | null): number | undefined {
  return amount === null ? undefined : Number(amount)
}
