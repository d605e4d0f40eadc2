import type { VaultRow } from './book-answers.ts'
import type { BookNames } from './book-names.ts'
import { shortAmount, shortHex } from './book-words.ts'
import { LitCell } from './lit-cell.tsx'
import { LiveGrid, type GridColumn } from './live-grid.tsx'
import type { LiveRows } from './live-rows.ts'

export type VaultGridProps = {
  readonly vaults: LiveRows<VaultRow>
  readonly names: BookNames
  readonly sought: string
  readonly isRead: boolean
}

/** What is in each vault. A balance that has changed lights up. */
export function VaultGrid({ vaults, names, sought, isRead }: VaultGridProps) {
  return (
    <LiveGrid
      {...{ sought }}
      label="Vaults"
      className="book-vaults"
      rows={vaults}
      columns={vaultColumns(names)}
      initialSort={{ column: 'vault', direction: 'ascending' }}
      rowHeight={30}
      basis={names}
      textOf={({ vaultId, token, owner }) =>
        `${names.vault(vaultId)} ${names.token(token)} ${vaultId} ${token} ${owner}`
      }
      renderCells={(row) => <VaultCells row={row} names={names} />}
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

function vaultColumns(names: BookNames): readonly GridColumn<VaultRow>[] {
  return [
    {
      ...{ id: 'vault', title: 'Vault', width: 124 },
      sortBy: { of: ({ vaultId, token }) => `${vaultId} ${names.token(token)}`, changes: false },
    },
    {
      ...{ id: 'token', title: 'Token', width: 110 },
      sortBy: { of: ({ token }) => names.token(token), changes: false },
    },
    {
      ...{ id: 'balance', title: 'Balance', numeric: true, width: 150 },
      sortBy: { of: ({ balance }) => Number(balance), changes: true },
    },
    { id: 'owner', title: 'Owner', sortBy: { of: ({ owner }) => owner, changes: false } },
  ]
}

function VaultCells({ row, names }: { readonly row: VaultRow; readonly names: BookNames }) {
  const { vaultId, token, balance, owner } = row
  return (
    <>
      <td role="rowheader" className="cell book-name" title={vaultId}>
        {names.vault(vaultId)}
      </td>
      <td role="gridcell" className="cell" title={token}>
        {names.token(token)}
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
