/**
 * What a column holds. It decides what equality and order mean: `"150.00"`
 * equals `150` in a `decimal` column, and an ISO string equals a `Date` in a
 * `datetime` column [V4]. `any` compares values as they are.
 */
export type ColumnType =
  | 'any'
  | 'bool'
  | 'int'
  | 'float'
  | 'decimal'
  | 'text'
  | 'bytes'
  | 'datetime'
  | 'uuid'
  | 'recordId'
  | 'duration'
  | 'array'
  | 'object'

/** Column types by field name. A field that is not named is `any`. */
export type ColumnTypes = { readonly [field: string]: ColumnType }
