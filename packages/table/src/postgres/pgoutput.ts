import type { ReadColumn } from './row-reader.ts'

/** The values of a row as PostgreSQL writes them; `undefined` is one that was not sent, because it did not change. */
export type Tuple = readonly (string | null | undefined)[]

/**
 * A row as it was, not read yet: most changes are told without it, and reading
 * it costs as much as reading the new one. To be read while its frame is held.
 */
export type OldRow = { readonly frame: Buffer; readonly at: number }

/** A message of the replication stream, as far as the driver has a use for it. */
export type PgOutputMessage =
  | { readonly kind: 'begin'; readonly xid: number }
  | { readonly kind: 'commit'; readonly endLsn: bigint }
  | { readonly kind: 'relation'; readonly relation: number; readonly columns: readonly ReadColumn[] }
  | { readonly kind: 'insert'; readonly relation: number; readonly row: Tuple }
  /** `old` is the whole row before, or its key where `isKey`; absent when the key stayed and only the key is told. */
  | {
      readonly kind: 'update'
      readonly relation: number
      readonly row: Tuple
      readonly old: OldRow | undefined
      readonly isKey: boolean
    }
  | { readonly kind: 'delete'; readonly relation: number; readonly old: Tuple }
  | { readonly kind: 'truncate'; readonly relations: readonly number[] }
  /** What was put into the log beside the rows. */
  | { readonly kind: 'message'; readonly prefix: string; readonly content: string }
  /** The server has read its log up to here, and has sent all that there is to send. */
  | { readonly kind: 'keepalive'; readonly walEnd: bigint; readonly wantsReply: boolean }
  | { readonly kind: 'other' }

/** Where the message of the plugin begins within a frame of log data. */
const payloadAt = 25

const other: PgOutputMessage = { kind: 'other' }

/**
 * Reads one frame of a replication stream of the plugin `pgoutput`, version 1.
 *
 * @see PostgreSQL, "Streaming Replication Protocol" and "Logical Replication Message Formats"
 */
export function readPgOutput(frame: Buffer): PgOutputMessage {
  if (frame[0] === 0x6b)
    return { kind: 'keepalive', walEnd: frame.readBigUInt64BE(1), wantsReply: frame[17] === 1 }
  if (frame[0] !== 0x77) return other
  switch (frame[payloadAt]) {
    case 0x42:
      return { kind: 'begin', xid: frame.readUInt32BE(payloadAt + 17) }
    case 0x43:
      return { kind: 'commit', endLsn: frame.readBigUInt64BE(payloadAt + 10) }
    case 0x52:
      return readRelation(frame)
    case 0x49:
      return {
        kind: 'insert',
        relation: frame.readUInt32BE(payloadAt + 1),
        row: readTuple(frame, payloadAt + 6),
      }
    case 0x55:
      return readUpdate(frame)
    case 0x44:
      return {
        kind: 'delete',
        relation: frame.readUInt32BE(payloadAt + 1),
        old: readTuple(frame, payloadAt + 6),
      }
    case 0x54:
      return readTruncate(frame)
    case 0x4d:
      return readLogMessage(frame)
    default:
      return other
  }
}

function readUpdate(frame: Buffer): PgOutputMessage {
  const relation = frame.readUInt32BE(payloadAt + 1)
  const mark = frame[payloadAt + 5]
  // N: the new row follows at once. K, O: the old key or the old row comes first.
  if (mark === 0x4e)
    return {
      kind: 'update',
      relation,
      row: readTuple(frame, payloadAt + 6),
      old: undefined,
      isKey: false,
    }
  const oldAt = payloadAt + 6
  const row = readTuple(frame, columnAt(frame, oldAt, Infinity) + 1)
  return { kind: 'update', relation, row, old: { frame, at: oldAt }, isKey: mark === 0x4b }
}

/** Where a column of the row that begins here begins; behind the last, its end. */
function columnAt(frame: Buffer, start: number, column: number): number {
  const count = Math.min(column, frame.readUInt16BE(start))
  let at = start + 2
  for (let passed = 0; passed < count; passed++) at += frame[at] === 0x74 ? 5 + frame.readUInt32BE(at + 1) : 1
  return at
}

/** The text of one column of a row as it was. */
export function oldText({ frame, at: start }: OldRow, column: number): string | null | undefined {
  const at = columnAt(frame, start, column)
  if (frame[at] !== 0x74) return frame[at] === 0x6e ? null : undefined
  return frame.toString('utf8', at + 5, at + 5 + frame.readUInt32BE(at + 1))
}

export function readOld({ frame, at }: OldRow): Tuple {
  return readTuple(frame, at)
}

function readTuple(frame: Buffer, start: number): Tuple {
  const count = frame.readUInt16BE(start)
  const tuple: (string | null | undefined)[] = []
  let at = start + 2
  for (let column = 0; column < count; column++) {
    const kind = frame[at]
    at += 1
    if (kind === 0x74) {
      const end = at + 4 + frame.readUInt32BE(at)
      tuple.push(frame.toString('utf8', at + 4, end))
      at = end
    } else {
      tuple.push(kind === 0x6e ? null : undefined)
    }
  }
  return tuple
}

function readRelation(frame: Buffer): PgOutputMessage {
  const relation = frame.readUInt32BE(payloadAt + 1)
  // Schema and name, then one byte for the replica identity.
  const { end: nameAt } = readName(frame, payloadAt + 5)
  let at = readName(frame, nameAt).end + 1
  const count = frame.readUInt16BE(at)
  at += 2
  const columns: ReadColumn[] = []
  for (let column = 0; column < count; column++) {
    const { text: name, end } = readName(frame, at + 1)
    columns.push({ name, typeOid: frame.readUInt32BE(end) })
    at = end + 8
  }
  return { kind: 'relation', relation, columns }
}

function readTruncate(frame: Buffer): PgOutputMessage {
  const count = frame.readUInt32BE(payloadAt + 1)
  const relations = Array.from({ length: count }, (_, index) => frame.readUInt32BE(payloadAt + 6 + 4 * index))
  return { kind: 'truncate', relations }
}

function readLogMessage(frame: Buffer): PgOutputMessage {
  const { text: prefix, end } = readName(frame, payloadAt + 10)
  const length = frame.readUInt32BE(end)
  return { kind: 'message', prefix, content: frame.toString('utf8', end + 4, end + 4 + length) }
}

/** A text that ends with a zero byte. */
function readName(frame: Buffer, start: number): { readonly text: string; readonly end: number } {
  const zero = frame.indexOf(0, start)
  return { text: frame.toString('utf8', start, zero), end: zero + 1 }
}
