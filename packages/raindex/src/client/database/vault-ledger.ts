import type { Address, Orderbook } from '../../engine/index.ts'
import { isVaultless } from '../../engine/orderbook.ts'
import { add, floatToHex, hexToFloat, zero, type Float } from '../../float/index.ts'
import type { Token } from '../chain/ledger.ts'
import { hexOfBytes, writeHexInto } from '../chain/log-page.ts'
import { createBulkInsert } from './bulk-insert.ts'
import { isZeroWord } from './in-place.ts'
import { vaultIndexSql } from './schema.ts'
import { preparedOnce, type SqlDatabase } from './sql-database.ts'
import type { VaultMovement } from './vault-movements.ts'
import { createVaultNames, vaultNameBytes, type VaultNameAt } from './vault-names.ts'

/** A vault by its number, and what it holds after the newest movement. */
export type KnownVault = { readonly vault: number; readonly token: Address; balance: Float }

export type VaultLedger = ReturnType<typeof createVaultLedger>

/** Writes the movements of vaults, and what each vault then holds. */
export function createVaultLedger(
  database: SqlDatabase,
  orderbook: Orderbook,
  scope: readonly [number, Address],
) {
  const prepared = preparedOnce(database)
  const movements = createBulkInsert(database, 'vault_movements', scope, 7)
  const names = createVaultNames<KnownVault>()
  /** Whether every vault of the book is among the names, so that another one is new. */
  let knowsAll: boolean | undefined
  const scratch = new Uint8Array(vaultNameBytes)
  const scratchView = new DataView(scratch.buffer)

  const ledger = {
    decimals: new Map() as ReadonlyMap<string, Token['decimals']>,
    /** What it knows may be wrong from here on. */
    forget(): void {
      movements.forget()
      names.clear()
      knowsAll = undefined
    },
    /** Writes the movements that are still held back. */
    flush(): void {
      movements.flush()
    },
    /** A vault by its name; undefined for one that has no rows here: a wallet, or a token without decimals. */
    vaultAt(view: DataView, at: VaultNameAt): KnownVault | undefined {
      if (orderbook.version === 'v6' && isZeroWord(view, at.id)) return undefined
      const known = names.find(view, at)
      if (known !== undefined) return known
      const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength)
      const token = hexOfBytes(bytes, at.token, at.token + 20)
      if (ledger.decimals.get(token) === 'none') return undefined
      const owner = hexOfBytes(bytes, at.owner, at.owner + 20)
      const vault = readVault(owner, token, hexOfBytes(bytes, at.id, at.id + 32))
      names.add(vault)
      return vault
    },
    /** A movement: what the vault holds moves with it. */
    put(vault: KnownVault, delta: Float, kind: string, block: number, logIndex: number, index: number): void {
      vault.balance = add(vault.balance, delta)
      const { values } = movements
      values.push(block, logIndex, index, vault.vault, kind, floatToHex(delta), floatToHex(vault.balance))
      movements.added()
    },
    move(
      { kind, owner, token, vaultId, delta }: VaultMovement,
      block: number,
      logIndex: number,
      index: number,
    ): void {
      if (isVaultless(orderbook.version, vaultId)) return
      writeHexInto(scratch, writeHexInto(scratch, writeHexInto(scratch, 0, owner), token), vaultId)
      const vault = ledger.vaultAt(scratchView, { owner: 0, token: 20, id: 40 })
      if (vault !== undefined) ledger.put(vault, delta, kind, block, logIndex, index)
    },
  }
  /** A vault that is not among the names. A new one holds nothing yet. */
  const readVault = (owner: Address, token: Address, vaultId: string): KnownVault => {
    const name = [...scope, owner, token, vaultId]
    knowsAll ??=
      prepared('SELECT 1 FROM book_vaults WHERE chain_id = ? AND orderbook_address = ? LIMIT 1').all(...scope)
        .length === 0
    const [known] = knowsAll ? [] : findVault(name)
    if (known !== undefined) return { vault: Number(known[0]), token, balance: balanceOf(known[1]) }
    const [row] = prepared('INSERT INTO book_vaults VALUES (NULL, ?, ?, ?, ?, ?) RETURNING vault').all(
      ...name,
    )
    return { vault: Number(row?.[0]), token, balance: zero }
  }
  const findVault = (name: readonly (string | number)[]) => {
    // Those that are held back count too.
    movements.flush()
    database.exec(vaultIndexSql)
    return prepared(
      `SELECT v.vault, (SELECT m.running_balance FROM vault_movements m WHERE m.vault = v.vault
         ORDER BY m.block_number DESC, m.log_index DESC, m.movement_index DESC LIMIT 1)
       FROM book_vaults v WHERE v.chain_id = ? AND v.orderbook_address = ? AND v.owner = ? AND v.token = ?
         AND v.vault_id = ?`,
    ).all(...name)
  }
  return ledger
}

function balanceOf(text: unknown): Float {
  return typeof text === 'string' ? hexToFloat(text) : zero
}
