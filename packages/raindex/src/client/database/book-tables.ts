import type { Address, ArtifactId, ChainLog, Hex, Orderbook, StoreSet } from '../../engine/index.ts'
import type { BlockId, LedgerPage, LedgerWindow, Token } from '../chain/ledger.ts'
import { isLogPage, packLogs, type LogPage } from '../chain/log-page.ts'
import { chainMoved } from '../chain/read-logs.ts'
import { createBeginningTables } from './beginning-tables.ts'
import { createLogWriter, type WrittenPart } from './log-writer.ts'
import { here } from './scoped-sql.ts'
import { createSnapshotTables } from './snapshot-tables.ts'
import { createStoreTables } from './store-tables.ts'
import { blockTables, childIndexesSql, childTables, numberedTables } from './schema.ts'
import { inTransaction, preparedOnce, type SqlDatabase, type SqlValue } from './sql-database.ts'
import { blockId, hexOf, logOf } from './stored-values.ts'

/** Logs read at once; no block has as many. */
const logsAPass = 20_000

/** Pages of 16 kB. A fill writes them once and goes on: what is committed is safe there, and copied at the head. */
const pagesOfWal = 8_000
const pagesOfWalInFill = 32_000

/** Names an order book in a database. */
export type BookId = { readonly chainId: number; readonly orderbook: Orderbook }

/** Code as it was read from the chain. */
export type StoredCode = ArtifactId & {
  readonly bytecode: Hex
  readonly fetchedAtBlock: number
  /** Milliseconds since 1970. */
  readonly fetchedAtUnixMs: number
}

/** A snapshot of the state of a book after a block. */
export type StoredSnapshot = {
  readonly block: BlockId
  /** Of the block, in seconds. */
  readonly timestamp: number
  readonly checksum: string
  /** The bundle as JSON. */
  readonly bundle: string
}

/** How far a book was undone since a reader looked. */
export type Rewinds = {
  /** Number of the newest; 0 when there was none. */
  readonly last: number
  /** The lowest block undone to; undefined when nothing was. */
  readonly toBlock: number | undefined
}

/** What was read from a chain of which so many forks are known here, up to a block. */
export type AsOf = {
  /** Number of the newest. */
  readonly rewinds: number
  readonly upTo: number
}

/** The tables of one order book, written on the thread that has the connection. */
export type BookTables = ReturnType<typeof createBookTables>

/** @param indexForReaders - Makes the indexes that a fill does without, where they are not there. */
export function createBookTables(
  database: SqlDatabase,
  { chainId, orderbook }: BookId,
  now: () => number,
  indexForReaders: () => void,
) {
  const prepared = preparedOnce(database)
  const scope = [chainId, orderbook.address] as const
  const all = (sql: string, ...values: SqlValue[]): readonly (readonly SqlValue[])[] =>
    prepared(sql).all(...scope, ...values)
  const run = (sql: string, ...values: SqlValue[]): void => void prepared(sql).run(...scope, ...values)
  /** The same of tables that name their book by its number. */
  const byNumber = `book = (SELECT book FROM books WHERE ${here})`
  const writer = createLogWriter(database, orderbook, scope)

  const tip = (): BlockId | undefined => {
    const [row] = all(`SELECT last_block, last_hash FROM target_watermarks WHERE ${here}`)
    return row && blockId(row)
  }
  const tokens = (): readonly Token[] => [
    ...all(`SELECT token_address, decimals, name, symbol FROM erc20_tokens WHERE ${here}`).map(
      ([address, decimals, name, symbol]): Token => ({
        address: hexOf(address),
        decimals: Number(decimals),
        name: String(name),
        symbol: String(symbol),
      }),
    ),
    ...all(`SELECT token_address FROM tokens_without_decimals WHERE ${here}`).map(([address]): Token => {
      return { address: hexOf(address), decimals: 'none', name: '', symbol: '' }
    }),
  ]
  const putToken = ({ address, decimals, name, symbol }: Token): void => {
    if (decimals === 'none')
      return run('INSERT OR IGNORE INTO tokens_without_decimals VALUES (?, ?, ?)', address)
    run('INSERT OR REPLACE INTO erc20_tokens VALUES (?, ?, ?, ?, ?, ?)', address, name, symbol, decimals)
  }
  const putBlock = (number: number, hash: Hex, timestamp: number | undefined): void =>
    run('INSERT OR REPLACE INTO block_hashes VALUES (?, ?, ?, ?, ?)', number, hash, timestamp ?? null)
  const putLogs = (logs: readonly ChainLog[] | LogPage, part?: WrittenPart): void =>
    writer.put(isLogPage(logs) ? logs : packLogs(logs), part)
  const setTip = ({ number, hash }: BlockId): void => {
    run(
      `INSERT INTO target_watermarks VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE
       SET last_block = excluded.last_block, last_hash = excluded.last_hash, updated_at = excluded.updated_at`,
      number,
      hash,
      now(),
    )
  }
  const stores = createStoreTables({ all, run })
  const beginning = createBeginningTables({ all, run })
  const snapshots = createSnapshotTables({ all, run, scope }, now)
  const noteRewind = (to: number): void =>
    run('INSERT INTO rewinds (chain_id, orderbook_address, to_block, at) VALUES (?, ?, ?, ?)', to, now())
  /**
   * Those whose headers were kept, those that have logs, and those of snapshots. The first is that which the book began
   * from: of older ones the state cannot be made, whatever was filled in of them, and be it of another such block.
   */
  const blocks = (atOrBefore: number, limit: number): readonly BlockId[] => {
    const first = beginning.completeFrom()
    const begun = snapshots.hashAt(first - 1)
    return all(
      `SELECT * FROM (SELECT block_number, block_hash FROM block_hashes WHERE ${here} AND block_number <= ?
         ORDER BY block_number DESC LIMIT ?)
       UNION SELECT * FROM (SELECT DISTINCT block_number, '0x' || lower(hex(substr(bytes, 33, 32))) FROM raw_logs WHERE ${byNumber} AND block_number <= ?
         ORDER BY block_number DESC LIMIT ?)
       UNION SELECT block_number, block_hash FROM virtual_snapshots WHERE ${here} AND block_number <= ?
       ORDER BY 1 DESC LIMIT ?`,
      ...[atOrBefore, limit, ...scope, atOrBefore, limit, ...scope, atOrBefore, limit],
    )
      .map(blockId)
      .filter(({ number, hash }) => number >= first || (number === first - 1 && hash === begun))
  }
  /** Changes with each commit of another process, after which what the writer remembers may be wrong. */
  let seenVersion: SqlValue | undefined
  /** Changes of the tables, all or none; what the writer remembers goes with them. */
  const write = (work: () => void): void => {
    try {
      inTransaction(database, () => {
        const [version] = prepared('PRAGMA data_version').all()[0] ?? []
        if (version !== seenVersion) writer.forget()
        seenVersion = version
        work()
      })
    } catch (error) {
      writer.forget()
      isVersionKept = false
      throw error
    }
  }
  let isVersionKept = false
  /** For those who open the file without a node: no event tells V5 from V6. */
  const keepVersion = (): void => {
    if (!isVersionKept) run('INSERT OR REPLACE INTO book_versions VALUES (?, ?, ?)', orderbook.version)
    isVersionKept = true
  }
  let walPages: number | undefined
  /** How large the write-ahead log may grow before it is copied into the file. */
  const copyWalAt = (pages: number): void => {
    if (pages !== walPages) database.exec(`PRAGMA wal_autocheckpoint = ${pages}`)
    walPages = pages
  }
  /** Of final blocks those with logs are enough. */
  const pruneBlocks = (before: number): void =>
    run(`DELETE FROM block_hashes WHERE ${here} AND block_number < ?`, before)
  const assertUnmoved = (asOf: AsOf | undefined): void => {
    if (asOf === undefined) return
    const { rewinds, upTo } = asOf
    const [undone] = all(
      `SELECT to_block FROM rewinds WHERE ${here} AND id > ? AND to_block < ?`,
      rewinds,
      upTo,
    )
    if (undone !== undefined) throw chainMoved(Number(undone[0]) + 1)
  }
  /** Who has read on without what the state has from these blocks on has to go back. */
  const noteLacking = (blocksOfState: readonly number[]): void => {
    if (blocksOfState.length > 0) noteRewind(Math.min(...blocksOfState) - 1)
  }
  const putWindow = (window: LedgerWindow): void => {
    const { from, to, header, headers, logs, newStores, newTokens, finalizedTo } = window
    const { storesLack = false, follows } = window
    const before = tip()
    if (before !== undefined && before.number >= to) return
    if (before !== undefined && before.number + 1 !== from) {
      throw new RangeError(`Blocks ${from} to ${to} do not follow block ${before.number}.`)
    }
    if (follows !== undefined) stores.assertFollowed(follows)
    newTokens.forEach(putToken)
    writer.knowDecimals(tokens())
    for (const [store, block] of newStores) stores.put(store, block, !storesLack)
    putLogs(logs)
    for (const { number, hash, timestamp } of [...headers, header]) putBlock(number, hash, timestamp)
    setTip({ number: to, hash: header.hash })
    keepVersion()
    if (before === undefined) beginning.readFrom(from)
    if (headers.length > 0) pruneBlocks(Math.min(finalizedTo, from))
  }

  return {
    tip,
    tokens,
    blocks,
    stores: stores.stores,
    incompleteStores: stores.incomplete,
    completeStores(given: readonly Address[]): void {
      inTransaction(database, () => {
        given.forEach(stores.complete)
        const known = stores.stores()
        noteLacking(given.flatMap((store) => known.get(store) ?? []))
      })
    },
    putTokens: (given: readonly Token[]): void => inTransaction(database, () => given.forEach(putToken)),
    commit(window: LedgerWindow): void {
      copyWalAt(window.headers.length > 0 ? pagesOfWal : pagesOfWalInFill)
      write(() => putWindow(window))
    },
    beginAt(window: LedgerWindow, snapshot: StoredSnapshot): void {
      write(() => {
        const before = tip()
        if (before !== undefined) throw new RangeError(`The book has blocks up to ${before.number} already.`)
        putWindow(window)
        beginning.beginAt(window.to + 1)
        snapshots.put(snapshot)
      })
    },
    completeFrom: beginning.completeFrom,
    firstRead: beginning.firstRead,
    beginEarlier(firstBlock: number): void {
      write(() => {
        const before = beginning.firstRead()
        if (firstBlock >= before) return
        beginning.readFrom(firstBlock)
        const sql = `SELECT 1 FROM raw_logs WHERE ${byNumber} AND block_number < ? LIMIT 1`
        if (all(sql, before).length === 0) return
        snapshots.clear()
        noteRewind(-1)
      })
    },
    addStoreLogs(logs: readonly ChainLog[] | LogPage, asOf?: AsOf): void {
      write(() => {
        assertUnmoved(asOf)
        putLogs(logs)
      })
    },
    /** Logs from before those that are there. What vaults held is worked out again by `finishOlder`. */
    addOlder(
      logs: readonly ChainLog[] | LogPage,
      newStores: ReadonlyMap<Address, number>,
      newTokens: readonly Token[],
      asOf?: AsOf,
    ): void {
      write(() => {
        assertUnmoved(asOf)
        newTokens.forEach(putToken)
        writer.knowDecimals(tokens())
        stores.addOlder(newStores)
        putLogs(logs, 'rows')
      })
    },
    /** Makes the movements and balances of all vaults anew, from all events that are there. */
    finishOlder(older: AsOf, storeLogs?: AsOf): void {
      write(() => {
        for (const asOf of [older, storeLogs]) assertUnmoved(asOf)
        if (beginning.completeFrom() <= older.upTo + 1) beginning.complete()
        // Where there are later blocks, whoever reads the chain reads their logs of stores that nobody knew.
        const isWhole = tip()?.number === storeLogs?.upTo
        const found = stores.takeOlder().filter(([, knownFrom]) => knownFrom !== undefined || isWhole)
        for (const [store, knownFrom] of found) if (knownFrom === undefined) stores.complete(store)
        // What is older is in the snapshot, and what is later was read when the store became known.
        noteLacking(
          found.flatMap(([store, knownFrom]) => stores.firstSet(store, older.upTo, knownFrom) ?? []),
        )
        writer.forget()
        writer.knowDecimals(tokens())
        run(`DELETE FROM vault_movements WHERE ${byNumber}`)
        run(`DELETE FROM book_vaults WHERE ${byNumber}`)
        for (let after = -1; ;) {
          const logs = readRows(after, logsAPass).map(logOf)
          // The last block of a full page may go on in the next.
          const whole =
            logs.length < logsAPass
              ? logs
              : logs.filter((log) => log.blockNumber < (logs.at(-1)?.blockNumber ?? 0))
          putLogs(
            whole.filter((log) => log.address === orderbook.address),
            'movements',
          )
          const last = whole.at(-1)
          if (logs.length < logsAPass || last === undefined) break
          after = last.blockNumber
        }
      })
    },
    rewind(asked: number): void {
      write(() => {
        writer.forget()
        const isBehindBeginning = asked < beginning.completeFrom() - 1
        // Of what is older not all events are there: it is read again from the first block.
        const to = isBehindBeginning ? -1 : asked
        if (isBehindBeginning) beginning.complete()
        run(`DELETE FROM older_stores WHERE ${here} AND first_block > ?`, to)
        database.exec(childIndexesSql)
        for (const [child, parent] of childTables) {
          run(
            `DELETE FROM ${child} WHERE ${here} AND (transaction_hash, log_index) IN
             (SELECT transaction_hash, log_index FROM ${parent} WHERE ${here} AND block_number > ?)`,
            ...scope,
            to,
          )
        }
        for (const table of blockTables) run(`DELETE FROM ${table} WHERE ${here} AND block_number > ?`, to)
        for (const table of numberedTables)
          run(`DELETE FROM ${table} WHERE ${byNumber} AND block_number > ?`, to)
        run(`DELETE FROM book_stores WHERE ${here} AND first_block > ?`, to)
        noteRewind(to)
        const [kept] = blocks(to, 1)
        if (kept?.number === to) setTip(kept)
        else run(`DELETE FROM target_watermarks WHERE ${here}`)
      })
    },
    read(after: number, limit: number): LedgerPage {
      const end = tip()
      const rows = readRows(after, limit)
      const logs = rows.map(logOf)
      if (end === undefined) return { logs: [], upTo: { number: after, hash: '0x' } }
      const last = logs.at(-1)
      if (last === undefined || rows.length < limit) return { logs, upTo: end }
      // The last block may be cut off: it comes with the next page, unless it fills this one.
      const whole = logs.filter(({ blockNumber }) => blockNumber < last.blockNumber)
      const first = whole.at(-1)
      if (first !== undefined)
        return { logs: whole, upTo: { number: first.blockNumber, hash: first.blockHash } }
      const block = readRows(last.blockNumber - 1, -1, last.blockNumber).map(logOf)
      return { logs: block, upTo: { number: last.blockNumber, hash: last.blockHash } }
    },
    words(store: Address, before: number): readonly StoreSet[] {
      indexForReaders()
      const rows = all(
        `SELECT namespace, key, value FROM (
           SELECT namespace, key, value, row_number() OVER
             (PARTITION BY namespace, key ORDER BY block_number DESC, log_index DESC) AS age
           FROM interpreter_store_sets WHERE ${here} AND store_address = ? AND block_number < ?
         ) WHERE age = 1`,
        store,
        before,
      )
      return [...Map.groupBy(rows, ([fqn]) => hexOf(fqn))].map(([fqn, sets]) => {
        return { store, fqn, kvs: sets.map(([, key, value]) => ({ key: hexOf(key), value: hexOf(value) })) }
      })
    },
    rewindsSince(id: number): Rewinds {
      const [newest] = all(`SELECT max(id) FROM rewinds WHERE ${here}`)
      const [since] = all(`SELECT min(to_block) FROM rewinds WHERE ${here} AND id > ?`, id)
      const toBlock = since?.[0]
      return { last: Number(newest?.[0] ?? 0), toBlock: typeof toBlock === 'number' ? toBlock : undefined }
    },
    /** The lowest block that was undone to since a time; undefined when nothing was. */
    lowestRewindSince(unixMs: number): number | undefined {
      const [row] = all(`SELECT min(to_block) FROM rewinds WHERE ${here} AND at >= ?`, unixMs)
      return typeof row?.[0] === 'number' ? row[0] : undefined
    },
    /** Code that any order of the book has needed. */
    artifacts(): readonly ArtifactId[] {
      const kinds = [
        ['Interpreter', 'interpreter_address'],
        ['Store', 'store_address'],
      ] as const
      return kinds.flatMap(([kind, column]) =>
        all(`SELECT DISTINCT ${column} FROM order_events WHERE ${here}`).map(([address]) => {
          return { kind, address: hexOf(address) }
        }),
      )
    },
    timestampOf(block: number): number | undefined {
      const [row] = all(
        `SELECT block_timestamp FROM block_hashes WHERE ${here} AND block_number = ?
         UNION ALL SELECT block_timestamp FROM raw_logs WHERE ${byNumber} AND block_number = ? LIMIT 1`,
        ...[block, ...scope, block],
      )
      return typeof row?.[0] === 'number' ? row[0] : undefined
    },
    code(): readonly StoredCode[] {
      return prepared(
        'SELECT kind, address, bytecode, fetched_at_block, fetched_at_ts FROM bytecode_artifacts WHERE chain_id = ?',
      )
        .all(chainId)
        .map(([kind, address, bytecode, block, at]) => ({
          // Written by putCode.
          kind: String(kind) as StoredCode['kind'],
          address: hexOf(address),
          bytecode: hexOf(bytecode),
          fetchedAtBlock: Number(block),
          fetchedAtUnixMs: Number(at),
        }))
    },
    putCode({ kind, address, bytecode, fetchedAtBlock, fetchedAtUnixMs }: StoredCode): void {
      prepared('INSERT OR REPLACE INTO bytecode_artifacts VALUES (?, ?, ?, ?, ?, ?)').run(
        ...[chainId, address, kind, bytecode, fetchedAtBlock, fetchedAtUnixMs],
      )
    },
    snapshot: snapshots.snapshot,
    putSnapshot(snapshot: StoredSnapshot, keep: number, rewinds = Number.MAX_SAFE_INTEGER): void {
      const { number } = snapshot.block
      inTransaction(database, () => {
        const undone = all(`SELECT 1 FROM rewinds WHERE ${here} AND id > ? AND to_block < ?`, rewinds, number)
        if (undone.length > 0) return
        snapshots.put(snapshot)
        snapshots.prune(keep)
      })
    },
  }

  /** Rows of logs that count: those of a store from the block on that names it. */
  function readRows(after: number, limit: number, upTo?: number): readonly (readonly SqlValue[])[] {
    return all(
      `SELECT coalesce(r.source, b.orderbook_address), r.event, r.topics, r.block_number, r.block_timestamp, r.log_index,
         r.bytes
       FROM books b JOIN raw_logs r ON r.book = b.book
       LEFT JOIN book_stores s ON s.chain_id = b.chain_id AND s.orderbook_address = b.orderbook_address
         AND s.store_address = r.source
       WHERE b.chain_id = ? AND b.orderbook_address = ? AND r.block_number > ? AND r.block_number <= ?
         AND (r.source IS NULL OR s.first_block <= r.block_number)
       ORDER BY r.block_number, r.log_index LIMIT ?`,
      ...[after, upTo ?? Number.MAX_SAFE_INTEGER, limit],
    )
  }
}
