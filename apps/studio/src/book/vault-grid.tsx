import type { Collection } from '@freshet/core'
import type { VaultRow } from './book-rows.ts'
import { shortAmount, shortHex } from './book-words.ts'
import { LitCell } from './lit-cell.tsx'
import { LiveGrid, type GridColumn } from './live-grid.tsx'

export type VaultGridProps = {
  readonly vaults: Collection<VaultRow>
  readonly sought: string
  readonly isRead: boolean
}

/** What is in each vault. A balance that has changed lights up. */
export function VaultGrid({ vaults, sought, isRead }: VaultGridProps) {
  return (
    <LiveGrid
      {...{ columns, sought }}
      label="Vaults"
      className="book-vaults"
      rows={vaults}
      initialSort={{ column: 'vault', direction: 'ascending' }}
      rowHeight={30}
      renderCells={(row) => <VaultCells row={row} />}
      empty={
        !isRead
          ? 'Reading the book…'
          : sought === ''
            ? 'There are no vaults.'
            : 'Nothing fits what is sought.'
      }
    />
  )
}

const columns: readonly GridColumn[] = [
  { id: 'vault', title: 'Vault', width: 124, orderBy: ['vaultId', 'symbol'] },
  { id: 'token', title: 'Token', width: 110, orderBy: ['symbol'] },
  { id: 'balance', title: 'Balance', numeric: true, width: 150, orderBy: ['amount'] },
  { id: 'owner', title: 'Owner', orderBy: ['owner'] },
]

function VaultCells({ row }: { readonly row: VaultRow }) {
  const { vaultId, token, balance, owner, name, symbol } = row
  return (
    <>
      <td role="rowheader" className="cell book-name" title={vaultId}>
        {name}
      </td>
      <td role="gridcell" className="cell" title={token}>
        {symbol}
      </td>
      <LitCell part="balance" className="numeric" value={balance} title={balance}>
        {shortAmount(balance)}
      </LitCell>
      <td role="gridcell" className="cell book-hex" title={owner}>
        {shortHex(owner)}
      </td>
    </>
  )
}
