import type { ColumnType } from '@freshet/core'
import { unsupportedFilter } from '../master-errors.ts'
import { quote, type PgColumn } from './postgres-catalog.ts'
import type { Binder } from './postgres-filter.ts'

/** A condition that looks for a text within a field. */
export type TextSearch = { readonly field: string; readonly value: string }

/** The search of a column for a text, whatever the case of letters. What the driver reads as no text holds none. */
export function searchColumn(
  column: PgColumn,
  declared: ColumnType,
  search: TextSearch,
  binder: Binder,
): string {
  const { scalar, isArray } = column.kind
  if (isArray) throw refused(search)
  const find = (): string => findText(`${quote(column.name)}::text`, search, binder)
  if (declared === 'text' && scalar !== 'bool' && scalar !== 'bytea') return find()
  switch (scalar) {
    case 'int2':
    case 'int4':
    case 'int8':
    case 'float4':
    case 'float8':
    case 'numeric':
    case 'uuid':
    case 'bytea':
    case 'interval':
      return 'FALSE'
    case 'bool':
      if (declared === 'text') throw refused(search)
      return 'FALSE'
    case 'date':
    case 'timestamp':
      if (declared === 'datetime') throw refused(search)
      return find()
    case 'text':
    case 'bpchar':
    case 'other':
      if (declared === 'any') return find()
      throw refused(search)
    case 'timestamptz':
    case 'json':
    case 'jsonb':
      throw refused(search)
  }
}

/** The same for an expression of type `jsonb`. */
export function searchJson(expression: string, search: TextSearch, binder: Binder): string {
  const json = `(${expression})`
  const found = findText(`(${json} #>> '{}')`, search, binder)
  return `CASE WHEN jsonb_typeof(${json}) = 'string' THEN ${found} ELSE FALSE END`
}

function refused({ field }: TextSearch): Error {
  return unsupportedFilter(
    `PostgreSQL has no search of ${JSON.stringify(field)} that agrees with ours; search a column of text.`,
  )
}

/**
 * Letters as our own predicate folds them, whatever locale the database has: only
 * those that become a letter of what is looked for, as no other can be part of it.
 */
function findText(text: string, { value }: TextSearch, binder: Binder): string {
  // What is typed in a page need not be a text.
  if (typeof value !== 'string') throw unsupportedFilter('The filter looks for what is no text.')
  if (!value.isWellFormed()) throw unsupportedFilter('PostgreSQL has no text that is not valid Unicode.')
  if (value.includes('\0')) return 'FALSE'
  const folded = value.toLowerCase()
  if (/[σς]/.test(folded))
    throw unsupportedFilter(
      'PostgreSQL does not tell the Greek sigma at the end of a word from the other as we do; search for a part without it.',
    )
  const capitals = capitalsOf(folded)
  const from = capitals.map(([capital]) => capital).join('')
  const to = capitals.map(([, letter]) => letter).join('')
  // Of all letters only this one becomes two.
  const dotted = /i|\u0307/.test(folded)
    ? `replace(${text}, ${binder.bind(dottedI)}, ${binder.bind(dottedI.toLowerCase())})`
    : text
  const same = from === '' ? dotted : `translate(${dotted}, ${binder.bind(from)}, ${binder.bind(to)})`
  return `strpos((${same}) COLLATE "C", ${binder.bind(folded)}::text COLLATE "C") > 0`
}

/** Capital I with a dot above. */
const dottedI = '\u0130'

let letterCapitals: ReadonlyMap<string, readonly string[]> | undefined

/** The letters that become one of these when they are folded, each with what it becomes. */
function capitalsOf(folded: string): readonly (readonly [capital: string, letter: string])[] {
  letterCapitals ??= readCapitals()
  const known = letterCapitals
  return [...new Set(folded)].flatMap((letter) =>
    (known.get(letter) ?? []).map((capital) => [capital, letter] as const),
  )
}

/** By letter: what becomes this letter alone. All that have a case are in the first two planes. */
function readCapitals(): ReadonlyMap<string, readonly string[]> {
  const capitals = new Map<string, string[]>()
  for (let code = 0; code < 0x2_0000; code++) {
    const capital = String.fromCodePoint(code)
    const letter = capital.toLowerCase()
    if (letter === capital || capital === dottedI) continue
    const known = capitals.get(letter)
    if (known === undefined) capitals.set(letter, [capital])
    else known.push(capital)
  }
  return capitals
}
