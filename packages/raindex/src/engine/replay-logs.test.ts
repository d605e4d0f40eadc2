import { expect, test } from 'vitest'
import { display, floatToHex, parse } from '../float/index.ts'
import { createLogWriter, orderbookAddress, type LogWriter } from '../testing/event-logs.ts'
import { addressOf, fixtureOrder, wordOf } from '../testing/fixture-order.ts'
import type { ChainLog } from './chain-log.ts'
import type { Mutation } from './mutation.ts'
import { hashOrder, type Order } from './order.ts'
import { RaindexError } from './raindex-error.ts'
import { replayLogs, type LogReplay } from './replay-logs.ts'

const alice = fixtureOrder
const bob: Order = {
  ...fixtureOrder,
  owner: addressOf(0x43),
  validInputs: fixtureOrder.validOutputs,
  validOutputs: fixtureOrder.validInputs,
}
const noVault = wordOf(0)
const [tokenA, tokenB] = [addressOf(0x10), addressOf(0x20)]

test('[RX5] orders are added, and removed by the hash of the event', () => {
  const writer = createLogWriter()
  writer.event('AddOrderV3', [alice.owner, hashOrder(alice), alice])
  writer.event('RemoveOrderV3', [alice.owner, wordOf(9), alice])
  expect(mutationsOf(replay(writer.logs))).toEqual([
    { kind: 'setOrders', orders: [alice] },
    { kind: 'removeOrders', orderHashes: [wordOf(9)] },
  ])
})

test('[RX5] a deposit counts by the decimals of its token, and fails where they are not known', () => {
  const writer = createLogWriter()
  writer.event('DepositV2', [alice.owner, tokenA, wordOf(1), 1_500_000_000_000_000_000n])
  expect(deltasOf(replay(writer.logs))).toEqual([[alice.owner, tokenA, wordOf(1), '1.5']])
  const error = caught(() => replayLogs(writer.logs, orderbook('v5'), { decimalsOf: () => undefined }))
  expect(error).toMatchObject({
    errorName: 'TokenDecimalMissing',
    code: 'raindex/token-decimal-missing',
    details: { token: tokenA, blockNumber: 1, logIndex: 0 },
  })
})

test('[RX5] a deposit of nothing is kept, one beyond 224 bits counts by the digits a float had', () => {
  const writer = createLogWriter()
  writer.event('DepositV2', [alice.owner, tokenA, wordOf(1), 0n])
  writer.event('DepositV2', [alice.owner, tokenA, wordOf(1), 10n ** 77n])
  expect(deltasOf(replay(writer.logs)).map(([, , , delta]) => delta)).toEqual(['0', '1e59'])
})

test('[RX5] a withdrawal takes what left the vault, not what was asked for', () => {
  const writer = createLogWriter()
  const amounts = [floatToHex(parse('100')), floatToHex(parse('2.5')), 2_500_000n]
  writer.event('WithdrawV2', [alice.owner, tokenA, wordOf(1), ...amounts])
  expect(deltasOf(replay(writer.logs))).toEqual([[alice.owner, tokenA, wordOf(1), '-2.5']])
})

test('[RX5] a take gives the order what the taker gave; movements of nothing are left out', () => {
  const writer = createLogWriter()
  takeOrder(writer, '1.25', '2')
  takeOrder(writer, '1', '0')
  takeOrder(writer, '0', '0')
  expect(deltasOf(replay(writer.logs))).toEqual([
    [alice.owner, tokenA, wordOf(1), '2'],
    [alice.owner, tokenB, wordOf(2), '-1.25'],
    [alice.owner, tokenB, wordOf(2), '-1'],
  ])
})

test('[RX5] an index that the order does not have fails and names the log', () => {
  const writer = createLogWriter()
  writer.event('TakeOrderV3', [alice.owner, take({ inputIOIndex: 2n }), float('1'), float('1')])
  expect(caught(() => replay(writer.logs))).toMatchObject({
    errorName: 'InvalidInputIndex',
    details: { index: 2, length: 1, logIndex: 0 },
  })
  const other = createLogWriter()
  other.event('TakeOrderV3', [alice.owner, take({ outputIOIndex: 1n }), float('1'), float('1')])
  expect(caught(() => replay(other.logs)).errorName).toBe('InvalidOutputIndex')
})

test('[RX5] a store word keeps its store and its qualified namespace', () => {
  const writer = createLogWriter()
  writer.event('Set', [42n, wordOf(7), wordOf(8)], addressOf(0xbb))
  const fqn = `0x${'0'.repeat(62)}2a`
  const sets = [{ store: addressOf(0xbb), fqn, kvs: [{ key: wordOf(7), value: wordOf(8) }] }]
  expect(mutationsOf(replay(writer.logs))).toEqual([{ kind: 'applyStore', sets }])
})

test('[RX5] in V6 vault 0 is the wallet of its owner and never moves', () => {
  const wallet: Order = { ...alice, validInputs: [{ token: tokenA, vaultId: noVault }] }
  const writer = createLogWriter()
  writer.event('TakeOrderV3', [alice.owner, take({ order: wallet }), float('1'), float('2')])
  expect(deltasOf(replay(writer.logs, 'v6'))).toEqual([[alice.owner, tokenB, wordOf(2), '-1']])
  expect(deltasOf(replay(writer.logs, 'v5'))).toEqual([
    [alice.owner, tokenA, noVault, '2'],
    [alice.owner, tokenB, wordOf(2), '-1'],
  ])
})

test('[RX6] a clear moves four vaults and gives the rest to whoever cleared', () => {
  const writer = createLogWriter()
  clear(writer)
  afterClear(writer, '4', '3', '1.5', '2')
  const sender = addressOf(0x77)
  expect(deltasOf(replay(writer.logs))).toEqual([
    [alice.owner, tokenA, wordOf(1), '1.5'],
    [alice.owner, tokenB, wordOf(2), '-4'],
    [bob.owner, tokenB, wordOf(2), '2'],
    [bob.owner, tokenA, wordOf(1), '-3'],
    [sender, tokenB, wordOf(0x0a), '2'],
    [sender, tokenA, wordOf(0x0b), '1.5'],
  ])
})

test('[RX6] clears of one transaction are paired in their order, and placed where their effect is', () => {
  const writer = createLogWriter()
  clear(writer)
  clear(writer, { aliceBountyVaultId: wordOf(0x0c) })
  afterClear(writer, '2', '1', '1', '1')
  writer.event('DepositV2', [alice.owner, tokenA, wordOf(1), 0n])
  afterClear(writer, '5', '1', '1', '1')
  const bounties = deltasOf(replay(writer.logs)).filter(([owner]) => owner === addressOf(0x77))
  expect(bounties).toEqual([
    [addressOf(0x77), tokenB, wordOf(0x0a), '1'],
    [addressOf(0x77), tokenB, wordOf(0x0c), '4'],
  ])
  expect(replay(writer.logs).blocks[0]?.mutations).toHaveLength(4)
})

test('[RX6] one half of a clear without the other fails, also across transactions', () => {
  const alone = createLogWriter()
  clear(alone)
  expect(caught(() => replay(alone.logs))).toMatchObject({
    errorName: 'UnpairedClear',
    details: { logIndex: 0 },
  })
  const reversed = createLogWriter()
  afterClear(reversed, '1', '1', '1', '1')
  expect(caught(() => replay(reversed.logs)).errorName).toBe('UnpairedClear')
  const apart = createLogWriter()
  clear(apart)
  apart.transaction()
  afterClear(apart, '1', '1', '1', '1')
  expect(caught(() => replay(apart.logs))).toMatchObject({
    errorName: 'UnpairedClear',
    details: { logIndex: 0 },
  })
})

test('[RX7] logs that do not ascend, or name two hashes of one block, are refused', () => {
  const writer = createLogWriter()
  const first = writer.event('ContextV2', [alice.owner, []])
  const second = writer.event('ContextV2', [alice.owner, []])
  writer.block(2)
  const third = writer.event('ContextV2', [alice.owner, []])
  for (const logs of [
    [second, first],
    [first, first],
    [third, first],
  ]) {
    expect(caught(() => replay(logs)).errorName).toBe('LogsOutOfOrder')
  }
  const forked = { ...second, blockHash: wordOf(0xee) }
  expect(caught(() => replay([first, forked])).message).toContain('another block of the same number')
  expect(replay([first, second, third]).blocks.map((block) => block.blockNumber)).toEqual([1, 2])
})

test('[RX4] contexts and unknown events are kept as notes and counted, and change nothing', () => {
  const writer = createLogWriter()
  writer.event('ContextV2', [alice.owner, [[wordOf(1)]]])
  writer.raw({ topics: [wordOf(0xcd)], data: '0x1234' })
  writer.raw({ topics: [wordOf(0xce), wordOf(1)], data: '0x' })
  const { blocks, counts } = replay(writer.logs)
  expect(counts).toEqual({ ContextV2: 1, unknown: 2 })
  expect(blocks[0]?.mutations).toEqual([{ kind: 'setEnv', blockNumber: 1, timestamp: 1_700_000_001 }])
  expect(blocks[0]?.notes.map(({ logIndex, event }) => [logIndex, event])).toEqual([
    [0, { kind: 'ContextV2', sender: alice.owner, context: [[wordOf(1)]] }],
    [1, { kind: 'unknown', topics: [wordOf(0xcd)], data: '0x1234' }],
    [2, { kind: 'unknown', topics: [wordOf(0xce), wordOf(1)], data: '0x' }],
  ])
})

function orderbook(version: 'v5' | 'v6'): { address: typeof orderbookAddress; version: typeof version } {
  return { address: orderbookAddress, version }
}

function replay(logs: readonly ChainLog[], version: 'v5' | 'v6' = 'v5'): LogReplay {
  return replayLogs(logs, orderbook(version), { decimalsOf: () => 18 })
}

function mutationsOf({ blocks }: LogReplay): readonly Mutation[] {
  return blocks.flatMap(({ mutations }) => mutations).filter(({ kind }) => kind !== 'setEnv')
}

function deltasOf(result: LogReplay): readonly (readonly [string, string, string, string])[] {
  return mutationsOf(result).flatMap((mutation) =>
    mutation.kind === 'vaultDeltas'
      ? mutation.deltas.map(
          ({ owner, token, vaultId, delta }) => [owner, token, vaultId, display(delta)] as const,
        )
      : [],
  )
}

function takeOrder(writer: LogWriter, input: string, output: string): void {
  writer.event('TakeOrderV3', [addressOf(0x77), take({}), float(input), float(output)])
}

function take(changed: Readonly<Record<string, unknown>>): unknown {
  return { order: alice, inputIOIndex: 0n, outputIOIndex: 0n, signedContext: [], ...changed }
}

function clear(writer: LogWriter, changed: Readonly<Record<string, unknown>> = {}): void {
  const indexes = { aliceInputIOIndex: 0n, aliceOutputIOIndex: 0n, bobInputIOIndex: 0n, bobOutputIOIndex: 0n }
  const bounties = { aliceBountyVaultId: wordOf(0x0a), bobBountyVaultId: wordOf(0x0b) }
  writer.event('ClearV3', [addressOf(0x77), alice, bob, { ...indexes, ...bounties, ...changed }])
}

function afterClear(writer: LogWriter, ...amounts: readonly [string, string, string, string]): void {
  const [aliceOutput, bobOutput, aliceInput, bobInput] = amounts.map(float)
  writer.event('AfterClearV2', [addressOf(0x77), { aliceOutput, bobOutput, aliceInput, bobInput }])
}

function float(text: string): string {
  return floatToHex(parse(text))
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
