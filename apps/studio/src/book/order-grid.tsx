import type { Collection } from '@freshet/core'
import type { OrderRow } from './book-rows.ts'
import { shortHex } from './book-words.ts'
import { LiveGrid, type GridColumn } from './live-grid.tsx'

export type OrderGridProps = {
  readonly orders: Collection<OrderRow>
  readonly sought: string
  readonly isRead: boolean
  readonly openOrder: string | undefined
  /** Told of the order's first pair. */
  onOpen(pairId: string): void
}

/** The orders that are live. */
export function OrderGrid({ orders, sought, isRead, openOrder, onOpen }: OrderGridProps) {
  return (
    <LiveGrid
      {...{ columns, sought }}
      label="Orders"
      className="book-orders"
      rows={orders}
      openId={openOrder}
      onOpen={({ firstPair }) => {
        if (firstPair !== null) onOpen(firstPair)
      }}
      initialSort={{ column: 'order', direction: 'ascending' }}
      rowHeight={30}
      renderCells={(row) => <OrderCells row={row} />}
      empty={
        !isRead ? 'Reading the book…' : sought === '' ? 'No order is live.' : 'Nothing fits what is sought.'
      }
    />
  )
}

const columns: readonly GridColumn[] = [
  { id: 'order', title: 'Order', width: 176, orderBy: ['place', 'name'] },
  { id: 'gives', title: 'Gives', width: 110, orderBy: ['gives'] },
  { id: 'takes', title: 'Takes', width: 130, orderBy: ['takes'] },
  { id: 'pairs', title: 'Pairs', numeric: true, width: 70, orderBy: ['pairs'] },
  { id: 'owner', title: 'Owner', width: 130, orderBy: ['owner'] },
  { id: 'hash', title: 'Hash' },
]

function OrderCells({ row: { id, owner, name, gives, takes, pairs } }: { readonly row: OrderRow }) {
  return (
    <>
      <td role="rowheader" className="cell book-name" data-part="order" title={id}>
        {name}
      </td>
      <td role="gridcell" className="cell" title={gives}>
        {gives}
      </td>
      <td role="gridcell" className="cell" title={takes}>
        {takes}
      </td>
      <td role="gridcell" className="cell numeric">
        {pairs}
      </td>
      <td role="gridcell" className="cell book-hex" title={owner}>
        {shortHex(owner)}
      </td>
      <td role="gridcell" className="cell book-hex" title={id}>
        {shortHex(id)}
      </td>
    </>
  )
}
