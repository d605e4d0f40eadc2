import { useMemo } from 'react'
import type { OrderRow } from './book-answers.ts'
import type { BookNames } from './book-names.ts'
import { shortHex } from './book-words.ts'
import { LiveGrid, type GridColumn } from './live-grid.tsx'
import type { LiveRows } from './live-rows.ts'

export type OrderGridProps = {
  readonly orders: LiveRows<OrderRow>
  readonly names: BookNames
  readonly sought: string
  readonly isRead: boolean
  readonly openOrder: string | undefined
  onOpen(hash: string): void
}

/** The orders that are live. */
export function OrderGrid({ orders, names, sought, isRead, openOrder, onOpen }: OrderGridProps) {
  const columns = useMemo(() => orderColumns(names), [names])
  return (
    <LiveGrid
      {...{ columns, sought, onOpen }}
      label="Orders"
      className="book-orders"
      rows={orders}
      openId={openOrder}
      initialSort={{ column: 'order', direction: 'ascending' }}
      rowHeight={30}
      basis={names}
      textOf={(row) =>
        `${names.order(row.id)} ${row.id} ${row.owner} ${givesOf(row, names)} ${takesOf(row, names)}`
      }
      renderCells={(row) => <OrderCells row={row} names={names} />}
      empty={
        !isRead ? 'Reading the book…' : sought === '' ? 'No order is live.' : 'Nothing fits what is sought.'
      }
    />
  )
}

function orderColumns(names: BookNames): readonly GridColumn<OrderRow>[] {
  const by = (of: (row: OrderRow) => string) => ({ of, changes: false })
  return [
    {
      id: 'order',
      title: 'Order',
      width: 176,
      sortBy: by(({ id }) => `${names.place(id)} ${names.order(id)}`),
    },
    { id: 'gives', title: 'Gives', width: 110, sortBy: by((row) => givesOf(row, names)) },
    { id: 'takes', title: 'Takes', width: 130, sortBy: by((row) => takesOf(row, names)) },
    { id: 'pairs', title: 'Pairs', numeric: true, width: 70 },
    { id: 'owner', title: 'Owner', width: 130, sortBy: by(({ owner }) => owner) },
    { id: 'hash', title: 'Hash' },
  ]
}

function OrderCells({ row, names }: { readonly row: OrderRow; readonly names: BookNames }) {
  const { id, owner } = row
  return (
    <>
      <td role="rowheader" className="cell book-name" data-part="order" title={id}>
        {names.order(id)}
      </td>
      <td role="gridcell" className="cell" title={givesOf(row, names)}>
        {givesOf(row, names)}
      </td>
      <td role="gridcell" className="cell" title={takesOf(row, names)}>
        {takesOf(row, names)}
      </td>
      <td role="gridcell" className="cell numeric">
        {pairCount(row)}
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

function givesOf({ validOutputs }: OrderRow, names: BookNames): string {
  return tokensOf(validOutputs, names)
}

function takesOf({ validInputs }: OrderRow, names: BookNames): string {
  return tokensOf(validInputs, names)
}

function tokensOf(ios: OrderRow['validInputs'], names: BookNames): string {
  return [...new Set(ios.map(({ token }) => names.token(token)))].join(', ')
}

/** A token is not traded for itself. */
function pairCount({ validInputs, validOutputs }: OrderRow): number {
  return validInputs.reduce(
    (sum, input) => sum + validOutputs.filter(({ token }) => token !== input.token).length,
    0,
  )
}
