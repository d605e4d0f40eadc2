import type { Bytes32 } from '../../engine/index.ts'
import { topics } from '../../engine/topics.ts'
import { hashesBytes } from '../chain/log-page.ts'

/**
 * Events by number, as `raw_logs` names them; 0 for any other. Part of the layout: a new event goes to the end.
 */
export const eventNumbers: Readonly<Record<keyof typeof topics, number>> = {
  AddOrderV3: 1,
  RemoveOrderV3: 2,
  DepositV2: 3,
  WithdrawV2: 4,
  TakeOrderV3: 5,
  ClearV3: 6,
  AfterClearV2: 7,
  OrderNotFound: 8,
  OrderZeroAmount: 9,
  OrderExceedsMaxRatio: 10,
  MetaV1_2: 11,
  ContextV2: 12,
  Set: 13,
}

/** Where the words of an event lie that `inPlace` has found well formed, counted in words of its data. */
export const takeWords = { inputIndex: 5, outputIndex: 6, owner: 8, nonce: 12 } as const

/** The bytes of a word of the data, or part of it. SQLite counts from 1. */
function part(word: number, from = 0, size = 32): string {
  return `substr(bytes, ${1 + hashesBytes + 32 * word + from}, ${size})`
}
function hex(bytes: string): string {
  return `'0x' || lower(hex(${bytes}))`
}
const wordHex = (word: number): string => hex(part(word))
const addressHex = (word: number): string => hex(part(word, 12, 20))
/** Without leading zeros. */
const amountHex = (word: number): string =>
  `'0x' || coalesce(nullif(ltrim(lower(hex(${part(word)})), '0'), ''), '0')`
/** A number below 2^31: hex digits are a number of JSON5. */
const numberAt = (word: number): string => `('0x' || hex(${part(word, 28, 4)})) ->> '$'`

const topicsText = `coalesce(topics, CASE event ${Object.entries(eventNumbers)
  .map(([name, number]) => `WHEN ${number} THEN '${JSON.stringify([topicOf(name)])}'`)
  .join(' ')} END)`

function topicOf(name: string): Bytes32 {
  // The names of the numbers are those of the topics.
  return topics[name as keyof typeof topics]
}

/** The topics of each event that has a number. */
export const topicsOfEvents: ReadonlyMap<number, readonly Bytes32[]> = new Map(
  Object.entries(eventNumbers).map(([name, number]) => [number, [topicOf(name)]]),
)

/** Of an amount below 2^223: the coefficient is the amount, the exponent what the decimals say. */
const depositAmount = `'0x' || lower(printf('%08x', CASE t.decimals WHEN 0 THEN 0 ELSE 4294967296 - t.decimals END)
  || hex(${part(3, 4, 28)}))`

const place = `chain_id, orderbook_address, ${hex('substr(bytes, 1, 32)')} AS transaction_hash, log_index, block_number`
const event = `${place}, coalesce(block_timestamp, 0) AS block_timestamp`

/** Of a few books, each found by its name first. */
const logsOfBooks = 'books b JOIN raw_logs l ON l.book = b.book'

/** Columns of a row that is read where the log lies, by table of the public schema. */
const inPlaceViews = {
  deposits: {
    event: eventNumbers.DepositV2,
    columns: `${addressHex(0)} AS sender, ${addressHex(1)} AS token, ${wordHex(2)} AS vault_id,
      ${depositAmount} AS deposit_amount, ${amountHex(3)} AS deposit_amount_uint256`,
    // Without decimals the amount is no float, and a deposit has no row.
    join: `JOIN (SELECT chain_id AS token_chain, orderbook_address AS token_book, token_address, decimals FROM erc20_tokens) t
      ON t.token_chain = b.chain_id AND t.token_book = b.orderbook_address AND t.token_address = ${addressHex(1)}`,
  },
  withdrawals: {
    event: eventNumbers.WithdrawV2,
    columns: `${addressHex(0)} AS sender, ${addressHex(1)} AS token, ${wordHex(2)} AS vault_id,
      ${wordHex(3)} AS target_amount, ${wordHex(4)} AS withdraw_amount, ${amountHex(5)} AS withdraw_amount_uint256`,
    join: '',
  },
  take_orders: {
    event: eventNumbers.TakeOrderV3,
    columns: `${addressHex(0)} AS sender, ${addressHex(takeWords.owner)} AS order_owner,
      ${wordHex(takeWords.nonce)} AS order_nonce, ${numberAt(takeWords.inputIndex)} AS input_io_index,
      ${numberAt(takeWords.outputIndex)} AS output_io_index, ${wordHex(2)} AS taker_input, ${wordHex(3)} AS taker_output`,
    join: '',
  },
  interpreter_store_sets: {
    event: eventNumbers.Set,
    columns: `source AS store_address, ${wordHex(0)} AS namespace, ${wordHex(1)} AS "key", ${wordHex(2)} AS value`,
    join: '',
  },
} as const

/** Tables of the public schema whose rows are read where the logs lie. */
export type InPlaceTable = keyof typeof inPlaceViews

export function isInPlaceTable(table: string): table is InPlaceTable {
  return Object.hasOwn(inPlaceViews, table)
}

/** Keeps the rows of a table whose logs are encoded in another way than contracts do. */
export function apartTable(table: InPlaceTable): string {
  return `${table}_apart`
}

const rawJson = `json_object('address', address, 'topics', json(topics), 'data', data,
  'blockNumber', printf('0x%x', block_number), 'blockTimestamp', printf('0x%x', block_timestamp),
  'transactionHash', transaction_hash, 'blockHash', block_hash, 'logIndex', printf('0x%x', log_index),
  'removed', json('false'))`

/** The columns of `raw_events`. */
const rawColumns = `${place}, block_timestamp, coalesce(source, orderbook_address) AS address, ${topicsText} AS topics,
  ${hex(`substr(bytes, ${1 + hashesBytes})`)} AS data, ${hex('substr(bytes, 33, 32)')} AS block_hash`

/**
 * The tables of the public schema that hold nothing of their own: raw events and, of the events that are most of a
 * book, the decoded rows. Words of the chain lie at fixed places, so that writing them once more would only double what
 * is written.
 */
export const eventViewsSql: string = [
  `CREATE VIEW raw_events AS SELECT *, ${rawJson} AS raw_json FROM (SELECT ${rawColumns} FROM ${logsOfBooks});`,
  ...Object.entries(inPlaceViews).map(
    ([table, { event: number, columns, join }]) =>
      `CREATE VIEW ${table} AS SELECT ${event}, ${columns} FROM ${logsOfBooks} ${join}
       WHERE event = ${number} AND in_place = 1 UNION ALL SELECT * FROM ${table}_apart;`,
  ),
].join('\n')

/** Indexes of those views; the expressions are the same text as theirs. */
export const eventViewIndexesSql = `
CREATE INDEX IF NOT EXISTS idx_take_orders_nonce ON raw_logs (book, ${addressHex(takeWords.owner)},
  ${wordHex(takeWords.nonce)}) WHERE event = ${eventNumbers.TakeOrderV3} AND in_place = 1;
CREATE INDEX IF NOT EXISTS idx_store_sets_word ON raw_logs (book, source, ${wordHex(0)}, ${wordHex(1)},
  block_number, log_index) WHERE event = ${eventNumbers.Set} AND in_place = 1;
`
