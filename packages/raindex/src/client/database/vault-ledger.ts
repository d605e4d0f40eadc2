import type { Address, Orderbook } from '../../engine/index.ts'
import { isVaultless } from '../../engine/orderbook.ts'
import { asFloat } from '../../float/float.ts'
import { unpack, zero } from '../../float/index.ts'
import { addTo, runningSum, type RunningSum } from '../../float/running-sum.ts'
import type { Token } from '../chain/ledger.ts'
import { hexOfBytes, writeHexInto } from '../chain/log-page.ts'
import type { BookNumber } from './book-number.ts'
import { createBulkInsert, rowsAtOnce } from './bulk-insert.ts'
import { isZeroWord, putFloat, wordAt } from '../chain/in-place.ts'
import { movementKinds, vaultIndexSql } from './schema.ts'
import { preparedOnce, type SqlDatabase, type SqlValue } from './sql-database.ts'
import type { VaultMovement } from './vault-movements.ts'
import { createVaultNames, vaultNameBytes, type VaultNameAt } from './vault-names.ts'

/** A vault by its number, and what it holds after the newest movement. */
export type KnownVault = { readonly vault: number; readonly token: Address; readonly balance: RunningSum }

export type VaultLedger = ReturnType<typeof createVaultLedger>

/** Two words: what moved, and what was then there. */
const amountsBytes = 64

/** Writes the movements of vaults, and what each vault then holds. */
export function createVaultLedger(database: SqlDatabase, orderbook: Orderbook, book: BookNumber) {
  const prepared = preparedOnce(database)
  const vaults = createBulkInsert(database, 'book_vaults', book.get, 4)
  const movements = createBulkInsert(database, 'vault_movements', book.get, 6)
  /** Of the movements that are gathered. */
  const amounts = new Uint8Array(rowsAtOnce * amountsBytes)
  const amountsView = new DataView(amounts.buffer)
  const names = createVaultNames<KnownVault>()
  /** The number of the next new vault; undefined while nothing is known of the tables. */
  let next: number | undefined
  /** Whether every vault of the book is among the names, so that another one is new. */
  let knowsAll = false
  const scratch = new Uint8Array(vaultNameBytes)
  const scratchView = new DataView(scratch.buffer)

  const ledger = {
    decimals: new Map() as ReadonlyMap<string, Token['decimals']>,
    /** What it knows may be wrong from here on. */
    forget(): void {
      vaults.forget()
      movements.forget()
      names.clear()
      next = undefined
    },
    /** Writes what is still held back. */
    flush(): void {
      vaults.flush()
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
    put(
      vault: KnownVault,
      coefficient: bigint,
      exponent: number,
      kind: string,
      block: number,
      logIndex: number,
      index: number,
    ): void {
      const { balance } = vault
      addTo(balance, coefficient, exponent)
      const { values } = movements
      const at = movements.rows * amountsBytes
      putFloat(amountsView, at, coefficient, exponent)
      putFloat(amountsView, at + 32, balance.coefficient, balance.exponent)
      const number = movementKinds.indexOf(kind) + 1
      values.push(block, logIndex, index, vault.vault, number, amounts.subarray(at, at + amountsBytes))
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
      const { coefficient, exponent } = unpack(delta)
      if (vault !== undefined) ledger.put(vault, coefficient, exponent, kind, block, logIndex, index)
    },
  }
  /** A vault that is not among the names. A new one holds nothing yet. */
  const readVault = (owner: Address, token: Address, vaultId: string): KnownVault => {
    next ??= learn()
    const [known] = knowsAll ? [] : findVault([book.get(), owner, token, vaultId])
    if (known !== undefined) return { vault: Number(known[0]), token, balance: balanceOf(known[1]) }
    const vault = next++
    vaults.values.push(vault, owner, token, vaultId)
    vaults.added()
    return { vault, token, balance: runningSum(zero) }
  }
  const learn = (): number => {
    knowsAll = prepared('SELECT 1 FROM book_vaults WHERE book = ? LIMIT 1').all(book.get()).length === 0
    const [row] = prepared('SELECT max(vault) FROM book_vaults').all()
    return Number(row?.[0] ?? 0) + 1
  }
  const findVault = (name: readonly SqlValue[]) => {
    // Those that are held back count too.
    ledger.flush()
    database.exec(vaultIndexSql)
    return prepared(
      `SELECT v.vault, (SELECT m.amounts FROM vault_movements m WHERE m.vault = v.vault
         ORDER BY m.block_number DESC, m.log_index DESC, m.movement_index DESC LIMIT 1)
       FROM book_vaults v WHERE v.book = ? AND v.owner = ? AND v.token = ? AND v.vault_id = ?`,
    ).all(...name)
  }
  return ledger
}

function balanceOf(amounts: unknown): RunningSum {
  if (!(amounts instanceof Uint8Array)) return runningSum(zero)
  return runningSum(asFloat(wordAt(new DataView(amounts.buffer, amounts.byteOffset, amounts.length), 32)))
}
