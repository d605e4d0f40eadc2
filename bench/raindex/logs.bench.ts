import { createIntake, createReplica } from '@freshet/core'
import {
  createRaindexProjection,
  hashOrder,
  raindexTables,
  readRpcLog,
  replayLogs,
  type ChainLog,
  type Order,
} from '@freshet/raindex/engine'
import { floatToHex, parse } from '@freshet/raindex/float'
import { decodeEventLog, parseAbi } from 'viem'
import {
  createLogWriter,
  declarations,
  orderbookAddress,
} from '../../packages/raindex/src/testing/event-logs.ts'
import { addressOf, wordOf } from '../../packages/raindex/src/testing/fixture-order.ts'
import { benchRow, type BenchRow } from '../bench-row.ts'
import { interleave, median, microsPerOperation } from '../measure.ts'

const blocks = 150
const store = addressOf(0xbb)
/** As long as a usual expression of an order. */
const bytecode = `0x${'5a'.repeat(480)}` as const

/**
 * From the answers of a node to rows in a replica, against viem decoding the same logs and doing nothing else.
 *
 * The logs have the mix of a recorded run: mostly store words and contexts, then deposits, takes, orders, clears.
 */
export async function run(): Promise<readonly BenchRow[]> {
  const logs = mixedLogs()
  const entries = logs.map(rpcEntry)
  const abi = parseAbi(Object.values(declarations))
  const figures = await interleave({
    state: () => microsPerOperation(logs.length, () => buildState(entries)),
    viem: () =>
      microsPerOperation(logs.length, () => {
        for (const { topics, data } of logs) {
          // Every log of the mix has its topic.
          decodeEventLog({ abi, topics: topics as [`0x${string}`], data })
        }
      }),
  })
  const [us, viem] = [median(figures.state), median(figures.viem)]
  const note = `${logs.length} logs, ${us.toFixed(1)} against ${viem.toFixed(1)} µs per log`
  return [
    benchRow({
      name: 'logs to state, times as fast as decoding',
      measured: viem / us,
      bound: 1,
      better: 'higher',
      note,
    }),
  ]
}

function buildState(entries: readonly unknown[]): void {
  const orderbook = { address: orderbookAddress, version: 'v5' } as const
  const replay = replayLogs(entries.map(readRpcLog), orderbook, { decimalsOf: () => 18 })
  const replica = createReplica({
    name: 'bench',
    tables: raindexTables,
    intake: createIntake({
      projection: createRaindexProjection('v5'),
      isReady: () => true,
      keepPositions: 64,
    }),
  })
  for (const { blockNumber, blockHash, mutations } of replay.blocks) {
    const { position } = replica
    replica.apply({ kind: 'log', after: position, upTo: blockNumber, mark: blockHash, facts: mutations })
  }
  if (replica.collection('orders').size === 0) throw new Error('The replay made no orders.')
}

function mixedLogs(): readonly ChainLog[] {
  const writer = createLogWriter()
  const [ten, one] = [floatToHex(parse('10')), floatToHex(parse('1'))]
  const taker = addressOf(0x77)
  for (let block = 1; block <= blocks; block++) {
    writer.block(block)
    const [alice, bob] = [orderOf(block, 1), orderOf(block, 2)]
    for (const order of [alice, bob]) {
      const { owner } = order
      writer.event('DepositV2', [
        owner,
        order.validOutputs[0]?.token,
        order.validOutputs[0]?.vaultId,
        10n ** 20n,
      ])
    }
    writer.event('AddOrderV3', [alice.owner, hashOrder(alice), alice])
    const config = { order: alice, inputIOIndex: 0n, outputIOIndex: 0n, signedContext: [] }
    for (let i = 0; i < 2; i++) {
      writer.event('TakeOrderV3', [taker, config, one, ten])
      writer.event('ContextV2', [
        taker,
        [[wordOf(1), wordOf(2)], [wordOf(3), wordOf(4), wordOf(5)], [], [ten], [one]],
      ])
    }
    const indexes = {
      aliceInputIOIndex: 0n,
      aliceOutputIOIndex: 0n,
      bobInputIOIndex: 0n,
      bobOutputIOIndex: 0n,
    }
    const bounties = { aliceBountyVaultId: wordOf(8), bobBountyVaultId: wordOf(9) }
    writer.event('ClearV3', [taker, alice, bob, { ...indexes, ...bounties }])
    writer.event('AfterClearV2', [
      taker,
      { aliceOutput: one, bobOutput: one, aliceInput: one, bobInput: one },
    ])
    for (let word = 0; word < 8; word++) {
      writer.event('Set', [BigInt(block), wordOf(word), wordOf(block % 200)], store)
    }
  }
  return writer.logs
}

function orderOf(block: number, owner: number): Order {
  const ios = [
    { token: addressOf(0x10), vaultId: wordOf(1) },
    { token: addressOf(0x20), vaultId: wordOf(2) },
  ]
  const [first, second] = [ios.slice(0, 1), ios.slice(1)]
  return {
    owner: addressOf(owner),
    evaluable: { interpreter: addressOf(0xaa), store, bytecode },
    validInputs: owner === 1 ? first : second,
    validOutputs: owner === 1 ? second : first,
    nonce: wordOf(block % 250),
  }
}

function rpcEntry(log: ChainLog): unknown {
  const quantity = (number: number | undefined): string => `0x${(number ?? 0).toString(16)}`
  return {
    ...log,
    blockNumber: quantity(log.blockNumber),
    blockTimestamp: quantity(log.blockTimestamp),
    logIndex: quantity(log.logIndex),
  }
}
