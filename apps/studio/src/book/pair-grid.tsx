import type { Collection } from '@freshet/core'
import type { ToldPair } from './book-answers.ts'
import type { PairRow } from './book-rows.ts'
import type { Comparison } from './comparisons.ts'
import { LiveGrid, type GridColumn } from './live-grid.tsx'
import { PairCells } from './pair-cells.tsx'

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
