import { WireType, type BinaryReader } from '@bufbuild/protobuf/wire'
import type { Row, Value } from '@freshet/core'
import { enumForm, isOptionName } from '../schema/model-type.ts'
import { isModelTag } from '../values/model-tag.ts'
import { feltFromBytes, hexOf, unsignedFromBytes } from '../values/felt.ts'
import { endOfPart } from './codec.ts'

/**
 * The members of a model as a message tells them, straight as values: no tree of
 * messages is built in between.
 *
 * - up to 32 bits: number; wider integers: bigint, exact
 * - felt, class hash, contract address: `0x` and 64 digits; Ethereum address: `0x` and 40
 * - `ByteArray`: string; struct: record; tuple and array: array
 * - enum and `Option`: see `enumForm`
 */
export type ModelMembers = {
  /** `ns-Position` */
  readonly tag: string
  /** The members that were told: all, some, or none of them for a model that was deleted. */
  readonly members: Row
  /** Why they could not be read; `members` is empty then. */
  readonly fault?: Error | undefined
}

/** Deeper than any type that a chain can hold. */
const maxDepth = 64

/** Reads a model up to `end`. One that cannot be read does not take those beside it along. */
export function readModel(reader: BinaryReader, end: number): ModelMembers {
  const start = reader.pos
  try {
    const model = readStruct(reader, end)
    if (reader.pos === end) return model
    throw new RangeError('It is longer than what holds it.')
  } catch (error) {
    reader.pos = start
    const tag = tagOf(reader, end)
    reader.pos = end
    return { tag, members: {}, fault: error instanceof Error ? error : new RangeError(String(error)) }
  }
}

/** The name of a model, which comes first. */
function tagOf(reader: BinaryReader, end: number): string {
  const [no, wireType] = reader.tag()
  const tag = no === 1 && wireType === WireType.LengthDelimited ? reader.string() : ''
  // What has no name of a model, or reaches beyond it, is no model at all.
  if (isModelTag(tag) && reader.pos <= end) return tag
  throw new RangeError('A model has no name.')
}

/** Reads a `Struct` up to `end`. */
export function readStruct(reader: BinaryReader, end: number, depth = 0): ModelMembers {
  let tag = ''
  const members: { [name: string]: Value } = {}
  while (reader.pos < end) {
    const [no, wireType] = reader.tag()
    if (no === 1) tag = reader.string()
    else if (no === 2) readMember(reader, endOfPart(reader), depth, members)
    else reader.skip(wireType, no)
  }
  return { tag, members }
}

function readMember(reader: BinaryReader, end: number, depth: number, into: { [name: string]: Value }): void {
  let name = ''
  let value: Value | undefined
  while (reader.pos < end) {
    const [no, wireType] = reader.tag()
    if (no === 1) name = reader.string()
    else if (no === 2) value = readType(reader, endOfPart(reader), depth + 1)
    else reader.skip(wireType, no)
  }
  if (value === undefined) throw new RangeError(`Member ${name} has no value.`)
  // A member may bear the name of what every object inherits [V5].
  if (name === '__proto__')
    Object.defineProperty(into, name, { value, enumerable: true, configurable: true, writable: true })
  else into[name] = value
}

/** Reads a `Ty` up to `end`. */
function readType(reader: BinaryReader, end: number, depth: number): Value | undefined {
  if (depth > maxDepth) throw new RangeError(`A value is nested deeper than ${maxDepth} levels.`)
  let value: Value | undefined
  while (reader.pos < end) {
    const [no, wireType] = reader.tag()
    if (no === 2) value = readPrimitive(reader, endOfPart(reader))
    else if (no === 3) value = readEnum(reader, endOfPart(reader), depth)
    else if (no === 4) value = readStruct(reader, endOfPart(reader), depth).members
    else if (no === 5 || no === 6 || no === 8) value = readItems(reader, endOfPart(reader), depth)
    else if (no === 7) value = reader.string()
    else reader.skip(wireType, no)
  }
  return value
}

/** Reads the children of a tuple, an array or a fixed array. */
function readItems(reader: BinaryReader, end: number, depth: number): readonly Value[] {
  const items: Value[] = []
  while (reader.pos < end) {
    const [no, wireType] = reader.tag()
    if (no !== 1) reader.skip(wireType, no)
    else {
      const item = readType(reader, endOfPart(reader), depth + 1)
      if (item === undefined) throw new RangeError('An item has no value.')
      items.push(item)
    }
  }
  return items
}

function readPrimitive(reader: BinaryReader, end: number): Value | undefined {
  let value: Value | undefined
  while (reader.pos < end) {
    const [no, wireType] = reader.tag()
    if (no <= 3) value = reader.int32()
    else if (no === 4) value = BigInt(reader.int64())
    else if (no === 5) value = BigInt.asIntN(128, unsignedFromBytes(reader.bytes()))
    else if (no <= 8) value = reader.uint32()
    else if (no === 9) value = BigInt(reader.uint64())
    else if (no <= 11) value = unsignedFromBytes(reader.bytes())
    else if (no === 12) value = reader.bool()
    else if (no <= 15) value = feltFromBytes(atMost32(reader.bytes()))
    else if (no === 16) value = `0x${hexOf(reader.bytes().subarray(-20)).padStart(40, '0')}`
    else reader.skip(wireType, no)
  }
  return value
}

function atMost32(bytes: Uint8Array): Uint8Array {
  if (bytes.length > 32) throw new RangeError(`A felt has ${bytes.length} bytes.`)
  return bytes
}

/** An option of an enum, and where its type lies in the message. */
type ReadOption = { name: string; isUnit: boolean; holdsOption: boolean; at: number; end: number }

function readEnum(reader: BinaryReader, end: number, depth: number): Value {
  let name = ''
  let chosen = 0
  const options: ReadOption[] = []
  while (reader.pos < end) {
    const [no, wireType] = reader.tag()
    if (no === 1) name = reader.string()
    else if (no === 2) chosen = reader.uint32()
    else if (no === 3) options.push(readOption(reader, endOfPart(reader)))
    else reader.skip(wireType, no)
  }
  const option = options[chosen]
  if (!option) throw new RangeError(`Enum ${name} has no option ${chosen}.`)
  const form = enumForm(name, options)
  if (form === 'name') return option.name
  const payload = option.isUnit ? null : payloadOf(reader, option, depth)
  return form === 'option' ? payload : { variant: option.name, value: payload }
}

function readOption(reader: BinaryReader, end: number): ReadOption {
  const option: ReadOption = { name: '', isUnit: true, holdsOption: false, at: 0, end: 0 }
  while (reader.pos < end) {
    const [no, wireType] = reader.tag()
    if (no === 1) option.name = reader.string()
    else if (no === 2) {
      option.end = endOfPart(reader)
      option.at = reader.pos
      lookAhead(reader, option)
      reader.pos = option.end
    } else reader.skip(wireType, no)
  }
  return option
}

/** Whether the type is the empty tuple, or an `Option`. */
function lookAhead(reader: BinaryReader, option: ReadOption): void {
  if (reader.pos === option.end) return
  const [no, wireType] = reader.tag()
  if (wireType !== WireType.LengthDelimited) return
  const end = endOfPart(reader)
  option.isUnit = no === 5 && reader.pos === end
  if (no !== 3 || reader.pos === end) return
  const [first] = reader.tag()
  option.holdsOption = first === 1 && isOptionName(reader.string())
}

function payloadOf(reader: BinaryReader, { at, end, name }: ReadOption, depth: number): Value {
  const { pos } = reader
  reader.pos = at
  const value = readType(reader, end, depth + 1)
  reader.pos = pos
  if (value === undefined) throw new RangeError(`Option ${name} has no value.`)
  return value
}
