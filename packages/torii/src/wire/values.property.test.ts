import { BinaryReader, BinaryWriter } from '@bufbuild/protobuf/wire'
import { FreshetError, type Value } from '@freshet/core'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { enumFormOf, isUnit, type ModelMember, type ModelType, type Scalar } from '../schema/model-type.ts'
import { decode } from './codec.ts'
import { retrieveEntitiesResponse, subscribeEntityResponse, worldsResponse } from './messages.ts'
import { readStruct } from './read-value.ts'
import { writeStruct } from './write-value.ts'

const ranges: { readonly [scalar in Scalar]?: readonly [bigint, bigint] } = {
  i8: [-128n, 127n],
  i16: [-(2n ** 15n), 2n ** 15n - 1n],
  i32: [-(2n ** 31n), 2n ** 31n - 1n],
  i64: [-(2n ** 63n), 2n ** 63n - 1n],
  i128: [-(2n ** 127n), 2n ** 127n - 1n],
  u8: [0n, 255n],
  u16: [0n, 2n ** 16n - 1n],
  u32: [0n, 2n ** 32n - 1n],
  u64: [0n, 2n ** 64n - 1n],
  u128: [0n, 2n ** 128n - 1n],
  u256: [0n, 2n ** 256n - 1n],
}
const narrow = new Set<Scalar>(['i8', 'i16', 'i32', 'u8', 'u16', 'u32'])

function scalarValue(scalar: Scalar): fc.Arbitrary<Value> {
  const range = ranges[scalar]
  if (range) {
    const whole = fc.bigInt({ min: range[0], max: range[1] })
    return narrow.has(scalar) ? whole.map(Number) : whole
  }
  if (scalar === 'bool') return fc.boolean()
  const digits = scalar === 'ethaddress' ? 40 : 64
  return fc
    .bigInt({ min: 0n, max: 2n ** 160n - 1n })
    .map((felt) => `0x${felt.toString(16).padStart(digits, '0')}`)
}

const scalar = fc.constantFrom<Scalar>(
  ...(['i8', 'i16', 'i32', 'i64', 'i128', 'u8', 'u16', 'u32', 'u64', 'u128', 'u256', 'bool'] as const),
  ...(['felt252', 'classhash', 'contractaddress', 'ethaddress'] as const),
)
const unit: ModelType = { kind: 'tuple', items: [] }
const name = fc.constantFrom('a', 'b', 'c', '__proto__', 'constructor')

const { type } = fc.letrec<{ type: ModelType }>((tie) => ({
  type: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    scalar.map((each): ModelType => ({ kind: 'primitive', scalar: each })),
    fc.constant<ModelType>({ kind: 'bytearray' }),
    fc.array(tie('type'), { maxLength: 3 }).map((items): ModelType => ({ kind: 'tuple', items })),
    tie('type').map((item): ModelType => ({ kind: 'array', item })),
    tie('type').map((item): ModelType => ({ kind: 'fixed-array', item, size: 2 })),
    tie('type').map((some): ModelType => ({
      kind: 'enum',
      name: 'Option<T>',
      options: [
        { name: 'Some', type: some },
        { name: 'None', type: unit },
      ],
    })),
    fc
      .array(fc.oneof(fc.constant(unit), tie('type')), { minLength: 1, maxLength: 3 })
      .map((types): ModelType => ({
        kind: 'enum',
        name: 'Kind',
        options: types.map((each, index) => ({ name: `K${index}`, type: each })),
      })),
    fc
      .uniqueArray(fc.tuple(name, tie('type')), { maxLength: 3, selector: ([each]) => each })
      .map((members): ModelType => ({
        kind: 'struct',
        name: 'S',
        members: members.map(([each, inner]) => ({ name: each, type: inner, key: false })),
      })),
  ),
}))

function valueOf(of: ModelType): fc.Arbitrary<Value> {
  switch (of.kind) {
    case 'primitive':
      return scalarValue(of.scalar)
    case 'bytearray':
      return fc.string({ unit: 'binary' })
    case 'tuple':
      return fc.tuple(...of.items.map(valueOf))
    case 'array':
      return fc.array(valueOf(of.item), { maxLength: 3 })
    case 'fixed-array':
      return fc.array(valueOf(of.item), { minLength: of.size, maxLength: of.size })
    case 'struct':
      return fc
        .tuple(...of.members.map((member) => valueOf(member.type)))
        .map((values) =>
          Object.fromEntries(of.members.map((member, index) => [member.name, values[index] ?? null])),
        )
    case 'enum': {
      const form = enumFormOf(of)
      if (form === 'name') return fc.constantFrom(...of.options.map((option) => option.name))
      const [some] = of.options
      if (form === 'option' && some) return fc.oneof(fc.constant(null), valueOf(some.type))
      return fc.oneof(
        ...of.options.map((option) =>
          (isUnit(option.type) ? fc.constant<Value>(null) : valueOf(option.type)).map((value): Value => ({
            variant: option.name,
            value,
          })),
        ),
      )
    }
  }
}

test('[TO7] every value of every type comes through the wire as it was', () => {
  const typed = type.chain((each) => fc.tuple(fc.constant(each), valueOf(each)))
  fc.assert(
    fc.property(typed, ([each, value]) => {
      const members: readonly ModelMember[] = [{ name: 'member', type: each, key: false }]
      const writer = new BinaryWriter()
      writeStruct(writer, 'ns-Model', members, { member: value })
      const bytes = writer.finish()
      expect(readStruct(new BinaryReader(bytes), bytes.length)).toEqual({
        tag: 'ns-Model',
        members: { member: value },
      })
    }),
    { seed: 7, numRuns: 2_000 },
  )
})

test('[TO8] no bytes make the reader do anything but read or refuse', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      for (const codec of [retrieveEntitiesResponse, subscribeEntityResponse, worldsResponse]) {
        try {
          decode<unknown>(codec, bytes, 'Noise')
        } catch (error) {
          expect(error).toBeInstanceOf(FreshetError)
        }
      }
    }),
    { seed: 8, numRuns: 3_000 },
  )
})
