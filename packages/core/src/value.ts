/**
 * A value of a row: what a remote can hold, without loss.
 *
 * Integers beyond 2^53 are `bigint`, never rounded; a datetime finer than a
 * millisecond is a `Tagged` datetime, not a `Date` [V1, V2].
 */
export type Value =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | Date
  | Tagged
  | readonly Value[]
  | { readonly [field: string]: Value }

/** A plain record of values. An absent field and `null` are different [V3]. */
export type Row = { readonly [field: string]: Value }

/** Kinds of values that JavaScript has no exact type for. */
export type Tag = 'decimal' | 'uuid' | 'recordId' | 'duration' | 'datetime'

/**
 * A value JavaScript has no exact type for, kept as its canonical text.
 *
 * A class and not a plain record, so that no remote record can pass for one.
 * Immutable. Compare with `valuesEqual`, not `===`.
 */
export class Tagged {
  readonly tag: Tag
  readonly text: string

  constructor(tag: Tag, text: string) {
    this.tag = tag
    this.text = text
  }

  toString(): string {
    return this.text
  }

  toJSON(): string {
    return this.text
  }
}

/**
 * An exact decimal, such as `decimal('150.00')`. Trailing zeros are kept in the
 * text and ignored by equality.
 *
 * @throws {RangeError} when the text is not a decimal number.
 */
export function decimal(text: string): Tagged {
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) {
    throw new RangeError(`${JSON.stringify(text)} is not a decimal number.`)
  }
  return new Tagged('decimal', text)
}

/** A UUID; its text is kept in lower case. */
export function uuid(text: string): Tagged {
  return new Tagged('uuid', text.toLowerCase())
}

/** A reference to a row of a remote table, written `table:key`. */
export function recordId(table: string, key: string): Tagged {
  return new Tagged('recordId', `${table}:${key}`)
}

/** A span of time in the remote's own notation, such as `1h30m`. */
export function duration(text: string): Tagged {
  return new Tagged('duration', text)
}

/** An instant finer than a millisecond, as ISO 8601 text in UTC. */
export function datetime(text: string): Tagged {
  return new Tagged('datetime', text)
}

/** Whether a value is a plain record, and not a `Date`, bytes, array or `Tagged`. */
export function isRecord(value: Value | undefined): value is Row {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Date) &&
    !(value instanceof Uint8Array) &&
    !(value instanceof Tagged)
  )
}
