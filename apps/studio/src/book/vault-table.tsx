import { useState } from 'react'
import type { VaultRow } from './book-answers.ts'
import type { BookNames } from './book-names.ts'
import { shortAmount, shortHex } from './book-words.ts'

export type VaultTableProps = {
  readonly vaults: readonly VaultRow[]
  readonly names: BookNames
}

/** What is in each vault. A balance that has changed lights up. */
export function VaultTable({ vaults, names }: VaultTableProps) {
  const sorted = vaults.toSorted((a, b) => (keyOf(a, names) < keyOf(b, names) ? -1 : 1))
  return (
    <table className="grid book-vaults">
      <thead>
        <tr>
          <th scope="col">Vault</th>
          <th scope="col">Token</th>
          <th scope="col" className="numeric">
            Balance
          </th>
          <th scope="col">Owner</th>
        </tr>
      </thead>
      <tbody>
        {sorted.map((vault) => (
          <tr key={vault.id} data-vault={`${names.vault(vault.vaultId)} ${names.token(vault.token)}`}>
            <th scope="row" className="cell" title={vault.vaultId}>
              {names.vault(vault.vaultId)}
            </th>
            <td className="cell" title={vault.token}>
              {names.token(vault.token)}
            </td>
            <Balance balance={vault.balance} />
            <td className="cell" title={vault.owner}>
              {shortHex(vault.owner)}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

function Balance({ balance }: { readonly balance: string }) {
  const [seen, setSeen] = useState({ balance, changes: 0 })
  if (seen.balance !== balance) setSeen({ balance, changes: seen.changes + 1 })
  return (
    // Made anew with each change, so that it lights up each time.
    <td
      key={seen.changes}
      className="cell numeric"
      data-part="balance"
      data-changed={seen.changes > 0 || undefined}
      title={balance}
    >
      {shortAmount(balance)}
    </td>
  )
}

function keyOf({ vaultId, token, owner }: VaultRow, names: BookNames): string {
  return `${vaultId} ${names.token(token)} ${owner}`
}
