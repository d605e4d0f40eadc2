import { CborCodec, RecordId, Uuid } from 'surrealdb'
import { unstorable } from '../master-errors.ts'
import { textToUuid } from './surreal-uuid.ts'

/**
 * The key of a record id as text, one text for each key.
 *
 * A text key stands for itself. Other kinds are marked, so that the number 5
 * and the text `5` stay apart: `~n5`, `~u…` for a UUID, `~c…` for the rest, and
 * `~s…` for a text that starts like a mark.
 */
export function recordIdToText(id: RecordId): string {
  const key: unknown = id.id
  if (typeof key === 'string') return /^~[nucs]/.test(key) ? `~s${key}` : key
  if (typeof key === 'number' || typeof key === 'bigint') return `~n${key}`
  if (key instanceof Uuid) return `~u${key.toString()}`
  return `~c${bytesToHex(codec.encode(key))}`
}

/**
 * The record id in this table whose text this is.
 *
 * @throws {FreshetError} `table/unstorable`: no key has this text.
 */
export function idToRecordId(table: string, id: string): RecordId {
  assertKeptText(table, 'the table')
  assertKeptText(id, 'the id')
  return new RecordId(table, textToKey(id))
}

/** The record id written `table:key`, or `undefined` when the text is none. */
export function textToRecordId(text: string): RecordId | undefined {
  const at = text.indexOf(':')
  return at > 0 ? idToRecordId(text.slice(0, at), text.slice(at + 1)) : undefined
}

/** @throws {FreshetError} `table/unstorable`: not a text that is kept. */
export function assertKeptText(text: string, path: string): void {
  if (!isKeptText(text)) {
    throw unstorable(path, 'it is not valid Unicode, or starts with a byte order mark, which the SDK drops')
  }
}

/** Whether the SDK sends this text as it is, and reads it back so. */
export function isKeptText(text: string): boolean {
  return text.isWellFormed() && !text.startsWith('\uFEFF')
}

const codec = new CborCodec({})

function textToKey(id: string): ConstructorParameters<typeof RecordId>[1] {
  const text = id.slice(2)
  switch (id.slice(0, 2)) {
    case '~s':
      return text
    case '~n':
      if (/^-?\d{1,19}$/.test(text)) return smallest(BigInt(text))
      break
    case '~u': {
      const key = textToUuid(text)
      if (key !== undefined) return key
      break
    }
    case '~c':
      if (/^([0-9a-f]{2})+$/.test(text)) return codec.decode(hexToBytes(text))
      break
    default:
      return id
  }
  throw unstorable('the id', 'ids that start with ~n, ~u, ~c or ~s stand for keys that are no text')
}

function smallest(value: bigint): number | bigint {
  return Number.isSafeInteger(Number(value)) ? Number(value) : value
}

function bytesToHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

function hexToBytes(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
}
