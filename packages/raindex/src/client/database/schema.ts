import { apartTable, eventViewIndexesSql, eventViewsSql, isInPlaceTable } from './event-views.ts'

/** "RIDX", the mark of the public tool's files. */
export const applicationId = 0x52_49_44_58

/** Version of the public schema: the last with `orderbook_address`. */
export const publicSchemaVersion = 2

/** Version of the tables that are ours alone. */
export const layoutVersion = 3

const book = 'chain_id INTEGER NOT NULL, orderbook_address TEXT NOT NULL'
const place = `${book}, transaction_hash TEXT NOT NULL, log_index INTEGER NOT NULL`
const event = `${place}, block_number INTEGER NOT NULL, block_timestamp INTEGER NOT NULL`
const log = 'chain_id, orderbook_address, transaction_hash, log_index'
/** By place in the chain instead of by hash: what comes next is written behind what is there. */
const order = 'chain_id, orderbook_address, block_number, log_index'

/** Tables of the public schema that hold one row or more for each event, with their own columns. */
const eventTables = {
  deposits: 'sender, token, vault_id, deposit_amount, deposit_amount_uint256',
  withdrawals: 'sender, token, vault_id, target_amount, withdraw_amount, withdraw_amount_uint256',
  order_events:
    'sender, interpreter_address, store_address, order_hash, event_type, order_owner, order_nonce, order_bytes',
  take_orders: 'sender, order_owner, order_nonce, input_io_index, output_io_index, taker_input, taker_output',
  clear_v3_events:
    'sender, alice_order_hash, alice_order_owner, alice_input_io_index, alice_output_io_index, alice_bounty_vault_id, alice_input_vault_id, alice_output_vault_id, bob_order_hash, bob_order_owner, bob_input_io_index, bob_output_io_index, bob_bounty_vault_id, bob_input_vault_id, bob_output_vault_id',
  after_clear_v2_events: 'sender, alice_output, bob_output, alice_input, bob_input',
  meta_events: 'sender, subject, meta',
  interpreter_store_sets: 'store_address, namespace, key, value',
} as const

export type EventTable = keyof typeof eventTables

/** Tables that hang on the rows of another by transaction and log index. */
export const childTables = [
  ['order_ios', 'order_events'],
  ['context_values', 'take_orders'],
  ['take_order_contexts', 'take_orders'],
] as const satisfies readonly (readonly [child: string, parent: EventTable])[]

function columnType(column: string): string {
  if (column === 'meta') return 'BLOB NOT NULL'
  return column.endsWith('_io_index') ? 'INTEGER NOT NULL' : 'TEXT NOT NULL'
}

const eventTablesSql = Object.entries(eventTables).map(([table, columns]) => {
  const own = columns.split(', ').map((column) => `${column} ${columnType(column)}`)
  // One tree instead of two; the view looks orders up by their row, and what is long lies better apart.
  const form = table === 'order_events' || table === 'meta_events' ? '' : ' WITHOUT ROWID'
  const name = isInPlaceTable(table) ? apartTable(table) : table
  return `CREATE TABLE ${name} (${event}, ${own.join(', ')}, PRIMARY KEY (${order}))${form};`
})

/** Kinds of movements by number, from 1. Part of the layout: a new kind goes to the end. */
export const movementKinds: readonly string[] = [
  'DEPOSIT',
  'WITHDRAW',
  'TAKE_INPUT',
  'TAKE_OUTPUT',
  'CLEAR_ALICE_INPUT',
  'CLEAR_ALICE_OUTPUT',
  'CLEAR_BOB_INPUT',
  'CLEAR_BOB_OUTPUT',
  'CLEAR_ALICE_BOUNTY',
  'CLEAR_BOB_BOUNTY',
]

const kindName = `CASE m.kind ${movementKinds.map((kind, at) => `WHEN ${at + 1} THEN '${kind}'`).join(' ')} END`
const delta = `'0x' || lower(hex(substr(m.amounts, 1, 32)))`
const balance = `'0x' || lower(hex(substr(m.amounts, 33, 32)))`

/**
 * What vaults held. The public schema repeats the four parts of a vault's name in each row of its two tables, which is
 * most of what is written; here each vault is named once, and the public tables are views. A vault holds what its
 * newest movement says, whose `amounts` are what moved and what was then there.
 */
const vaultTablesSql = `
CREATE TABLE book_vaults (
  book INTEGER NOT NULL, vault INTEGER PRIMARY KEY, owner TEXT NOT NULL, token TEXT NOT NULL, vault_id TEXT NOT NULL
);
CREATE TABLE vault_movements (
  book INTEGER NOT NULL, block_number INTEGER NOT NULL, log_index INTEGER NOT NULL, movement_index INTEGER NOT NULL,
  vault INTEGER NOT NULL, kind INTEGER NOT NULL, amounts BLOB NOT NULL,
  PRIMARY KEY (book, block_number, log_index, movement_index)
) WITHOUT ROWID;
CREATE VIEW running_vault_balances AS
  SELECT b.chain_id, b.orderbook_address, v.owner, v.token, v.vault_id, ${balance} AS balance,
    m.block_number AS last_block, m.log_index AS last_log_index
  FROM books b JOIN book_vaults v ON v.book = b.book JOIN vault_movements m ON (m.book, m.block_number, m.log_index, m.movement_index) =
    (SELECT n.book, n.block_number, n.log_index, n.movement_index FROM vault_movements n WHERE n.vault = v.vault
     ORDER BY n.block_number DESC, n.log_index DESC, n.movement_index DESC LIMIT 1);
CREATE VIEW vault_balance_changes AS
  SELECT b.chain_id, b.orderbook_address, '0x' || lower(hex(substr(r.bytes, 1, 32))) AS transaction_hash, m.log_index,
    m.block_number, coalesce(r.block_timestamp, 0) AS block_timestamp, v.owner, v.token, v.vault_id,
    ${kindName} AS change_type, ${delta} AS delta, ${balance} AS running_balance, m.movement_index
  FROM books b JOIN vault_movements m ON m.book = b.book JOIN book_vaults v ON v.vault = m.vault
  JOIN raw_logs r ON r.book = m.book AND r.block_number = m.block_number AND r.log_index = m.log_index;`

/** The public schema: raw events, decoded tables, tokens, watermarks, balances. */
export const publicTablesSql = `
CREATE TABLE db_metadata (
  id INTEGER PRIMARY KEY CHECK (id = 1), db_schema_version INTEGER NOT NULL,
  created_at TEXT NOT NULL, updated_at TEXT NOT NULL
);
CREATE TABLE target_watermarks (
  ${book}, last_block INTEGER NOT NULL, last_hash TEXT NOT NULL, updated_at INTEGER NOT NULL,
  PRIMARY KEY (chain_id, orderbook_address)
);
CREATE TABLE sync_status (
  id INTEGER PRIMARY KEY CHECK (id = 1), last_synced_block INTEGER NOT NULL DEFAULT 0, updated_at TEXT
);
CREATE TABLE books (
  book INTEGER PRIMARY KEY, ${book}, UNIQUE (chain_id, orderbook_address)
);
CREATE TABLE raw_logs (
  book INTEGER NOT NULL, block_number INTEGER NOT NULL, log_index INTEGER NOT NULL, block_timestamp INTEGER,
  event INTEGER NOT NULL, source TEXT, topics TEXT, in_place INTEGER NOT NULL, bytes BLOB NOT NULL,
  PRIMARY KEY (book, block_number, log_index)
) WITHOUT ROWID;
${eventTablesSql.join('\n')}
CREATE TABLE order_ios (
  ${place}, io_index INTEGER NOT NULL, io_type TEXT NOT NULL, token TEXT NOT NULL, vault_id TEXT NOT NULL
);
CREATE TABLE take_order_contexts (${place}, context_index INTEGER NOT NULL, context_value TEXT NOT NULL);
CREATE TABLE context_values (
  ${place}, context_index INTEGER NOT NULL, value_index INTEGER NOT NULL, value TEXT NOT NULL
);
CREATE TABLE erc20_tokens (
  ${book}, token_address TEXT NOT NULL, name TEXT NOT NULL, symbol TEXT NOT NULL, decimals INTEGER NOT NULL,
  PRIMARY KEY (chain_id, orderbook_address, token_address)
);
${eventViewsSql}
${vaultTablesSql}
`

/**
 * Finds vaults by name, and the newest movement of one: for readers, and for a writer that does not know what vaults
 * hold. Names come in no order: kept sorted during a fill they are a twentieth of what it writes.
 */
export const vaultIndexSql = `CREATE INDEX IF NOT EXISTS idx_book_vaults ON book_vaults (book, owner, token, vault_id);
CREATE INDEX IF NOT EXISTS idx_vault_movements ON vault_movements
  (vault, block_number, log_index, movement_index);`

/**
 * Finds the rows that hang on those of a log: for readers, and to undo a fork. Hashes come in no order, so that keeping
 * them sorted during a fill would write most of what is there again with every stretch.
 */
export const childIndexesSql: string = childTables
  .map(([child]) => `CREATE INDEX IF NOT EXISTS idx_${child}_log ON ${child} (${log});`)
  .join('\n')

/**
 * Indexes that only readers need, made when one first reads: a book is filled several times as fast without them, and
 * made at once they cost less than row by row.
 */
export const readIndexesSql = `
CREATE INDEX IF NOT EXISTS idx_order_events_hash ON order_events (chain_id, orderbook_address, order_hash);
CREATE INDEX IF NOT EXISTS idx_order_events_nonce ON order_events
  (chain_id, orderbook_address, order_owner, order_nonce, block_number);
CREATE INDEX IF NOT EXISTS idx_clear_alice ON clear_v3_events (chain_id, orderbook_address, alice_order_hash);
CREATE INDEX IF NOT EXISTS idx_clear_bob ON clear_v3_events (chain_id, orderbook_address, bob_order_hash);
CREATE INDEX IF NOT EXISTS idx_after_clear_transaction ON after_clear_v2_events (${log});
${eventViewIndexesSql}
${vaultIndexSql}
${childIndexesSql}
`

/** What the public schema has no place for. */
export const ownTablesSql = `
CREATE TABLE freshet_layout (version INTEGER NOT NULL);
CREATE TABLE block_hashes (
  ${book}, block_number INTEGER NOT NULL, block_hash TEXT NOT NULL, block_timestamp INTEGER,
  PRIMARY KEY (chain_id, orderbook_address, block_number)
) WITHOUT ROWID;
CREATE TABLE book_stores (
  ${book}, store_address TEXT NOT NULL, first_block INTEGER NOT NULL, complete INTEGER NOT NULL,
  PRIMARY KEY (chain_id, orderbook_address, store_address)
) WITHOUT ROWID;
CREATE TABLE tokens_without_decimals (
  ${book}, token_address TEXT NOT NULL, PRIMARY KEY (chain_id, orderbook_address, token_address)
) WITHOUT ROWID;
CREATE TABLE rewinds (
  id INTEGER PRIMARY KEY AUTOINCREMENT, ${book}, to_block INTEGER NOT NULL, at INTEGER NOT NULL
);
CREATE TABLE bytecode_artifacts (
  chain_id INTEGER NOT NULL, address TEXT NOT NULL, kind TEXT NOT NULL, bytecode TEXT NOT NULL,
  fetched_at_block INTEGER NOT NULL, fetched_at_ts INTEGER NOT NULL, PRIMARY KEY (chain_id, address, kind)
) WITHOUT ROWID;
CREATE TABLE virtual_snapshots (
  ${book}, block_number INTEGER NOT NULL, block_hash TEXT NOT NULL, block_timestamp INTEGER NOT NULL,
  checksum TEXT NOT NULL, bundle TEXT NOT NULL, created_at INTEGER NOT NULL,
  PRIMARY KEY (chain_id, orderbook_address, block_number)
);
`

/** Tables that files of this layout may lack, because they are younger: made when a file is opened. */
export const addedTablesSql = `
CREATE TABLE IF NOT EXISTS book_beginnings (
  ${book}, first_block INTEGER NOT NULL, PRIMARY KEY (chain_id, orderbook_address)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS older_stores (
  ${book}, store_address TEXT NOT NULL, first_block INTEGER NOT NULL,
  PRIMARY KEY (chain_id, orderbook_address, store_address)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS book_first_reads (
  ${book}, first_block INTEGER NOT NULL, PRIMARY KEY (chain_id, orderbook_address)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS book_versions (
  ${book}, version TEXT NOT NULL, PRIMARY KEY (chain_id, orderbook_address)
) WITHOUT ROWID;
`

/** Rows that belong to blocks, which a fork takes away. */
export const blockTables: readonly string[] = [
  ...Object.keys(eventTables).map((table) => (isInPlaceTable(table) ? apartTable(table) : table)),
  'block_hashes',
  'virtual_snapshots',
]

/** Such rows too, of tables that name their book by its number. */
export const numberedTables: readonly string[] = ['raw_logs', 'vault_movements']
