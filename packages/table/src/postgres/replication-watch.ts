import { randomUUID } from 'node:crypto'
import type { Clock } from '@freshet/core'
import type { ClientConfig } from 'pg'
import type { MasterChange, MasterEntry, RowChange } from '../master.ts'
import { cursorAt, cursorPrefix, lsnIn, type CursorScope } from './change-cursor.ts'
import { quote, type PgTable } from './postgres-catalog.ts'
import type { Run } from './postgres-connection.ts'
import { ensurePublished } from './publication.ts'
import { openReplicationConnection, type ReplicationConnection } from './replication-connection.ts'
import { lsnToText } from './lsn.ts'
import { prepareSlot, type SlotStart } from './replication-slot.ts'
import type { ReadColumn } from './row-reader.ts'
import type { TableHandle } from './table-handle.ts'
import { createTransactionQueue } from './transaction-queue.ts'
import { createCommitWatch } from './visible-commits.ts'
import {
  createTransactionReader,
  markPrefix,
  transactionChanges,
  type ReadTransaction,
} from './transaction-reader.ts'

export type ReplicationWatchOptions = {
  readonly config: ClientConfig
  readonly handle: TableHandle
  readonly run: Run
  readonly publication: string
  /** The slot's name; without one it lasts as long as the watch, and no watch goes on after it. */
  readonly slot: string | undefined
  readonly from: string | undefined
  /** Whether rows as they were are wanted. */
  readonly wantsBefore: boolean
  readonly clock: Clock
  /** How often the table's columns are looked at, which may change without a row of it. */
  readonly schemaCheckMs: number
  readonly signal: AbortSignal
  /** The rows that are there now. */
  readRows(ids: readonly string[]): Promise<readonly MasterEntry[]>
  /** Given the way to tell the server what is safe here; `undefined` at the end. */
  onStream(acknowledge: ((lsn: bigint) => void) | undefined): void
}

/** How far the log may run on without a change of the table before the place in it is moved on. */
const idleBytes = 1n << 20n

/**
 * Changes of a table from the server's own log: every one of them, in the order
 * of the commits, transaction by transaction.
 */
export async function* watchByReplication(options: ReplicationWatchOptions): AsyncGenerator<MasterChange> {
  const { config, clock, signal, handle, run } = options
  if (signal.aborted) return
  const stream = await openReplicationConnection(config, clock)
  const abort = (): void => void stream.close()
  signal.addEventListener('abort', abort)
  try {
    if (signal.aborted) return
    const table = await handle.reload()
    const published = await ensurePublished(run, table, {
      publication: options.publication,
      idField: handle.schema.idField,
    })
    const [system] = await stream.command('IDENTIFY_SYSTEM')
    const scope: CursorScope = {
      systemId: system?.['systemid'] ?? '',
      slot: options.slot ?? '',
      fingerprint: (published ? table : await handle.reload()).fingerprint,
    }
    // What happened before the publication told of it is not in the slot.
    const from = published ? lsnIn(scope, options.from) : undefined
    const start = await prepareSlot({ stream, run, slot: options.slot, from, clock, signal })
    yield* changesOf(options, stream, start, scope, table)
  } catch (error) {
    if (signal.aborted) return
    throw error
  } finally {
    options.onStream(undefined)
    signal.removeEventListener('abort', abort)
    await stream.close()
  }
}

async function* changesOf(
  options: ReplicationWatchOptions,
  stream: ReplicationConnection,
  start: SlotStart,
  scope: CursorScope,
  table: PgTable,
): AsyncGenerator<MasterChange> {
  const { handle, clock, run } = options
  const isKept = options.slot !== undefined
  let known = table
  let prefix = cursorPrefix(scope)
  let told = start.from
  let released = start.from
  let isSchemaDue = false
  const cursorOf = (lsn: bigint): string | undefined => (isKept ? cursorAt(prefix, lsn) : undefined)
  const reader = createTransactionReader({
    readers: handle.readers,
    wantsBefore: options.wantsBefore,
    onColumns: (columns) => !hasColumns(known, columns, handle),
  })
  const commits = createCommitWatch(run, clock, options.signal)
  const queue = createTransactionQueue({ reader, onFull: stream.pause, onAsked: stream.sendStatus })
  /** Looks at the table as it is now; whether that is another than it was. */
  const isAltered = async (): Promise<boolean> => {
    const now = await handle.reload()
    const altered = now.fingerprint !== known.fingerprint
    known = now
    prefix = cursorPrefix({ ...scope, fingerprint: now.fingerprint })
    return altered
  }
  await stream.start(
    `START_REPLICATION SLOT ${quote(start.name)} LOGICAL ${lsnToText(start.from)} ` +
      `(proto_version '1', messages 'true', publication_names ${literal(quote(options.publication))})`,
    queue.onFrame,
    queue.onEnd,
  )
  options.onStream(stream.acknowledge)
  const cancel = every(clock, options.schemaCheckMs, () => {
    isSchemaDue = true
    queue.wake()
  })

  try {
    // What the slot kept comes before this mark, and all of it.
    const mark = start.kind === 'resumed' ? randomUUID() : undefined
    if (mark === undefined) yield { kind: 'live', cursor: cursorOf(told) }
    else {
      yield { kind: 'resumed' }
      await run({ text: `SELECT pg_logical_emit_message(true, '${markPrefix}', $1::text)`, values: [mark] })
    }
    for (;;) {
      const event = await queue.next()
      if (event.kind === 'transaction') {
        const { transaction } = event
        if (transaction.isBroken) await isAltered()
        if (transaction.changes.length > 0 || transaction.isBroken)
          await commits.untilVisible(transaction.xid)
        told = transaction.endLsn
        yield* transactionChanges(await completed(transaction, options), cursorOf(told))
        if (mark !== undefined && transaction.marks.includes(mark))
          yield { kind: 'live', cursor: cursorOf(told) }
      } else if (event.kind === 'quiet' && event.walEnd - told > (event.asks ? 0n : idleBytes)) {
        told = event.walEnd
        if (isKept) yield { kind: 'transaction', changes: [], cursor: cursorOf(told) }
      }
      // Nobody goes on from here, so that nothing needs to be kept.
      if (!isKept && (event.kind === 'quiet' || told - released > idleBytes)) {
        released = told
        stream.acknowledge(told)
      }
      if (!isSchemaDue) continue
      isSchemaDue = false
      if (await isAltered()) yield { kind: 'invalidated', cursor: cursorOf(told) }
    }
  } finally {
    cancel()
  }
}

/** Reads what a transaction told in part: values too long to be told again when they did not change. */
async function completed(
  transaction: ReadTransaction,
  options: ReplicationWatchOptions,
): Promise<ReadTransaction> {
  const { partial } = transaction
  if (partial.size === 0) return transaction
  const rows = new Map((await options.readRows([...partial])).map(([id, row]) => [id, row]))
  const changes = transaction.changes.map((change): RowChange => {
    if (change.kind === 'delete' || !partial.has(change.id)) return change
    const row = rows.get(change.id)
    return row === undefined ? { kind: 'delete', id: change.id } : { ...change, row }
  })
  return { ...transaction, changes }
}

/** Whether these are the columns of the table as it is known, as far as the schema declares them. */
function hasColumns(table: PgTable, columns: readonly ReadColumn[], { schema }: TableHandle): boolean {
  const types = new Map(columns.map(({ name, typeOid }) => [name, typeOid]))
  return [schema.idField, ...Object.keys(schema.columns)].every(
    (field) => types.get(field) === table.columns.get(field)?.typeOid,
  )
}

function every(clock: Clock, everyMs: number, task: () => void): () => void {
  let cancel = (): void => {}
  const again = (): void => {
    cancel = clock.schedule(() => {
      task()
      again()
    }, everyMs)
  }
  if (everyMs < Infinity) again()
  return () => cancel()
}

function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}
