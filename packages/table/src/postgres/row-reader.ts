import type { Row, Value } from '@freshet/core'
import { columnType } from '../master-schema.ts'
import type { MasterEntry, TableSchema } from '../master.ts'
import { decoderOf, type Decoder } from './decode-value.ts'
import type { TypeKinds } from './postgres-kind.ts'

/** A column of a result or of a change: its name, and its type as it was then. */
export type ReadColumn = { readonly name: string; readonly typeOid: number }

/** Makes rows of the texts of these columns. */
export type RowReader = {
  /** Index of the id among the columns; -1 when it is not there. */
  readonly idAt: number
  idOf(text: string): string
  /** @param texts - One for each column; `undefined` is left out of what is declared, and reads as null. */
  read(id: string, texts: readonly (string | null | undefined)[]): Row
}

/** Readers by the columns they read, made once each: what a type is, PostgreSQL is asked for at most once. */
export type RowReaders = {
  of(columns: readonly ReadColumn[]): RowReader | Promise<RowReader>
  /** The rows of a result whose first column is the id as text. */
  entries(
    columns: readonly ReadColumn[],
    rows: readonly (readonly (string | null)[])[],
  ): Promise<MasterEntry[]>
}

export function createRowReaders(schema: TableSchema, kinds: TypeKinds): RowReaders {
  const readers = new Map<string, RowReader>()
  const of = (columns: readonly ReadColumn[]): RowReader | Promise<RowReader> => {
    const key = columns.map(({ name, typeOid }) => `${typeOid} ${name}`).join('\0')
    const known = readers.get(key)
    if (known !== undefined) return known
    const make = (): RowReader => {
      const reader = createRowReader(schema, kinds, columns)
      readers.set(key, reader)
      return reader
    }
    const oids = columns.map(({ typeOid }) => typeOid)
    return oids.every((oid) => kinds.kind(oid) !== undefined) ? make() : kinds.learn(oids).then(make)
  }
  return {
    of,
    async entries(columns, rows) {
      const reader = await of(columns)
      return rows.map((texts): MasterEntry => {
        const id = String(texts[0])
        return [id, reader.read(id, texts)]
      })
    },
  }
}

function createRowReader(schema: TableSchema, kinds: TypeKinds, columns: readonly ReadColumn[]): RowReader {
  const { idField } = schema
  const fields = Object.keys(schema.columns).filter((field) => field !== idField)
  const idAt = columns.findIndex(({ name }) => name === idField)
  const isPadded = kinds.kind(columns[idAt]?.typeOid ?? 0)?.scalar === 'bpchar'
  // A declared column that is not there (any more) reads as null.
  const places = fields.map((field) => columns.findIndex(({ name }, at) => name === field && at !== idAt))
  const decoders = fields.map((field, at): Decoder => {
    const kind = kinds.kind(columns[places[at] ?? -1]?.typeOid ?? 0) ?? { scalar: 'other', isArray: false }
    return decoderOf(kind, columnType(schema, field))
  })
  const isPlain = ![idField, ...fields].includes('__proto__')

  const valueAt = (at: number, texts: readonly (string | null | undefined)[]): Value => {
    const text = texts[places[at] ?? -1]
    // As long as `fields`, which `at` counts.
    return typeof text === 'string' ? (decoders[at] as Decoder)(text) : null
  }
  return {
    idAt,
    idOf: isPadded ? (text) => text.replace(/ +$/, '') : (text) => text,
    read: isPlain
      ? (id, texts) => {
          const row: Record<string, Value> = { [idField]: id }
          for (let at = 0; at < fields.length; at++) row[fields[at] ?? ''] = valueAt(at, texts)
          return row
        }
      : // An assignment would take `__proto__` for the prototype.
        (id, texts): Row =>
          Object.fromEntries<Value>([
            [idField, id],
            ...fields.map((field, at) => [field, valueAt(at, texts)] as const),
          ]),
  }
}
