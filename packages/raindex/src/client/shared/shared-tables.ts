import type { Artifact } from '../../engine/index.ts'
import { toHex } from '../../engine/hex.ts'
import type { BlockId } from '../chain/ledger.ts'
import { RaindexClientError } from '../client-error.ts'
import type { BookId } from '../database/book-tables.ts'
import {
  keptSnapshots,
  type SharedBook,
  type SharedCursor,
  type SharedSnapshot,
  type SharedWriter,
  type WriterNews,
} from './shared-books.ts'
import { deposed, sharedForeign, sharedLayout } from './shared-error.ts'
import { readCode } from './shared-poll.ts'

/** What can be bound, and what comes back; whole numbers may come as text. */
type SharedValue = string | number | null

/** Runs one statement; values are bound to `?`. */
export type RunShared = (
  sql: string,
  values?: readonly SharedValue[],
) => Promise<readonly (readonly unknown[])[]>

/** A database that has the tables. Both PostgreSQL and SQLite speak the SQL below. */
export interface SharedDatabase {
  readonly rows: RunShared
  /** Milliseconds since 1970 by the store's clock, as an expression. */
  readonly nowMs: string
  /** @returns what writes while a book's lock is held; undefined while another holds it. */
  lock(id: BookId): Promise<SharedLock | undefined>
  subscribe(id: BookId, listener: () => void): () => void
}

/** The lock of a book, and the connection that holds it: what is written goes there, and ends with it. */
export interface SharedLock {
  readonly lost: AbortSignal
  transaction<T>(work: (run: RunShared) => Promise<T>): Promise<T>
  release(): Promise<void>
}

const book = 'chain_id BIGINT NOT NULL, orderbook TEXT NOT NULL'

/** To be run under a lock of all, in this order. */
const sharedTablesSql: readonly string[] = [
  'CREATE TABLE IF NOT EXISTS freshet_layout (version BIGINT NOT NULL)',
  `CREATE TABLE IF NOT EXISTS freshet_books (
     ${book}, term BIGINT NOT NULL, log_term BIGINT, seq BIGINT NOT NULL, block_number BIGINT, block_hash TEXT,
     state TEXT NOT NULL, head_block BIGINT, head_timestamp BIGINT, told_at BIGINT NOT NULL,
     PRIMARY KEY (chain_id, orderbook)
   )`,
  `CREATE TABLE IF NOT EXISTS freshet_book_snapshots (
     ${book}, term BIGINT NOT NULL, seq BIGINT NOT NULL, block_number BIGINT NOT NULL, block_hash TEXT NOT NULL,
     block_timestamp BIGINT NOT NULL, checksum TEXT NOT NULL, bundle TEXT NOT NULL,
     PRIMARY KEY (chain_id, orderbook, term, seq)
   )`,
  `CREATE TABLE IF NOT EXISTS freshet_book_changes (
     ${book}, term BIGINT NOT NULL, seq BIGINT NOT NULL, poll TEXT NOT NULL,
     PRIMARY KEY (chain_id, orderbook, term, seq)
   )`,
  `CREATE TABLE IF NOT EXISTS freshet_book_code (
     ${book}, kind TEXT NOT NULL, address TEXT NOT NULL, bytecode TEXT NOT NULL,
     PRIMARY KEY (chain_id, orderbook, kind, address)
   )`,
]

/** Makes the tables where there are none. @throws {FreshetError} `raindex/shared-foreign`. */
export async function makeSharedTables(run: RunShared): Promise<void> {
  for (const sql of sharedTablesSql) await run(sql)
  const [row] = await run('SELECT version FROM freshet_layout')
  if (row === undefined) await run('INSERT INTO freshet_layout VALUES (?)', [sharedLayout])
  else if (Number(row[0]) !== sharedLayout) throw sharedForeign(String(row[0]))
}

const here = 'chain_id = ? AND orderbook = ?'

/** A book in a database that has the tables. */
export function createSharedBook(database: SharedDatabase, id: BookId): SharedBook {
  const { rows, nowMs } = database
  const scope = [id.chainId, id.orderbook.address] as const
  return {
    cursor: async () => readCursor(await rows(cursorSql(nowMs), scope)),
    async snapshot(atOrBefore = Number.MAX_SAFE_INTEGER) {
      const found = await rows(
        `SELECT s.term, s.seq, s.block_number, s.block_hash, s.block_timestamp, s.checksum, s.bundle
         FROM freshet_book_snapshots s JOIN freshet_books b ON b.chain_id = s.chain_id
           AND b.orderbook = s.orderbook AND b.log_term = s.term
         WHERE s.chain_id = ? AND s.orderbook = ? AND s.block_number <= ? ORDER BY s.seq DESC LIMIT 1`,
        [...scope, atOrBefore],
      )
      return readSnapshotRow(found)
    },
    async changes(after, limit) {
      const at = readCursor(await rows(cursorSql(nowMs), scope))
      if (at === undefined || at.term !== after.term || at.seq < after.seq) return undefined
      const found = await rows(
        `SELECT seq, poll FROM freshet_book_changes WHERE ${here} AND term = ? AND seq > ? ORDER BY seq LIMIT ?`,
        [...scope, after.term, after.seq, limit],
      )
      const changes = found.map(([seq, poll]) => ({ seq: Number(seq), poll: String(poll) }))
      // Between the two statements the writer may have dropped some.
      const isWhole = changes[0] === undefined ? at.seq === after.seq : changes[0].seq === after.seq + 1
      return isWhole ? changes : undefined
    },
    async code() {
      const found = await rows(`SELECT kind, address, bytecode FROM freshet_book_code WHERE ${here}`, scope)
      return found.map(([kind, address, bytecode]) => readCode({ kind, address, bytecode }))
    },
    async lead() {
      const lock = await database.lock(id)
      return lock && (await createWriter(lock, scope, nowMs))
    },
    subscribe: (listener) => database.subscribe(id, listener),
  }
}

type Scope = readonly [chainId: number, orderbook: string]

async function createWriter(lock: SharedLock, scope: Scope, nowMs: string): Promise<SharedWriter> {
  const term = await newTerm(lock, scope, nowMs).catch(async (error: unknown) => {
    await lock.release()
    throw error
  })
  let hasBegun = false
  /** Sets fields of the book's row, which no other transaction can then change; fails when the term is over. */
  const update = async (run: RunShared, sets: string, values: readonly SharedValue[]): Promise<number> => {
    const [row] = await run(`UPDATE freshet_books SET ${sets} WHERE ${here} AND term = ? RETURNING seq`, [
      ...values,
      ...scope,
      term,
    ])
    if (row === undefined) throw deposed(term)
    return Number(row[0])
  }
  return {
    term,
    lost: lock.lost,
    putSnapshot: ({ block, timestamp, checksum, bundle }, code) =>
      lock.transaction(async (run) => {
        const seq = await update(
          run,
          `seq = CASE WHEN log_term = term THEN seq ELSE 0 END, log_term = term, block_number = ?, block_hash = ?,
           told_at = ${nowMs}`,
          [block.number, block.hash],
        )
        await putSnapshotRow(run, scope, { term, seq, block, timestamp, checksum, bundle })
        await putCode(run, scope, code)
        await prune(run, scope, term)
        hasBegun = true
      }),
    append: ({ poll, block, rewindTo, code }) =>
      lock.transaction(async (run) => {
        if (!hasBegun) throw new RangeError('A term begins with a snapshot.')
        const seq = await update(run, `seq = seq + 1, block_number = ?, block_hash = ?, told_at = ${nowMs}`, [
          block.number,
          block.hash,
        ])
        await run('INSERT INTO freshet_book_changes VALUES (?, ?, ?, ?, ?)', [...scope, term, seq, poll])
        await putCode(run, scope, code)
        if (rewindTo === undefined) return
        await run(`DELETE FROM freshet_book_snapshots WHERE ${here} AND block_number > ?`, [
          ...scope,
          rewindTo,
        ])
      }),
    tell: ({ state, headBlock = null, headTimestamp = null }) =>
      lock.transaction(async (run) => {
        await update(run, `state = ?, head_block = ?, head_timestamp = ?, told_at = ${nowMs}`, [
          state,
          headBlock,
          headTimestamp,
        ])
      }),
    release: () => lock.release(),
  }
}

function newTerm(lock: SharedLock, scope: Scope, nowMs: string): Promise<number> {
  return lock.transaction(async (run) => {
    const [row] = await run(
      `INSERT INTO freshet_books (chain_id, orderbook, term, seq, state, told_at) VALUES (?, ?, 1, 0, 'idle', ${nowMs})
       ON CONFLICT (chain_id, orderbook) DO UPDATE SET term = freshet_books.term + 1 RETURNING term`,
      scope,
    )
    return Number(row?.[0])
  })
}

async function putSnapshotRow(
  run: RunShared,
  scope: Scope,
  { term, seq, block, timestamp, checksum, bundle }: SharedSnapshot,
): Promise<void> {
  await run(
    `INSERT INTO freshet_book_snapshots VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (chain_id, orderbook, term, seq) DO UPDATE SET block_number = excluded.block_number,
       block_hash = excluded.block_hash, block_timestamp = excluded.block_timestamp,
       checksum = excluded.checksum, bundle = excluded.bundle`,
    [...scope, term, seq, block.number, block.hash, timestamp, checksum, bundle],
  )
}

async function putCode(run: RunShared, scope: Scope, code: readonly Artifact[]): Promise<void> {
  for (const { kind, address, bytecode } of code) {
    await run(
      `INSERT INTO freshet_book_code VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (chain_id, orderbook, kind, address) DO UPDATE SET bytecode = excluded.bytecode`,
      [...scope, kind, address.toLowerCase(), bytecode],
    )
  }
}

/** Of older logs nothing is kept, and of this one what the oldest kept snapshot does not have. */
async function prune(run: RunShared, scope: Scope, term: number): Promise<void> {
  await run(
    `DELETE FROM freshet_book_snapshots WHERE ${here} AND (term <> ? OR seq NOT IN (SELECT seq
     FROM freshet_book_snapshots WHERE ${here} AND term = ? ORDER BY seq DESC LIMIT ${keptSnapshots}))`,
    [...scope, term, ...scope, term],
  )
  await run(
    `DELETE FROM freshet_book_changes WHERE ${here} AND (term <> ? OR seq <= (SELECT min(seq)
     FROM freshet_book_snapshots WHERE ${here} AND term = ?))`,
    [...scope, term, ...scope, term],
  )
}

function cursorSql(nowMs: string): string {
  return `SELECT log_term, seq, block_number, block_hash, state, head_block, head_timestamp, ${nowMs} - told_at
    FROM freshet_books WHERE ${here}`
}

function readCursor([row]: readonly (readonly unknown[])[]): SharedCursor | undefined {
  if (row === undefined || row[0] === null) return undefined
  const [term, seq, number, hash, state, headBlock, headTimestamp, silentMs] = row
  return {
    ...{ term: Number(term), seq: Number(seq), block: blockOf(number, hash), state: stateOf(state) },
    headBlock: headBlock === null ? undefined : Number(headBlock),
    headTimestamp: headTimestamp === null ? undefined : Number(headTimestamp),
    silentMs: Math.max(0, Number(silentMs)),
  }
}

function readSnapshotRow([row]: readonly (readonly unknown[])[]): SharedSnapshot | undefined {
  if (row === undefined) return undefined
  const [term, seq, number, hash, timestamp, checksum, bundle] = row
  return {
    ...{ term: Number(term), seq: Number(seq), block: blockOf(number, hash), timestamp: Number(timestamp) },
    ...{ checksum: String(checksum), bundle: String(bundle) },
  }
}

function blockOf(number: unknown, hash: unknown): BlockId {
  const known = toHex(String(hash), 32)
  if (known !== undefined) return { number: Number(number), hash: known }
  const message = 'The shared database holds a block without a hash. Use another one.'
  throw new RaindexClientError('BadDump', { message })
}

const states: readonly WriterNews['state'][] = [
  ...(['idle', 'bootstrapping', 'catching-up', 'live', 'retrying', 'paused', 'halted'] as const),
]

function stateOf(text: unknown): WriterNews['state'] {
  return states.find((state) => state === text) ?? 'idle'
}
