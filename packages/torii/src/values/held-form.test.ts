import type { Row } from '@freshet/core'
import { expect, test } from 'vitest'
import { scalars, type ModelMember, type ModelType } from '../schema/model-type.ts'
import { canonicalFelt } from './felt.ts'
import { inHeldForm } from './held-form.ts'

const address: ModelType = { kind: 'primitive', scalar: 'contractaddress' }
const unit: ModelType = { kind: 'tuple', items: [] }
const option = (item: ModelType): ModelType => ({
  kind: 'enum',
  name: 'Option<T>',
  options: [
    { name: 'Some', type: item },
    { name: 'None', type: unit },
  ],
})

const members: readonly ModelMember[] = (
  [
    ...scalars.map((scalar) => [scalar, { kind: 'primitive', scalar }] as const),
    ['text', { kind: 'bytearray' }],
    ['list', { kind: 'array', item: address }],
    ['pair', { kind: 'tuple', items: [address, { kind: 'bytearray' }] }],
    ['point', { kind: 'struct', name: 'Point', members: [{ name: 'owner', type: address, key: false }] }],
    ['some', option(address)],
    ['none', option(address)],
    ['colour', { kind: 'enum', name: 'Colour', options: [{ name: 'Red', type: unit }] }],
    [
      'action',
      {
        kind: 'enum',
        name: 'Action',
        options: [
          { name: 'Wait', type: unit },
          { name: 'Hit', type: address },
        ],
      },
    ],
    ['waiting', { kind: 'enum', name: 'Action', options: [{ name: 'Wait', type: unit }] }],
  ] as readonly (readonly [string, ModelType])[]
).map(([name, type]) => ({ name, type, key: false }))

const one = canonicalFelt(1)

test('[TO1] what a caller writes in any way is brought into the form that rows hold', () => {
  const written: Row = {
    ...{ u8: 8n, i32: -3n, u64: 2 ** 40, i128: -5, u256: 7, bool: true },
    ...{ felt252: 1, classhash: '0x01', contractaddress: '0x0001', ethaddress: '0xAB' },
    ...{ text: '0x1', list: ['0x1', 1n], pair: ['0x1', '0x1'], point: { owner: '0x1' } },
    ...{ some: '0x1', none: null, colour: 'Red', action: { variant: 'Hit', value: '0x1' }, other: '0x1' },
  }
  expect(inHeldForm(members, written)).toEqual({
    ...{ u8: 8, i32: -3, u64: 2n ** 40n, i128: -5n, u256: 7n, bool: true },
    ...{ felt252: one, classhash: one, contractaddress: one, ethaddress: `0x${'ab'.padStart(40, '0')}` },
    ...{ text: '0x1', list: [one, one], pair: [one, '0x1'], point: { owner: one } },
    ...{ some: one, none: null, colour: 'Red', action: { variant: 'Hit', value: one }, other: '0x1' },
  })
})

test('[TO1] what is not of its type is left as it is', () => {
  const strange: Row = {
    ...{
      u8: 2n ** 60n,
      u64: 1.5,
      felt252: 'short text',
      contractaddress: -1,
      ethaddress: canonicalFelt(2n ** 200n),
    },
    ...{ list: '0x1', pair: { 0: '0x1' }, point: '0x1', action: 'Hit', bool: 'yes' },
    ...{ waiting: { variant: 'Wait', value: null } },
  }
  expect(inHeldForm(members, strange)).toEqual(strange)
  expect(inHeldForm([], strange)).toEqual(strange)
})
