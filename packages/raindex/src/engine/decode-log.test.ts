import fc from 'fast-check'
import { parseAbiItem, toEventSelector } from 'viem'
import { expect, test } from 'vitest'
import { floatToHex, parse } from '../float/index.ts'
import {
  arbitraryAddress,
  arbitraryBytes,
  arbitraryOrder,
  arbitraryWord,
} from '../testing/arbitrary-order.ts'
import {
  createLogWriter,
  declarations,
  encodeEvent,
  orderbookAddress,
  type EventName,
} from '../testing/event-logs.ts'
import { addressOf, fixtureOrder, wordOf } from '../testing/fixture-order.ts'
import type { ChainLog } from './chain-log.ts'
import { readRpcLog } from './chain-log.ts'
import { decodeLog } from './decode-log.ts'
import type { RaindexEvent } from './event.ts'
import { hashOrder, type Order } from './order.ts'
import { RaindexError } from './raindex-error.ts'
import { olderTopics, topics } from './topics.ts'

const runs = { numRuns: 100, seed: 20_253 } as const
const smallIndex = fc.integer({ min: 0, max: 2 ** 31 - 1 })
const arbitrarySignedContext = fc.array(
  fc.record({
    signer: arbitraryAddress,
    context: fc.array(arbitraryWord, { maxLength: 3 }),
    signature: arbitraryBytes,
  }),
  { maxLength: 3 },
)

test('[RX2] topics are those of the declarations', () => {
  for (const [name, declaration] of Object.entries(declarations)) {
    const item = parseAbiItem(declaration as string)
    if (item.type === 'event')
      expect([name, topics[name as EventName]]).toEqual([name, toEventSelector(item)])
  }
  expect(Object.keys(topics).toSorted()).toEqual(Object.keys(declarations).toSorted())
})

test('[RX2] orders added and removed are read', () => {
  fc.assert(
    fc.property(arbitraryAddress, arbitraryOrder, (sender, order) => {
      const orderHash = hashOrder(order)
      for (const kind of ['AddOrderV3', 'RemoveOrderV3'] as const) {
        expect(decoded(kind, [sender, orderHash, order])).toEqual({ kind, sender, orderHash, order })
      }
    }),
    runs,
  )
})

test('[RX2] takes are read with their signed contexts', () => {
  const amounts = fc.tuple(arbitraryWord, arbitraryWord)
  fc.assert(
    fc.property(arbitraryOrder, smallIndex, smallIndex, arbitrarySignedContext, amounts, (...parts) => {
      const [order, inputIOIndex, outputIOIndex, signedContext, [input, output]] = parts
      const sender = addressOf(7)
      const config = {
        order,
        inputIOIndex: BigInt(inputIOIndex),
        outputIOIndex: BigInt(outputIOIndex),
        signedContext,
      }
      const event = decoded('TakeOrderV3', [sender, config, input, output])
      const floats = { input: BigInt(input), output: BigInt(output) }
      expect(event).toEqual({
        kind: 'TakeOrderV3',
        sender,
        order,
        inputIOIndex,
        outputIOIndex,
        signedContext,
        ...floats,
      })
    }),
    runs,
  )
})

test('[RX2] both halves of a clear are read', () => {
  fc.assert(
    fc.property(
      arbitraryOrder,
      arbitraryOrder,
      fc.array(arbitraryWord, { minLength: 4, maxLength: 4 }),
      (alice, bob, words) => {
        const [first = wordOf(0), second = wordOf(0), third = wordOf(0), fourth = wordOf(0)] = words
        const vaults = { aliceBountyVaultId: first, bobBountyVaultId: second }
        const indexes = {
          aliceInputIOIndex: 1,
          aliceOutputIOIndex: 2,
          bobInputIOIndex: 3,
          bobOutputIOIndex: 4,
        }
        const config = {
          aliceInputIOIndex: 1n,
          aliceOutputIOIndex: 2n,
          bobInputIOIndex: 3n,
          bobOutputIOIndex: 4n,
          ...vaults,
        }
        const sender = addressOf(7)
        const clear = decoded('ClearV3', [sender, alice, bob, config])
        expect(clear).toEqual({ kind: 'ClearV3', sender, alice, bob, config: { ...indexes, ...vaults } })
        const change = { aliceOutput: first, bobOutput: second, aliceInput: third, bobInput: fourth }
        const floats = Object.fromEntries(
          Object.entries(change).map(([field, word]) => [field, BigInt(word)]),
        )
        expect(decoded('AfterClearV2', [sender, change])).toEqual({
          kind: 'AfterClearV2',
          sender,
          change: floats,
        })
      },
    ),
    runs,
  )
})

test('[RX2] deposits, withdrawals, contexts, metadata, skipped orders and store words are read', () => {
  const [sender, token, vaultId] = [addressOf(1), addressOf(2), wordOf(3)]
  const vault = { sender, token, vaultId }
  const most = 2n ** 256n - 1n
  expect(decoded('DepositV2', [sender, token, vaultId, most])).toEqual({
    kind: 'DepositV2',
    ...vault,
    amount: most,
  })
  const [target, withdrawn] = [parse('100'), parse('6.5')]
  expect(
    decoded('WithdrawV2', [sender, token, vaultId, floatToHex(target), floatToHex(withdrawn), 6n]),
  ).toEqual({
    kind: 'WithdrawV2',
    ...vault,
    targetAmount: target,
    withdrawAmount: withdrawn,
    amount: 6n,
  })
  const context = [[wordOf(1), wordOf(2)], [], [wordOf(3)]]
  expect(decoded('ContextV2', [sender, context])).toEqual({ kind: 'ContextV2', sender, context })
  expect(decoded('MetaV1_2', [sender, wordOf(4), '0x010203'])).toEqual({
    kind: 'MetaV1_2',
    sender,
    subject: wordOf(4),
    meta: '0x010203',
  })
  for (const kind of ['OrderNotFound', 'OrderZeroAmount', 'OrderExceedsMaxRatio'] as const) {
    const owner = addressOf(5)
    expect(decoded(kind, [sender, owner, wordOf(6)])).toEqual({ kind, sender, owner, orderHash: wordOf(6) })
  }
  const set = createLogWriter().event('Set', [42n, wordOf(7), wordOf(8)], addressOf(0xbb))
  const fqn = `0x${'0'.repeat(62)}2a`
  const expected = { kind: 'Set', store: addressOf(0xbb), fqn, key: wordOf(7), value: wordOf(8) }
  expect(decodeLog(set, orderbookAddress)).toEqual(expected)
})

test('[RX3] an event cut off anywhere fails and names its log', () => {
  for (const log of sampleLogs()) {
    for (let end = 2; end < log.data.length; end += 64) {
      const cut = { ...log, data: `0x${log.data.slice(2, end)}` as const }
      expect(caught(() => decodeLog(cut, orderbookAddress))).toMatchObject({
        errorName: 'BadLog',
        code: 'raindex/bad-log',
        kind: 'protocol',
        details: {
          blockNumber: log.blockNumber,
          logIndex: log.logIndex,
          transactionHash: log.transactionHash,
        },
      })
    }
  }
})

test('[RX3] a word changed anywhere is read or fails as a bad log, quickly', () => {
  const words = fc.oneof(
    arbitraryWord,
    fc.constantFrom(wordOf(0), wordOf(0xff), `0x${'0'.repeat(56)}7fffffff` as const),
  )
  const logs = sampleLogs()
  fc.assert(
    fc.property(fc.nat(logs.length - 1), fc.nat(60), words, (which, place, word) => {
      const log = logs[which]
      if (log === undefined) return
      const at = 2 + 64 * (place % ((log.data.length - 2) / 64))
      const data = `0x${log.data.slice(2, at)}${word.slice(2)}${log.data.slice(at + 64)}` as const
      try {
        decodeLog({ ...log, data }, orderbookAddress)
      } catch (error) {
        expect(error).toMatchObject({ errorName: 'BadLog' })
      }
    }),
    { numRuns: 2_000, seed: 20_254 },
  )
})

test('[RX3] a known event with another number of topics fails', () => {
  const log = createLogWriter().event('OrderNotFound', [addressOf(1), addressOf(2), wordOf(3)])
  const twice = { ...log, topics: [...log.topics, wordOf(1)] }
  expect(caught(() => decodeLog(twice, orderbookAddress)).message).toContain('it has 2 topics and not 1')
})

test('[RX3] an added order that does not have its hash fails', () => {
  const log = createLogWriter().event('AddOrderV3', [addressOf(1), wordOf(9), fixtureOrder])
  expect(caught(() => decodeLog(log, orderbookAddress)).message).toContain('does not hash to')
})

test('[RX3] an entry of a node that is no log fails and names the field', () => {
  const good = rpcEntry()
  expect(readRpcLog(good)).toMatchObject({ blockNumber: 16, logIndex: 2, blockTimestamp: undefined })
  expect(readRpcLog({ ...good, address: addressOf(0xab).toUpperCase().replace('0X', '0x') }).address).toBe(
    addressOf(0xab),
  )
  for (const [field, value] of [
    ['address', '0x12'],
    ['topics', 'none'],
    ['topics', ['0x12']],
    ['topics', Array.from({ length: 5 }, () => wordOf(1))],
    ['data', '0x1'],
    ['data', '0xzz'],
    ['blockNumber', null],
    ['blockNumber', 5],
    ['blockHash', undefined],
    ['transactionHash', 7],
    ['logIndex', '0xffffffffffffffff'],
    ['blockTimestamp', 'now'],
    ['removed', true],
  ] as const) {
    expect(caught(() => readRpcLog({ ...good, [field]: value }))).toMatchObject({
      errorName: 'BadLog',
      details: { field },
    })
  }
  expect(caught(() => readRpcLog(null)).details).toEqual({ field: 'log' })
})

test('[RX4] events of order book V4 are refused by name', () => {
  for (const [name, topic] of Object.entries(olderTopics)) {
    const log = createLogWriter().raw({ topics: [topic], data: '0x' })
    const error = caught(() => decodeLog(log, orderbookAddress))
    expect(error).toMatchObject({
      errorName: 'UnsupportedOrderbookVersion',
      kind: 'usage',
      details: { event: name },
    })
    expect(error.message).toContain(`${name} of order book V4`)
  }
})

test('[RX4] a log of another order book is foreign, and so is one of a store not asked for', () => {
  const log = createLogWriter().event(
    'OrderNotFound',
    [addressOf(1), addressOf(2), wordOf(3)],
    addressOf(0x98),
  )
  expect(caught(() => decodeLog(log, orderbookAddress))).toMatchObject({
    errorName: 'ForeignLog',
    details: { address: addressOf(0x98) },
  })
  const set = createLogWriter().event('Set', [1n, wordOf(1), wordOf(2)], addressOf(0xbb))
  expect(decodeLog(set, orderbookAddress, new Set([addressOf(0xbb)])).kind).toBe('Set')
  expect(caught(() => decodeLog(set, orderbookAddress, new Set())).errorName).toBe('ForeignLog')
})

test('[RX4] what a store writes that is no Set is unknown and stops nothing', () => {
  const stores = new Set([addressOf(0xbb)])
  const writer = createLogWriter()
  const odd = [
    writer.raw({ topics: [topics.Set], data: '0x' }, addressOf(0xbb)),
    writer.raw({ topics: [topics.Set, wordOf(1)], data: `0x${'00'.repeat(96)}` }, addressOf(0xbb)),
    writer.raw({ topics: [topics.AddOrderV3], data: '0x' }, addressOf(0xbb)),
    writer.raw({ topics: [olderTopics['store Set']], data: '0x' }, addressOf(0xbb)),
    writer.raw({ topics: [], data: '0x' }, addressOf(0xbb)),
  ]
  for (const log of odd) expect(decodeLog(log, orderbookAddress, stores)).toMatchObject({ kind: 'unknown' })
})

function decoded(name: EventName, args: readonly unknown[]): RaindexEvent {
  return decodeLog(createLogWriter().event(name, args), orderbookAddress)
}

/** One log of every event of the order book, with something in every list. */
function sampleLogs(): readonly ChainLog[] {
  const writer = createLogWriter()
  const [sender, order]: [`0x${string}`, Order] = [addressOf(1), fixtureOrder]
  const signedContext = [{ signer: addressOf(2), context: [wordOf(3)], signature: '0x0102' }]
  const config = { aliceInputIOIndex: 0n, aliceOutputIOIndex: 0n, bobInputIOIndex: 0n, bobOutputIOIndex: 0n }
  const vaults = { aliceBountyVaultId: wordOf(4), bobBountyVaultId: wordOf(5) }
  const change = { aliceOutput: wordOf(1), bobOutput: wordOf(2), aliceInput: wordOf(3), bobInput: wordOf(4) }
  writer.event('AddOrderV3', [sender, hashOrder(order), order])
  writer.event('RemoveOrderV3', [sender, hashOrder(order), order])
  writer.event('DepositV2', [sender, addressOf(2), wordOf(3), 5n])
  writer.event('WithdrawV2', [sender, addressOf(2), wordOf(3), wordOf(4), wordOf(5), 5n])
  writer.event('TakeOrderV3', [
    sender,
    { order, inputIOIndex: 0n, outputIOIndex: 0n, signedContext },
    wordOf(1),
    wordOf(2),
  ])
  writer.event('ClearV3', [sender, order, order, { ...config, ...vaults }])
  writer.event('AfterClearV2', [sender, change])
  writer.event('OrderNotFound', [sender, addressOf(2), wordOf(3)])
  writer.event('MetaV1_2', [sender, wordOf(3), '0x0102'])
  writer.event('ContextV2', [sender, [[wordOf(1)], [wordOf(2), wordOf(3)]]])
  return writer.logs
}

function rpcEntry(): Record<string, unknown> {
  const { topics: eventTopics, data } = encodeEvent('OrderNotFound', [addressOf(1), addressOf(2), wordOf(3)])
  return {
    address: addressOf(1),
    topics: eventTopics,
    data,
    blockNumber: '0x10',
    blockHash: wordOf(1),
    transactionHash: wordOf(2),
    transactionIndex: '0x0',
    logIndex: '0x2',
    removed: false,
  }
}

function caught(operation: () => unknown): RaindexError {
  try {
    operation()
  } catch (error) {
    if (error instanceof RaindexError) return error
    throw error
  }
  throw new Error('Nothing was thrown.')
}
