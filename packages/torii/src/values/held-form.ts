import { isRecord, type Row, type Value } from '@freshet/core'
import { enumFormOf, type ModelMember, type ModelType, type Scalar } from '../schema/model-type.ts'
import { canonicalFelt } from './felt.ts'

/**
 * The members of a row as the world will hold them: felts and addresses, which may be written in any way, in their
 * one form, and integers of more than 32 bits as `bigint`. What is not of its member's type is left as it is.
 */
export function inHeldForm(members: readonly ModelMember[], row: Row): Row {
  const types = new Map(members.map(({ name, type }) => [name, type]))
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [name, heldValue(types.get(name), value)]),
  )
}

function heldValue(type: ModelType | undefined, value: Value): Value {
  switch (type?.kind) {
    case 'primitive':
      return heldScalar(type.scalar, value)
    case 'struct':
      return isRecord(value) ? inHeldForm(type.members, value) : value
    case 'array':
    case 'fixed-array':
      return itemsOf(value)?.map((item) => heldValue(type.item, item)) ?? value
    case 'tuple':
      return itemsOf(value)?.map((item, at) => heldValue(type.items[at], item)) ?? value
    case 'enum':
      return heldEnum(type, value)
    case 'bytearray':
    case undefined:
      return value
  }
}

function heldEnum(type: Extract<ModelType, { kind: 'enum' }>, value: Value): Value {
  const typeOf = (variant: Value | undefined): ModelType | undefined =>
    type.options.find(({ name }) => name === variant)?.type
  switch (enumFormOf(type)) {
    case 'name':
      return value
    case 'option':
      return value === null ? value : heldValue(typeOf('Some'), value)
    case 'tagged': {
      if (!isRecord(value)) return value
      const { variant, value: payload } = value
      return payload === undefined || payload === null
        ? value
        : { ...value, value: heldValue(typeOf(variant), payload) }
    }
  }
}

function heldScalar(scalar: Scalar, value: Value): Value {
  switch (scalar) {
    case 'felt252':
    case 'classhash':
    case 'contractaddress':
      return feltOr(value)
    case 'ethaddress': {
      const felt = feltOr(value)
      return typeof felt === 'string' && felt.startsWith(`0x${'0'.repeat(24)}`)
        ? `0x${felt.slice(26)}`
        : value
    }
    case 'i64':
    case 'i128':
    case 'u64':
    case 'u128':
    case 'u256':
      return typeof value === 'number' && Number.isSafeInteger(value) ? BigInt(value) : value
    case 'i8':
    case 'i16':
    case 'i32':
    case 'u8':
    case 'u16':
    case 'u32':
      return typeof value === 'bigint' && Number.isSafeInteger(Number(value)) ? Number(value) : value
    case 'bool':
      return value
  }
}

/** A text that is no felt may be one that a contract has made of short text; it is not ours to guess. */
function feltOr(value: Value): Value {
  const isWritten = typeof value === 'string' && /^0x[0-9a-f]{1,64}$/i.test(value)
  const isNumber = typeof value === 'bigint' || Number.isSafeInteger(value)
  const isFelt = isWritten || (isNumber && Number(value) >= 0)
  // A text, a bigint or a number, by the lines above.
  return isFelt ? canonicalFelt(value as string | number | bigint) : value
}

function itemsOf(value: Value): readonly Value[] | undefined {
  // Array.isArray forgets what kind of array a value holds.
  return Array.isArray(value) ? (value as readonly Value[]) : undefined
}
