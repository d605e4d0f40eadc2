import type { MasterChange, RowChange } from '../master.ts'
import { oldText, readOld, type OldRow, type PgOutputMessage, type Tuple } from './pgoutput.ts'
import { operationPrefix } from './postgres-writes.ts'
import type { ReadColumn, RowReader, RowReaders } from './row-reader.ts'

/** What a transaction came to: its changes, of which some are still to be read, and where it ends. */
export type ReadTransaction = {
  readonly xid: number
  readonly endLsn: bigint
  readonly changes: readonly RowChange[]
  /** Rows that were told in part: what they are now has to be read. */
  readonly partial: ReadonlySet<string>
  /** What is known beyond the changes is not all there is: read everything. */
  readonly isBroken: boolean
  readonly op: string | undefined
  /** What was put into the log beside the rows, by prefix. */
  readonly marks: readonly string[]
}

/** Puts the messages of a stream together to transactions. */
export type TransactionReader = {
  /** Resolves or returns a transaction when the message ends one. */
  take(message: PgOutputMessage): ReadTransaction | undefined | Promise<undefined>
  /** Between two transactions everything before is told. */
  readonly isBetween: boolean
}

/** Prefix of the messages by which a stream finds out that it has caught up. */
export const markPrefix = 'freshet.mark'

/** Changes of one transaction that are held in memory; beyond that everything is read again. */
const maxChanges = 1_000_000

/**
 * @param options.onColumns - Told of the columns of the table, before rows that have them;
 *   whether others than before are among those declared.
 * @param options.wantsBefore - Whether rows as they were are wanted, where the server tells them.
 */
export function createTransactionReader(options: {
  readonly readers: RowReaders
  readonly wantsBefore: boolean
  onColumns(columns: readonly ReadColumn[]): boolean
}): TransactionReader {
  const { readers, wantsBefore } = options
  const readerOf = new Map<number, RowReader>()
  let changes: RowChange[] = []
  let partial = new Set<string>()
  let marks: string[] = []
  let op: string | undefined
  let isBroken = false
  let xid = 0
  let isBetween = true

  const push = (change: RowChange): void => {
    if (changes.length < maxChanges) changes.push(change)
    else isBroken = true
  }
  const clear = (): void => {
    changes = []
    partial = new Set()
    marks = []
    op = undefined
    isBroken = false
  }
  /** A new row, with what did not change taken from the old one. */
  const upsert = (reader: RowReader, row: Tuple, old: OldRow | undefined): void => {
    const whole = old !== undefined && row.includes(undefined) ? filledUp(row, readOld(old)) : row
    const id = idOf(reader, whole[reader.idAt])
    if (id === undefined) return void (isBroken = true)
    if (whole.includes(undefined)) partial.add(id)
    const next = reader.read(id, whole)
    if (wantsBefore && old !== undefined)
      push({ kind: 'upsert', id, row: next, before: reader.read(id, readOld(old)) })
    else push({ kind: 'upsert', id, row: next })
  }
  const gone = (reader: RowReader, text: string | null | undefined): void => {
    const id = idOf(reader, text)
    if (id === undefined) isBroken = true
    else push({ kind: 'delete', id })
  }
  const update = (
    reader: RowReader,
    { row, old, isKey }: Extract<PgOutputMessage, { kind: 'update' }>,
  ): void => {
    const from = old && oldText(old, reader.idAt)
    const to = row[reader.idAt] ?? from
    if (typeof from === 'string' && from !== to) gone(reader, from)
    upsert(reader, row, isKey ? undefined : old)
  }
  const learn = (message: Extract<PgOutputMessage, { kind: 'relation' }>): undefined | Promise<undefined> => {
    isBroken ||= options.onColumns(message.columns)
    const reader = readers.of(message.columns)
    if (!(reader instanceof Promise)) return void readerOf.set(message.relation, reader)
    return reader.then((made) => void readerOf.set(message.relation, made))
  }

  return {
    get isBetween() {
      return isBetween
    },
    take(message) {
      switch (message.kind) {
        case 'begin':
          isBetween = false
          xid = message.xid
          return undefined
        case 'commit': {
          const read = { xid, endLsn: message.endLsn, changes, partial, isBroken, op, marks }
          clear()
          isBetween = true
          return read
        }
        case 'relation':
          return learn(message)
        case 'insert':
        case 'update':
        case 'delete': {
          const reader = readerOf.get(message.relation)
          if (reader === undefined) isBroken = true
          else if (message.kind === 'insert') upsert(reader, message.row, undefined)
          else if (message.kind === 'update') update(reader, message)
          else gone(reader, message.old[reader.idAt])
          return undefined
        }
        case 'truncate':
          isBroken = true
          return undefined
        case 'message':
          if (message.prefix === operationPrefix) op = message.content
          if (message.prefix === markPrefix) marks.push(message.content)
          return undefined
        case 'keepalive':
        case 'other':
          return undefined
      }
    },
  }
}

function idOf(reader: RowReader, text: string | null | undefined): string | undefined {
  return typeof text === 'string' ? reader.idOf(text) : undefined
}

/** A row that was told in part, with the rest from the row before. */
function filledUp(row: Tuple, old: Tuple): Tuple {
  return row.map((text, at) => (text === undefined ? old[at] : text))
}

/** A transaction as a watch reports it: one change as itself, more of them as a whole. */
export function* transactionChanges(
  { changes, isBroken, op }: ReadTransaction,
  cursor: string | undefined,
): Generator<MasterChange> {
  const [only] = changes
  const place = isBroken ? undefined : cursor
  if (only !== undefined && changes.length === 1) yield { ...only, op, cursor: place }
  else if (only !== undefined) yield { kind: 'transaction', changes, op, cursor: place }
  if (isBroken) yield { kind: 'invalidated', cursor }
}
