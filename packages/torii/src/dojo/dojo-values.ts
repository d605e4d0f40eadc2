import { isRecord, type Row, type Value } from '@freshet/core'
import { isUnit, type ModelMember, type ModelType, type Scalar } from '../schema/model-type.ts'
import { variantOf } from '../values/entity-id.ts'
import { canonicalFelt } from '../values/felt.ts'

/** A value as the transports of the Dojo SDK tell it: with its type, and numbers beyond 32 bits as text. */
export type DojoTy = {
  readonly type: 'primitive' | 'struct' | 'enum' | 'array' | 'tuple' | 'bytearray' | 'fixed_size_array'
  readonly type_name: string
  readonly value: DojoTyValue
  readonly key: boolean
}

export type DojoTyValue =
  | boolean
  | number
  | string
  | DojoMembers
  | readonly DojoTy[]
  | { readonly option: string; readonly value: DojoTy }
  | { readonly array: readonly DojoTy[]; readonly size: number }

export type DojoMembers = { readonly [member: string]: DojoTy }

/** The members of a model that a row has, as the SDK takes them in. */
export function toDojoMembers(members: readonly ModelMember[], row: Row): DojoMembers {
  return Object.fromEntries(
    members.flatMap(({ name, type, key }): [string, DojoTy][] => {
      const value = Object.hasOwn(row, name) ? row[name] : undefined
      return value === undefined ? [] : [[name, toTy(type, value, key)]]
    }),
  )
}

function toTy(type: ModelType, value: Value | undefined, key = false): DojoTy {
  switch (type.kind) {
    case 'primitive':
      return {
        type: 'primitive',
        type_name: scalarNames[type.scalar],
        value: toScalar(type.scalar, value),
        key,
      }
    case 'bytearray':
      return { type: 'bytearray', type_name: 'bytearray', value: typeof value === 'string' ? value : '', key }
    case 'struct': {
      const members = toDojoMembers(type.members, isRecord(value) ? value : {})
      return { type: 'struct', type_name: type.name, value: members, key }
    }
    case 'enum': {
      const { variant = '', payload } = variantOf(type, value)
      const chosen = type.options.find(({ name }) => name === variant)
      const inner = chosen && !isUnit(chosen.type) ? toTy(chosen.type, payload) : unit
      return { type: 'enum', type_name: type.name, value: { option: variant, value: inner }, key }
    }
    case 'tuple': {
      const items = type.items.map((item, at) => toTy(item, itemsOf(value)[at]))
      return { type: 'tuple', type_name: 'tuple', value: items, key }
    }
    case 'array': {
      const items = itemsOf(value).map((item) => toTy(type.item, item))
      return { type: 'array', type_name: 'array', value: items, key }
    }
    case 'fixed-array': {
      const array = itemsOf(value).map((item) => toTy(type.item, item))
      return {
        type: 'fixed_size_array',
        type_name: 'fixed_size_array',
        value: { array, size: type.size },
        key,
      }
    }
  }
}

const unit: DojoTy = { type: 'tuple', type_name: 'tuple', value: [], key: false }

const scalarNames: Readonly<Record<Scalar, string>> = {
  i8: 'i8',
  i16: 'i16',
  i32: 'i32',
  i64: 'i64',
  i128: 'i128',
  u8: 'u8',
  u16: 'u16',
  u32: 'u32',
  u64: 'u64',
  u128: 'u128',
  u256: 'u256',
  bool: 'bool',
  felt252: 'felt252',
  classhash: 'class_hash',
  contractaddress: 'contract_address',
  ethaddress: 'eth_address',
}

/** The SDK makes a `BigInt` or a `Number` of the text of an integer. */
function toScalar(scalar: Scalar, value: Value | undefined): boolean | number | string {
  if (typeof value === 'bigint') return `${value}`
  if (scalar === 'ethaddress' && typeof value === 'string') return canonicalFelt(value)
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'string') return value
  return scalar === 'bool' ? false : 0
}

function itemsOf(value: Value | undefined): readonly Value[] {
  // Array.isArray forgets what kind of array a value holds.
  return Array.isArray(value) ? (value as readonly Value[]) : []
}
