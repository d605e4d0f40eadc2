import { expect, test } from 'vitest'
import { addressOf, fixtureOrder } from '../testing/fixture-order.ts'
import { createStaticCodeCache, isCodeReady } from './code-cache.ts'
import { keccak256 } from './keccak.ts'
import { createRaindexProjection } from './projection.ts'
import { RaindexError } from './raindex-error.ts'

const { interpreter, store } = fixtureOrder.evaluable

test('[RX24] the same code twice is harmless, other code for an address collides and changes nothing', () => {
  const cache = createStaticCodeCache([{ kind: 'Interpreter', address: interpreter, bytecode: '0x010203' }])
  cache.upsert({ kind: 'Interpreter', address: interpreter, bytecode: '010203' })
  expect(
    caught(() => cache.upsert({ kind: 'Interpreter', address: interpreter, bytecode: '0x090909' })),
  ).toMatchObject({
    errorName: 'BytecodeCollision',
    details: { kind: 'Interpreter', address: interpreter },
  })
  expect(cache.code('Interpreter', interpreter)).toBe('0x010203')
  expect(cache.codeHash('Interpreter', interpreter)).toBe(keccak256('0x010203'))
  expect(cache.size).toBe(1)
})

test.each(['', '0x', '0x1', 'zz', '0xzz'])(
  '[RX24] the code "%s" is refused and names its kind',
  (bytecode) => {
    const cache = createStaticCodeCache()
    expect(caught(() => cache.upsert({ kind: 'Store', address: store, bytecode }))).toMatchObject({
      errorName: 'InvalidBytecodeEncoding',
      details: { kind: 'Store', address: store },
    })
  },
)

test('[RX24] hex is read in any case, with or without its prefix, and given back in one form', () => {
  const cache = createStaticCodeCache()
  cache.upsert({ kind: 'Store', address: store.toUpperCase().replace('0X', ''), bytecode: 'AABB01' })
  expect(cache.artifacts()).toEqual([{ kind: 'Store', address: store, bytecode: '0xaabb01' }])
  expect(caught(() => cache.upsert({ kind: 'Store', address: '0x12', bytecode: '0x01' })).errorName).toBe(
    'InvalidBytecodeEncoding',
  )
})

test('[RX24] one address may be of several kinds', () => {
  const cache = createStaticCodeCache([
    { kind: 'Interpreter', address: addressOf(1), bytecode: '0x01' },
    { kind: 'Store', address: addressOf(1), bytecode: '0x02' },
  ])
  expect([cache.code('Interpreter', addressOf(1)), cache.code('Store', addressOf(1))]).toEqual([
    '0x01',
    '0x02',
  ])
  expect(cache.code('Aux', addressOf(1))).toBeUndefined()
})

test('[RX24] of several pieces those before one that fails stay', () => {
  const cache = createStaticCodeCache()
  const pieces = ['0x01', '0x', '0x03'].map((bytecode, i) => ({
    kind: 'Aux' as const,
    address: addressOf(i),
    bytecode,
  }))
  expect(caught(() => cache.ingest(pieces)).errorName).toBe('InvalidBytecodeEncoding')
  expect(cache.size).toBe(1)
})

test('[RX24] what an order lacks is named, the interpreter first', () => {
  const cache = createStaticCodeCache()
  expect(cache.missingFor(fixtureOrder).map(({ kind }) => kind)).toEqual(['Interpreter', 'Store'])
  expect(caught(() => cache.ensureArtifacts(fixtureOrder))).toMatchObject({
    errorName: 'MissingBytecode',
    details: { kind: 'Interpreter', address: interpreter },
  })
  cache.upsert({ kind: 'Interpreter', address: interpreter, bytecode: '0x01' })
  expect(caught(() => cache.ensureArtifacts(fixtureOrder)).details).toEqual({ kind: 'Store', address: store })
  cache.upsert({ kind: 'Store', address: store, bytecode: '0x01' })
  expect(() => cache.ensureArtifacts(fixtureOrder)).not.toThrow()
})

test('[RX12] [RX24] the needs that the projection names are met by the cache', () => {
  const cache = createStaticCodeCache()
  const ready = isCodeReady(cache)
  const needs = createRaindexProjection('v5').needs?.({ kind: 'setOrders', orders: [fixtureOrder] }) ?? []
  expect(needs.map(ready)).toEqual([false, false])
  cache.upsert({ kind: 'Interpreter', address: interpreter, bytecode: '0x01' })
  expect(needs.map(ready)).toEqual([true, false])
  cache.upsert({ kind: 'Store', address: store, bytecode: '0x01' })
  expect(needs.map(ready)).toEqual([true, true])
  expect(ready('interpreter:nonsense')).toBe(false)
})

function caught(operation: () => unknown): RaindexError {
  try {
    operation()
  } catch (error) {
    if (error instanceof RaindexError) return error
    throw error
  }
  throw new Error('Nothing was thrown.')
}
