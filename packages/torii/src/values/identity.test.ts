import { expect, test } from 'vitest'
import { readToriiData, toriiData } from '../testing/torii-data.ts'
import type { ModelMember, ModelType, Scalar } from '../schema/model-type.ts'
import { byteArrayFelts } from './byte-array.ts'
import { entityIdOf, serializedFelts } from './entity-id.ts'
import { canonicalFelt, feltPrime } from './felt.ts'
import { modelSelector } from './model-tag.ts'
import { poseidonHash } from './poseidon.ts'

const data = toriiData()
const folder = 'folder' in data ? data.folder : ''
const why = 'missing' in data ? ` (${data.missing})` : ''

type Tagged = { readonly tag: string; readonly selector: string }
type Manifest = { readonly models: Tagged[]; readonly events: Tagged[]; readonly contracts: Tagged[] }

type CapturedKey = {
  readonly ty: {
    readonly ty_type: {
      readonly primitive: { readonly primitive_type: { readonly contract_address: string } }
    }
  }
}

const primitive = (scalar: Scalar): ModelType => ({ kind: 'primitive', scalar })
const key = (name: string, type: ModelType): ModelMember => ({ name, type, key: true })

test.skipIf(why !== '')(`[TO2] the selectors of three real manifests are computed here${why}`, () => {
  let checked = 0
  for (const file of [
    'manifest-dojo-starter.json',
    'manifest-spawn-and-move.json',
    'manifest-pistols.json.gz',
  ]) {
    const { models, events, contracts } = readToriiData(folder, file) as Manifest
    for (const { tag, selector } of [...models, ...events, ...contracts]) {
      expect(modelSelector(tag), tag).toBe(canonicalFelt(selector))
      checked += 1
    }
  }
  expect(checked).toBe(82)
})

test.skipIf(why !== '')(`[TO3] the ids of 14 captured models are the hash of their keys${why}`, () => {
  const { entities } = readToriiData(folder, 'capture-entities.json') as {
    entities: { hashed_keys: string; models: { children: CapturedKey[] }[] }[]
  }
  const members = [key('player', primitive('contractaddress'))]
  let checked = 0
  for (const { hashed_keys: id, models } of entities) {
    for (const { children } of models) {
      const player = children[0]?.ty.ty_type.primitive.primitive_type.contract_address ?? ''
      expect(entityIdOf(members, { player })).toBe(id)
      checked += 1
    }
  }
  expect(checked).toBe(14)
})

test('[TO2] Poseidon gives the published values of Starknet', () => {
  // poseidon_hash_many of nothing.
  expect(poseidonHash([])).toBe(0x2272be0f580fd156823304800919530eaa97430e972d7213ee13f4fbf7a5dbcn)
})

test('[TO1] one form for a felt however it is written', () => {
  const canonical = `0x${'0'.repeat(61)}123`
  for (const spelling of ['0x123', '0x0123', '0X123', 291, 291n, '291', canonical]) {
    expect(canonicalFelt(spelling)).toBe(canonical)
  }
})

test.each(['', '0x', '0xg', '-1', -1, 1.5, 2 ** 53, `0x1${'0'.repeat(64)}`, 2n ** 256n])(
  '[TO1] %s is refused as a felt',
  (value) => expect(() => canonicalFelt(value)).toThrow(expect.objectContaining({ code: 'torii/bad-felt' })),
)

test.each(['Position', 'ns-', '-Name', 'ns-Na me', 'ns-Na-', ''])(
  '[TO2] %j is refused as a model tag',
  (tag) => {
    expect(() => modelSelector(tag)).toThrow(expect.objectContaining({ code: 'torii/bad-model-tag' }))
  },
)

test('[TO3] keys are serialized as Cairo does', () => {
  const felts = (type: ModelType, value: Parameters<typeof serializedFelts>[1]) =>
    serializedFelts(type, value, 'key')
  expect(felts(primitive('u256'), 2n ** 128n + 7n)).toEqual([7n, 1n])
  expect(felts(primitive('i32'), -1)).toEqual([feltPrime - 1n])
  expect(felts(primitive('bool'), true)).toEqual([1n])
  expect(felts({ kind: 'array', item: primitive('u8') }, [5, 6])).toEqual([2n, 5n, 6n])
  expect(felts({ kind: 'fixed-array', item: primitive('u8'), size: 2 }, [5, 6])).toEqual([5n, 6n])
  expect(felts({ kind: 'tuple', items: [primitive('u8'), { kind: 'bytearray' }] }, [5, 'a'])).toEqual([
    5n,
    0n,
    97n,
    1n,
  ])
  const unit: ModelType = { kind: 'tuple', items: [] }
  const option: ModelType = {
    kind: 'enum',
    name: 'Option<u8>',
    options: [
      { name: 'Some', type: primitive('u8') },
      { name: 'None', type: unit },
    ],
  }
  expect(felts(option, 9)).toEqual([0n, 9n])
  expect(felts(option, null)).toEqual([1n])
  expect(byteArrayFelts('x'.repeat(31)).length).toBe(4)
})

test.each([
  ['absent', undefined],
  ['an object', {}],
  ['a fraction', 1.5],
  ['no felt', 'zz'],
])('[TO3] a key that is %s is refused by name', (_, value) => {
  const read = () => serializedFelts(primitive('u32'), value, 'player')
  expect(read).toThrow(expect.objectContaining({ kind: 'usage' }))
})
