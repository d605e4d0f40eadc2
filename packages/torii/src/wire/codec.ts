import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import { badMessage } from './bad-message.ts'
import { decodeUtf8 } from './short-text.ts'

/** How a message is written and read. Unknown fields are passed over, absent ones have their empty value. */
export type Codec<T> = {
  write(writer: BinaryWriter, message: T): void
  /** Reads up to `end`. */
  read(reader: BinaryReader, end: number): T
}

/** One field of a message, by its number. `before` is what was read of it so far. */
export type Field<T> = {
  readonly no: number
  readonly empty: T
  write(writer: BinaryWriter, value: T): void
  read(reader: BinaryReader, before: T): T
}

type Fields = { readonly [name: string]: Field<never> }

/** The message a codec is for. */
export type MessageOf<C> = C extends Codec<infer T> ? T : never

/** A message by its fields; their numbers are those of the protocol. */
export function message<F extends { readonly [name in keyof F]: Field<F[name]['empty']> }>(
  fields: F,
): Codec<{ readonly [name in keyof F]: F[name]['empty'] }> {
  // The names and types of the fields are kept by the signature; below each value meets only its own field.
  const entries = Object.entries(fields as unknown as Fields) as [string, Field<unknown>][]
  const byNumber = new Map(entries.map(([name, field]) => [field.no, { name, field }]))
  return {
    write(writer, value) {
      for (const [name, field] of entries)
        field.write(writer, (value as { readonly [name: string]: unknown })[name])
    },
    read(reader, end) {
      const found: { [name: string]: unknown } = {}
      for (const [name, field] of entries) found[name] = field.empty
      while (reader.pos < end) {
        const [no, wireType] = reader.tag()
        const known = byNumber.get(no)
        if (known) found[known.name] = known.field.read(reader, found[known.name])
        else reader.skip(wireType, no)
      }
      return found as ReturnType<Codec<{ readonly [name in keyof F]: F[name]['empty'] }>['read']>
    },
  }
}

export function encode<T>(codec: Codec<T>, value: T): Uint8Array {
  const writer = new BinaryWriter()
  codec.write(writer, value)
  return writer.finish()
}

/** @throws {FreshetError} `torii/bad-message`: cut off, or not of this shape. */
export function decode<T>(codec: Codec<T>, bytes: Uint8Array, what: string): T {
  const reader = new BinaryReader(bytes, decodeUtf8)
  try {
    const value = codec.read(reader, reader.len)
    if (reader.pos !== reader.len) throw new RangeError('A part is longer than what holds it.')
    return value
  } catch (error) {
    throw badMessage(what, error)
  }
}

export function text(no: number): Field<string> {
  return scalar(no, '', (value) => value === '', WireType.LengthDelimited, {
    write: (writer, value) => writer.string(value),
    read: (reader) => reader.string(),
  })
}

export function bytes(no: number): Field<Uint8Array> {
  return scalar<Uint8Array>(no, new Uint8Array(0), (value) => value.length === 0, WireType.LengthDelimited, {
    write: (writer, value) => writer.bytes(value),
    read: (reader) => reader.bytes(),
  })
}

export function uint32(no: number): Field<number> {
  return scalar(no, 0, (value) => value === 0, WireType.Varint, {
    write: (writer, value) => writer.uint32(value),
    read: (reader) => reader.uint32(),
  })
}

export function uint64(no: number): Field<bigint> {
  return scalar(no, 0n, (value) => value === 0n, WireType.Varint, {
    write: (writer, value) => writer.uint64(value),
    read: (reader) => BigInt(reader.uint64()),
  })
}

export function bool(no: number): Field<boolean> {
  return scalar(no, false, (value) => !value, WireType.Varint, {
    write: (writer, value) => writer.bool(value),
    read: (reader) => reader.bool(),
  })
}

/** A field whose absence is told from its empty value. */
export function optional<T>(field: Field<T>): Field<T | undefined> {
  const { no, empty } = field
  return {
    no,
    empty: undefined,
    write(writer, value) {
      if (value !== undefined) field.write(writer, value)
    },
    read: (reader, before) => field.read(reader, before ?? empty),
  }
}

export function repeatedBytes(no: number): Field<readonly Uint8Array[]> {
  return list(no, {
    write: (writer, value) => writer.tag(no, WireType.LengthDelimited).bytes(value),
    read: (reader) => reader.bytes(),
  })
}

export function repeatedText(no: number): Field<readonly string[]> {
  return list(no, {
    write: (writer, value) => writer.tag(no, WireType.LengthDelimited).string(value),
    read: (reader) => reader.string(),
  })
}

/** Enumeration values in one packed run, or one by one. Written packed, as the protocol's default is. */
export function repeatedEnum(no: number): Field<readonly number[]> {
  return {
    no,
    empty: [],
    write(writer, values) {
      if (values.length === 0) return
      writer.tag(no, WireType.LengthDelimited).fork()
      for (const value of values) writer.int32(value)
      writer.join()
    },
    read(reader, before) {
      const end = endOfPart(reader)
      const values = [...before]
      while (reader.pos < end) values.push(reader.int32())
      return values
    },
  }
}

export function part<T>(no: number, codec: Codec<T>): Field<T | undefined> {
  return {
    no,
    empty: undefined,
    write(writer, value) {
      if (value !== undefined) writePart(writer, no, codec, value)
    },
    read: (reader) => readPart(reader, codec),
  }
}

export function parts<T>(no: number, codec: Codec<T>): Field<readonly T[]> {
  return list(no, {
    write: (writer, value) => writePart(writer, no, codec, value),
    read: (reader) => readPart(reader, codec),
  })
}

function list<T>(
  no: number,
  item: { write(writer: BinaryWriter, value: T): unknown; read(reader: BinaryReader): T },
): Field<readonly T[]> {
  return {
    no,
    empty: [],
    write(writer, values) {
      for (const value of values) item.write(writer, value)
    },
    read(reader, before) {
      // The list begun by the first item is filled in place: pages hold thousands.
      const values = before.length === 0 ? [] : (before as T[])
      values.push(item.read(reader))
      return values
    },
  }
}

function scalar<T>(
  no: number,
  empty: T,
  isEmpty: (value: T) => boolean,
  wireType: WireType,
  each: { write(writer: BinaryWriter, value: T): unknown; read(reader: BinaryReader): T },
): Field<T> {
  return {
    no,
    empty,
    write(writer, value) {
      if (!isEmpty(value)) each.write(writer.tag(no, wireType), value)
    },
    read: (reader) => each.read(reader),
  }
}

function writePart<T>(writer: BinaryWriter, no: number, codec: Codec<T>, value: T): void {
  writer.tag(no, WireType.LengthDelimited).fork()
  codec.write(writer, value)
  writer.join()
}

function readPart<T>(reader: BinaryReader, codec: Codec<T>): T {
  const end = endOfPart(reader)
  const value = codec.read(reader, end)
  if (reader.pos !== end) throw new RangeError('A part is longer than what holds it.')
  return value
}

/** Reads the length of a part; where it ends. */
export function endOfPart(reader: BinaryReader): number {
  const end = reader.uint32() + reader.pos
  if (end > reader.len) throw new RangeError('A part is longer than what holds it.')
  return end
}
