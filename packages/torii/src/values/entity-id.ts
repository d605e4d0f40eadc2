import { FreshetError, isRecord, type Row, type Value } from '@freshet/core'
import { enumFormOf, type ModelMember, type ModelType } from '../schema/model-type.ts'
import { byteArrayFelts } from './byte-array.ts'
import { feltPrime, feltText, parseFelt } from './felt.ts'
import { poseidonHash } from './poseidon.ts'

/**
 * The id of the entity with these key members: Poseidon of its serialized keys.
 *
 * @param members - The members of the model, in their declared order.
 * @param keys - A value for each key member; others are not looked at.
 * @throws {FreshetError} `torii/bad-key`: a key is missing or not of its type.
 */
export function entityIdOf(members: readonly ModelMember[], keys: Row): string {
  const felts = members
    .filter(({ key }) => key)
    .flatMap(({ name, type }) => serializedFelts(type, keys[name], name))
  return feltText(poseidonHash(felts))
}

/** A value as Cairo serializes it. `at` names it in errors. */
export function serializedFelts(type: ModelType, value: Value | undefined, at: string): readonly bigint[] {
  switch (type.kind) {
    case 'primitive':
      return type.scalar === 'u256' ? halves(scalarOf(value, at)) : [feltOf(scalarOf(value, at))]
    case 'bytearray':
      if (typeof value !== 'string') throw badKey(at, 'a text', value)
      return byteArrayFelts(value)
    case 'struct':
      if (!isRecord(value)) throw badKey(at, 'a record', value)
      return type.members.flatMap((member) =>
        serializedFelts(member.type, value[member.name], `${at}.${member.name}`),
      )
    case 'enum':
      return enumFelts(type, value, at)
    case 'tuple': {
      const items = itemsOf(value, type.items.length, at)
      return type.items.flatMap((item, index) => serializedFelts(item, items[index], `${at}.${index}`))
    }
    case 'array': {
      const items = itemsOf(value, undefined, at)
      return [
        BigInt(items.length),
        ...items.flatMap((item, index) => serializedFelts(type.item, item, `${at}.${index}`)),
      ]
    }
    case 'fixed-array':
      return itemsOf(value, type.size, at).flatMap((item, index) =>
        serializedFelts(type.item, item, `${at}.${index}`),
      )
  }
}

function enumFelts(
  type: Extract<ModelType, { kind: 'enum' }>,
  value: Value | undefined,
  at: string,
): readonly bigint[] {
  const { variant, payload } = variantOf(type, value)
  const index = type.options.findIndex(({ name }) => name === variant)
  const option = type.options[index]
  if (!option) throw badKey(at, `one of ${type.options.map(({ name }) => name).join(', ')}`, value)
  const unit = option.type.kind === 'tuple' && option.type.items.length === 0
  return [BigInt(index), ...(unit ? [] : serializedFelts(option.type, payload, `${at}.${variant}`))]
}

/** The variant a value stands for. */
export function variantOf(
  type: Extract<ModelType, { kind: 'enum' }>,
  value: Value | undefined,
): { readonly variant: string | undefined; readonly payload: Value | undefined } {
  switch (enumFormOf(type)) {
    case 'name':
      return { variant: typeof value === 'string' ? value : undefined, payload: undefined }
    case 'option':
      return value === null ? { variant: 'None', payload: undefined } : { variant: 'Some', payload: value }
    case 'tagged': {
      if (!isRecord(value)) return { variant: undefined, payload: undefined }
      return {
        variant: typeof value['variant'] === 'string' ? value['variant'] : undefined,
        payload: value['value'],
      }
    }
  }
}

function itemsOf(value: Value | undefined, length: number | undefined, at: string): readonly Value[] {
  const isRight = Array.isArray(value) && (length === undefined || value.length === length)
  if (!isRight) throw badKey(at, length === undefined ? 'an array' : `an array of ${length}`, value)
  // Array.isArray forgets what kind of array a value holds.
  return value as readonly Value[]
}

function scalarOf(value: Value | undefined, at: string): bigint {
  if (typeof value === 'boolean') return value ? 1n : 0n
  if (typeof value === 'bigint' || typeof value === 'number') {
    if (typeof value === 'bigint' || Number.isSafeInteger(value)) return BigInt(value)
  }
  if (typeof value === 'string') return parseFelt(value)
  throw badKey(at, 'a whole number, boolean or felt', value)
}

/** A negative number counts down from the prime. */
function feltOf(value: bigint): bigint {
  return value < 0n ? feltPrime + value : value
}

const half = 2n ** 128n

function halves(value: bigint): readonly bigint[] {
  return [value % half, value / half]
}

function badKey(at: string, wanted: string, value: Value | undefined): FreshetError {
  return new FreshetError({
    code: 'torii/bad-key',
    kind: 'usage',
    message: `${at} must be ${wanted}, not ${value === undefined ? 'absent' : typeof value}.`,
  })
}
