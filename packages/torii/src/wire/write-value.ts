import { WireType, type BinaryWriter } from '@bufbuild/protobuf/wire'
import { isRecord, type Row, type Value } from '@freshet/core'
import { enumFormOf, type ModelMember, type ModelType, type Scalar } from '../schema/model-type.ts'
import { variantOf } from '../values/entity-id.ts'
import { feltBytes, unsignedBytes } from '../values/felt.ts'

/**
 * Writes a `Struct` with the given members of a model, those that have a value.
 * The other direction of `readStruct`, for servers and tests.
 */
export function writeStruct(
  writer: BinaryWriter,
  name: string,
  members: readonly ModelMember[],
  row: Row,
): void {
  writer.tag(1, WireType.LengthDelimited).string(name)
  for (const member of members) {
    const value = row[member.name]
    if (value === undefined) continue
    writer.tag(2, WireType.LengthDelimited).fork()
    writer.tag(1, WireType.LengthDelimited).string(member.name)
    writer.tag(2, WireType.LengthDelimited).fork()
    writeType(writer, member.type, value)
    writer.join()
    if (member.key) writer.tag(3, WireType.Varint).bool(true)
    writer.join()
  }
}

function writeType(writer: BinaryWriter, type: ModelType, value: Value | undefined): void {
  switch (type.kind) {
    case 'primitive':
      writer.tag(2, WireType.LengthDelimited).fork()
      writeScalar(writer, type.scalar, value)
      writer.join()
      return
    case 'enum':
      return writeEnum(writer, type, value)
    case 'struct':
      writer.tag(4, WireType.LengthDelimited).fork()
      writeStruct(writer, type.name, type.members, isRecord(value) ? value : {})
      writer.join()
      return
    case 'tuple':
      return writeItems(
        writer,
        5,
        type.items.map((item, index) => [item, itemsOf(value)[index]] as const),
      )
    case 'array':
      return writeItems(
        writer,
        6,
        itemsOf(value).map((item) => [type.item, item] as const),
      )
    case 'fixed-array':
      return writeItems(
        writer,
        8,
        itemsOf(value).map((item) => [type.item, item] as const),
      )
    case 'bytearray':
      writer.tag(7, WireType.LengthDelimited).string(typeof value === 'string' ? value : '')
  }
}

function writeItems(
  writer: BinaryWriter,
  no: number,
  items: readonly (readonly [type: ModelType, value: Value | undefined])[],
): void {
  writer.tag(no, WireType.LengthDelimited).fork()
  for (const [type, value] of items) {
    writer.tag(1, WireType.LengthDelimited).fork()
    writeType(writer, type, value)
    writer.join()
  }
  writer.join()
}

function itemsOf(value: Value | undefined): readonly Value[] {
  // Array.isArray forgets what kind of array a value holds.
  return Array.isArray(value) ? (value as readonly Value[]) : []
}

/** All options are told, as the protocol wants it; those not chosen with an empty value. */
function writeEnum(
  writer: BinaryWriter,
  type: Extract<ModelType, { kind: 'enum' }>,
  value: Value | undefined,
): void {
  const { variant, payload } = variantOf(type, value)
  const chosen = Math.max(
    0,
    type.options.findIndex(({ name }) => name === variant),
  )
  writer.tag(3, WireType.LengthDelimited).fork()
  writer.tag(1, WireType.LengthDelimited).string(type.name)
  if (chosen > 0) writer.tag(2, WireType.Varint).uint32(chosen)
  for (const [index, option] of type.options.entries()) {
    writer.tag(3, WireType.LengthDelimited).fork()
    writer.tag(1, WireType.LengthDelimited).string(option.name)
    writer.tag(2, WireType.LengthDelimited).fork()
    writeType(writer, option.type, index === chosen ? payload : emptyValue(option.type))
    writer.join()
    writer.join()
  }
  writer.join()
}

/** What the chain holds where nothing was written. */
function emptyValue(type: ModelType): Value {
  switch (type.kind) {
    case 'primitive':
      return emptyScalar(type.scalar)
    case 'bytearray':
      return ''
    case 'struct':
      return Object.fromEntries(type.members.map(({ name, type: member }) => [name, emptyValue(member)]))
    case 'tuple':
      return type.items.map(emptyValue)
    case 'array':
      return []
    case 'fixed-array':
      return Array.from({ length: type.size }, () => emptyValue(type.item))
    case 'enum': {
      const [first] = type.options
      const payload = first ? emptyValue(first.type) : null
      const form = enumFormOf(type)
      if (form === 'option') return payload
      return form === 'name' ? (first?.name ?? '') : { variant: first?.name ?? '', value: payload }
    }
  }
}

function emptyScalar(scalar: Scalar): Value {
  if (scalar === 'bool') return false
  if (
    scalar === 'felt252' ||
    scalar === 'classhash' ||
    scalar === 'contractaddress' ||
    scalar === 'ethaddress'
  )
    return '0x0'
  return /^[iu](8|16|32)$/.test(scalar) ? 0 : 0n
}

const fieldOf: Readonly<Record<Scalar, number>> = {
  i8: 1,
  i16: 2,
  i32: 3,
  i64: 4,
  i128: 5,
  u8: 6,
  u16: 7,
  u32: 8,
  u64: 9,
  u128: 10,
  u256: 11,
  bool: 12,
  felt252: 13,
  classhash: 14,
  contractaddress: 15,
  ethaddress: 16,
}

function writeScalar(writer: BinaryWriter, scalar: Scalar, value: Value | undefined): void {
  const no = fieldOf[scalar]
  switch (scalar) {
    case 'i8':
    case 'i16':
    case 'i32':
      writer.tag(no, WireType.Varint).int32(Number(value))
      return
    case 'u8':
    case 'u16':
    case 'u32':
      writer.tag(no, WireType.Varint).uint32(Number(value))
      return
    case 'i64':
      writer.tag(no, WireType.Varint).int64(wholeOf(value))
      return
    case 'u64':
      writer.tag(no, WireType.Varint).uint64(wholeOf(value))
      return
    case 'bool':
      writer.tag(no, WireType.Varint).bool(value === true)
      return
    case 'i128':
    case 'u128':
      writer.tag(no, WireType.LengthDelimited).bytes(unsignedBytes(BigInt.asUintN(128, wholeOf(value)), 16))
      return
    case 'u256':
    case 'felt252':
    case 'classhash':
    case 'contractaddress':
    case 'ethaddress':
      writer.tag(no, WireType.LengthDelimited).bytes(feltBytes(wholeOf(value)))
  }
}

function wholeOf(value: Value | undefined): bigint {
  if (typeof value === 'bigint' || typeof value === 'number' || typeof value === 'string')
    return BigInt(value)
  return 0n
}
