const scope = ['chain_id', 'orderbook_address'] as const
const places = ['transaction_hash', 'log_index', 'block_number', 'block_timestamp'] as const

/**
 * The view `vault_deltas` of the public schema: every movement of a vault, with its kind, as the events say it.
 *
 * Takes and clears name orders, whose inputs and outputs are looked up in the newest event of the order before them.
 */
export const vaultDeltasSql = `CREATE VIEW vault_deltas AS\n${[
  plain('deposits', 'DEPOSIT', 'e.deposit_amount'),
  plain('withdrawals', 'WITHDRAW', 'FLOAT_NEGATE(e.withdraw_amount)'),
  take('TAKE_INPUT', 'input', 'e.taker_output'),
  take('TAKE_OUTPUT', 'output', 'FLOAT_NEGATE(e.taker_input)'),
  clear('CLEAR_ALICE_INPUT', 'alice', 'input', 'a.alice_input'),
  clear('CLEAR_ALICE_OUTPUT', 'alice', 'output', 'FLOAT_NEGATE(a.alice_output)'),
  clear('CLEAR_BOB_INPUT', 'bob', 'input', 'a.bob_input'),
  clear('CLEAR_BOB_OUTPUT', 'bob', 'output', 'FLOAT_NEGATE(a.bob_output)'),
  bounty('CLEAR_ALICE_BOUNTY', 'alice', 'a.alice_output', 'a.bob_input'),
  bounty('CLEAR_BOB_BOUNTY', 'bob', 'a.bob_output', 'a.alice_input'),
].join('\nUNION ALL\n')}`

function head(owner: string, kind: string, token: string, vault: string, delta: string): string {
  const from = [...scope, ...places].map((column) => `e.${column} AS ${column}`).join(', ')
  return `SELECT ${from}, ${owner} AS owner, '${kind}' AS kind, ${token} AS token, ${vault} AS vault_id, ${delta} AS delta`
}

function plain(table: string, kind: string, delta: string): string {
  return `${head('e.sender', kind, 'e.token', 'e.vault_id', delta)} FROM ${table} e`
}

function take(kind: string, side: 'input' | 'output', delta: string): string {
  const order = newestOrder('o.order_owner = e.order_owner AND o.order_nonce = e.order_nonce')
  return `${head('e.order_owner', kind, 'i.token', 'i.vault_id', delta)} FROM take_orders e
  ${order} ${io(side, `e.${side}_io_index`)}`
}

function clear(kind: string, who: 'alice' | 'bob', side: 'input' | 'output', delta: string): string {
  const order = newestOrder(`o.order_hash = e.${who}_order_hash`)
  return `${head(`e.${who}_order_owner`, kind, 'i.token', `e.${who}_${side}_vault_id`, delta)} FROM clear_v3_events e
  ${effect()} ${order} ${io(side, `e.${who}_${side}_io_index`)}`
}

function bounty(kind: string, who: 'alice' | 'bob', gave: string, took: string): string {
  const order = newestOrder(`o.order_hash = e.${who}_order_hash`)
  const delta = `(SELECT FLOAT_SUM(part) FROM (SELECT ${gave} AS part UNION ALL SELECT FLOAT_NEGATE(${took})))`
  return `${head('e.sender', kind, 'i.token', `e.${who}_bounty_vault_id`, delta)} FROM clear_v3_events e
  ${effect()} ${order} ${io('output', `e.${who}_output_io_index`)}`
}

function same(table: string, as = 'e'): string {
  return scope.map((column) => `${table}.${column} = ${as}.${column}`).join(' AND ')
}

/** The effect of a clear: the first in its transaction that comes after. */
function effect(): string {
  return `JOIN after_clear_v2_events a ON ${same('a')} AND a.block_number = e.block_number
  AND a.log_index = (SELECT min(n.log_index) FROM after_clear_v2_events n WHERE ${same('n')}
    AND n.block_number = e.block_number AND n.transaction_hash = e.transaction_hash AND n.log_index > e.log_index)`
}

function newestOrder(matches: string): string {
  return `JOIN order_events oe ON oe.rowid = (SELECT o.rowid FROM order_events o WHERE ${same('o')} AND ${matches}
    AND (o.block_number < e.block_number OR (o.block_number = e.block_number AND o.log_index <= e.log_index))
    ORDER BY o.block_number DESC, o.log_index DESC LIMIT 1)`
}

function io(side: 'input' | 'output', index: string): string {
  return `JOIN order_ios i ON ${same('i', 'oe')} AND i.transaction_hash = oe.transaction_hash
    AND i.log_index = oe.log_index AND i.io_index = ${index} AND i.io_type = '${side}'`
}
