import { decodeLog, type Address, type Bytes32, type ChainLog, type Orderbook } from '../../engine/index.ts'
import { isVaultless } from '../../engine/orderbook.ts'
import { add, floatToHex, hexToFloat, zero, type Float } from '../../float/index.ts'
import type { Token } from '../chain/ledger.ts'
import { eventRows } from './event-rows.ts'
import { preparedOnce, type SqlDatabase, type SqlStatement, type SqlValue } from './sql-database.ts'
import { vaultMovements, type OpenClear, type VaultMovement } from './vault-movements.ts'

/** Writes logs and what they say, in their order. */
export function createLogWriter(
  database: SqlDatabase,
  orderbook: Orderbook,
  scope: readonly [number, Address],
) {
  const prepared = preparedOnce(database)
  const vaults = new Map<string, KnownVault>()
  const touched = new Set<KnownVault>()
  let clears: OpenClear[] = []
  let transaction: string | undefined
  const inserts = new Map<string, SqlStatement>()
  /** How many rows came in: none when the row is there. */
  const insert = (table: string, values: readonly SqlValue[]): number => {
    const known = inserts.get(table)
    if (known !== undefined) return known.run(...values)
    const statement = prepared(`INSERT OR IGNORE INTO ${table} VALUES (${values.map(() => '?').join(', ')})`)
    inserts.set(table, statement)
    return statement.run(...values)
  }

  const writer = {
    decimals: new Map<Address, Token['decimals']>(),
    forget(): void {
      vaults.clear()
      touched.clear()
      clears = []
    },
    /** At the end of a stretch: what vaults then hold is written once. */
    finish(): void {
      clears = []
      transaction = undefined
      const put = prepared(
        'UPDATE book_vaults SET balance = ?, last_block = ?, last_log_index = ? WHERE vault = ?',
      )
      for (const { vault, balance, block, index } of touched)
        put.run(floatToHex(balance), block, index, vault)
      touched.clear()
    },
    /** @param part - What of it: `rows` for logs from before those that are there, whose movements come again later. */
    put(log: ChainLog, part: 'all' | 'rows' | 'movements' = 'all'): void {
      const { transactionHash, logIndex, blockNumber, blockTimestamp, address, topics, data } = log
      if (transactionHash !== transaction) clears = []
      transaction = transactionHash
      const place = [...scope, transactionHash, logIndex] as const
      const time = blockTimestamp ?? null
      const raw = [blockNumber, time, address, topicsText(topics), data, log.blockHash]
      const isNew = part === 'movements' || insert('raw_events', [...place, ...raw]) > 0
      const event = decodeLog(
        log,
        orderbook.address,
        address === orderbook.address ? undefined : new Set([address]),
      )
      const clear = event.kind === 'AfterClearV2' ? clears.shift() : undefined
      if (event.kind === 'ClearV3') clears.push(event)
      // What it says is there already.
      if (!isNew) return
      const rows = part === 'movements' ? undefined : eventRows(event, decimalsOf)
      // A time is always known here; the public schema demands one.
      const when = [blockNumber, time ?? 0] as const
      if (rows !== undefined) insert(rows.table, [...place, ...when, ...rows.values])
      for (const child of rows?.children ?? []) insert(child.table, [...place, ...child.values])
      if (part === 'rows') return
      vaultMovements(event, clear, decimalsOf).forEach((movement, at) =>
        move(movement, at, blockNumber, logIndex),
      )
    },
  }
  const decimalsOf = (token: string): number | undefined => {
    // Addresses are strings; the map is keyed by them.
    const decimals = writer.decimals.get(token as Address)
    return decimals === 'none' ? undefined : decimals
  }
  const move = (
    { kind, owner, token, vaultId, delta }: VaultMovement,
    at: number,
    block: number,
    index: number,
  ): void => {
    if (writer.decimals.get(token) === 'none' || isVaultless(orderbook.version, vaultId)) return
    const known = vaultOf(owner, token, vaultId)
    known.balance = add(known.balance, delta)
    known.block = block
    known.index = index
    touched.add(known)
    const [moved, held] = [floatToHex(delta), floatToHex(known.balance)]
    insert('vault_movements', [known.vault, block, index, at, kind, moved, held])
  }
  const vaultOf = (owner: Address, token: Address, vaultId: Bytes32): KnownVault => {
    const name = `${vaultId}${owner}${token}`
    const known = vaults.get(name) ?? readVault([owner, token, vaultId])
    vaults.set(name, known)
    return known
  }
  /** Names a new vault, which holds nothing yet. */
  const readVault = (name: readonly SqlValue[]): KnownVault => {
    const read = prepared(
      `SELECT vault, balance FROM book_vaults
       WHERE chain_id = ? AND orderbook_address = ? AND owner = ? AND token = ? AND vault_id = ?`,
    )
    const find = (): readonly SqlValue[] | undefined => read.all(...scope, ...name)[0]
    const there = find()
    if (there === undefined) insert('book_vaults', [null, ...scope, ...name, zeroHex, -1, -1])
    const [vault, balance] = there ?? find() ?? []
    return { vault: Number(vault), balance: hexToFloat(String(balance)), block: -1, index: -1 }
  }
  return writer
}

/** A vault by its number, and what it holds after the newest movement. */
type KnownVault = { readonly vault: number; balance: Float; block: number; index: number }

const zeroHex = floatToHex(zero)

/** Nearly all logs have one topic, of a dozen. */
const topicTexts = new Map<string, string>()

function topicsText(topics: readonly Bytes32[]): string {
  const [topic] = topics
  if (topics.length !== 1 || topic === undefined) return JSON.stringify(topics)
  const text = topicTexts.get(topic) ?? JSON.stringify(topics)
  if (topicTexts.size < 100) topicTexts.set(topic, text)
  return text
}
