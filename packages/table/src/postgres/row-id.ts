import { unstorable } from '../master-errors.ts'
import { formatArray } from './postgres-array.ts'
import { quote, type PgColumn, type PgTable } from './postgres-catalog.ts'

/** Types of keys that are compared as they are, so that their index is used; others by their text. */
const castOf: { readonly [scalar in PgColumn['kind']['scalar']]?: string } = {
  int2: 'int2',
  int4: 'int4',
  int8: 'int8',
  uuid: 'uuid',
  text: 'text',
}

/** A bound id as a value of the key's type. The id must be one that the key can have. */
export function idParameter(table: PgTable, idField: string, parameter: string): string {
  const cast = castOf[keyOf(table, idField).kind.scalar]
  return cast === undefined ? parameter : `${parameter}::${cast}`
}

/** The condition that a row has this id. */
export function hasId(table: PgTable, idField: string, id: string, bind: (value: string) => string): string {
  const key = keyOf(table, idField)
  if (!isPossibleId(id, key)) return 'FALSE'
  const cast = castOf[key.kind.scalar]
  return cast === undefined
    ? `${quote(idField)}::text COLLATE "C" = ${bind(id)}`
    : `${quote(idField)} = ${bind(id)}::${cast}`
}

/** The condition that a row has one of these ids. */
export function idIsOneOf(
  table: PgTable,
  idField: string,
  ids: readonly string[],
  bind: (value: string) => string,
): string {
  const key = keyOf(table, idField)
  const possible = ids.filter((id) => isPossibleId(id, key))
  const cast = castOf[key.kind.scalar]
  const list = bind(formatArray(possible))
  return cast === undefined
    ? `${quote(idField)}::text COLLATE "C" = ANY (${list}::text[])`
    : `${quote(idField)} = ANY (${list}::${cast}[])`
}

/** @throws {FreshetError} `table/unstorable`: the key would turn the id into another, or cannot hold it. */
export function assertPossibleId(table: PgTable, idField: string, id: string): void {
  const key = keyOf(table, idField)
  if (!isPossibleId(id, key)) throw unstorable('the id', `its column holds ${key.kind.scalar}`)
}

/** Whether this text is how the key's own text of some value looks. */
function isPossibleId(id: string, { kind }: PgColumn): boolean {
  switch (kind.scalar) {
    case 'int2':
      return isInteger(id, 16)
    case 'int4':
      return isInteger(id, 32)
    case 'int8':
      return isInteger(id, 64)
    case 'uuid':
      return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id)
    case 'bpchar':
      return isText(id) && !id.endsWith(' ')
    default:
      return isText(id)
  }
}

function isInteger(id: string, size: number): boolean {
  return /^(0|-?[1-9]\d{0,18})$/.test(id) && BigInt.asIntN(size, BigInt(id)) === BigInt(id)
}

function isText(id: string): boolean {
  return id.isWellFormed() && !id.includes('\0')
}

function keyOf(table: PgTable, idField: string): PgColumn {
  const key = table.columns.get(idField)
  // readTable has looked.
  if (key === undefined) throw new RangeError(`There is no column ${idField}.`)
  return key
}
