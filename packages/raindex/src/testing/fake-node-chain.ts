import type { Address, Bytes32, Hex } from '../engine/index.ts'
import { keccak256 } from '../engine/keccak.ts'
import { bloomOf } from '../client/chain/log-bloom.ts'

/** What a contract logs. */
export type FakeLog = {
  readonly address: Address
  readonly topics: readonly Bytes32[]
  readonly data: Hex
  /** Logs of one number are of one transaction. Default each block one. */
  readonly transaction?: number | undefined
}

/** A log as `eth_getLogs` gives it. */
export type RpcLog = {
  readonly address: Address
  readonly topics: readonly Bytes32[]
  readonly data: Hex
  readonly blockNumber: string
  readonly blockHash: Bytes32
  readonly blockTimestamp?: string
  readonly transactionHash: Bytes32
  readonly transactionIndex: string
  readonly logIndex: string
  readonly removed: boolean
}

export type FakeBlock = {
  readonly number: number
  readonly hash: Bytes32
  readonly parentHash: Bytes32
  readonly timestamp: number
  readonly logsBloom: Hex
  readonly logs: readonly RpcLog[]
}

/** A chain in memory, which can be reorganised. */
export type FakeChain = {
  readonly chainId: number
  readonly firstBlock: number
  /** Newest block that is shown. */
  readonly head: FakeBlock | undefined
  block(number: number): FakeBlock | undefined
  blockByHash(hash: string): FakeBlock | undefined
  /** The canonical blocks that are shown. */
  blocks(): readonly FakeBlock[]
  mine(logs: readonly FakeLog[]): FakeBlock
  /** Replaces the newest blocks. */
  reorg(depth: number, blocks: readonly (readonly FakeLog[])[]): void
  /** Shows blocks of a recording up to a number. */
  revealTo(number: number): void
  readonly code: Map<Address, Hex>
  /** Decimals by token. */
  readonly tokens: Map<Address, number>
}

export type FakeChainOptions = {
  readonly chainId: number
  readonly firstBlock?: number | undefined
  readonly firstTimestamp?: number | undefined
  readonly secondsABlock?: number | undefined
}

const blockTime = 2

/** A chain that is empty but for its first block. */
export function createFakeChain(options: FakeChainOptions): FakeChain {
  const { chainId, firstBlock = 0, firstTimestamp = 1_700_000_000, secondsABlock = blockTime } = options
  const blocks: FakeBlock[] = []
  let salt = 0
  const mine = (logs: readonly FakeLog[]): FakeBlock => {
    const number = firstBlock + blocks.length
    const hash = keccak256(`0x${(++salt).toString(16).padStart(64, '0')}`)
    const block: FakeBlock = {
      number,
      hash,
      parentHash: blocks.at(-1)?.hash ?? `0x${'0'.repeat(64)}`,
      timestamp: firstTimestamp + secondsABlock * (number - firstBlock),
      logsBloom: bloomOf(logs.flatMap(({ address, topics }) => [address, ...topics])),
      logs: logs.map((log, index) => rpcLog(log, index, number, hash)),
    }
    blocks.push(block)
    return block
  }
  mine([])
  return chainOf(chainId, firstBlock, blocks, mine, () => blocks.length)
}

/** A recorded chain, which is shown as far as `revealTo` says; at first only its first block. */
export function recordedChain(
  chainId: number,
  recorded: readonly { number: number; hash: Bytes32; parentHash: Bytes32; timestamp: number }[],
  logs: readonly RpcLog[],
): FakeChain {
  const byBlock = Map.groupBy(logs, ({ blockNumber }) => Number(blockNumber))
  const blocks = recorded.map((block): FakeBlock => {
    const own = byBlock.get(block.number) ?? []
    return {
      ...block,
      logsBloom: bloomOf(own.flatMap(({ address, topics }) => [address, ...topics])),
      logs: own,
    }
  })
  const first = blocks[0]?.number ?? 0
  let shown = 1
  const refuse = (): never => {
    throw new Error('A recorded chain is not mined.')
  }
  return {
    ...chainOf(chainId, first, blocks, refuse, () => shown),
    get head() {
      return blocks[shown - 1]
    },
    revealTo(number) {
      shown = Math.min(blocks.length, Math.max(1, number - first + 1))
    },
  }
}

function chainOf(
  chainId: number,
  firstBlock: number,
  blocks: FakeBlock[],
  mine: FakeChain['mine'],
  shown: () => number,
): FakeChain {
  return {
    chainId,
    firstBlock,
    get head() {
      return blocks[shown() - 1]
    },
    block: (number) => (number - firstBlock < shown() ? blocks[number - firstBlock] : undefined),
    blockByHash: (hash) => blocks.slice(0, shown()).find((block) => block.hash === hash),
    blocks: () => blocks.slice(0, shown()),
    mine,
    reorg(depth, replacement) {
      // The first block stays.
      blocks.splice(Math.max(1, blocks.length - depth))
      for (const logs of replacement) mine(logs)
    },
    revealTo: () => undefined,
    code: new Map(),
    tokens: new Map(),
  }
}

function rpcLog(log: FakeLog, index: number, number: number, blockHash: Bytes32): RpcLog {
  const { address, topics, data, transaction = 0 } = log
  return {
    address,
    topics,
    data,
    blockNumber: `0x${number.toString(16)}`,
    blockHash,
    transactionHash: keccak256(`${blockHash}${transaction.toString(16).padStart(8, '0')}`),
    transactionIndex: `0x${transaction.toString(16)}`,
    logIndex: `0x${index.toString(16)}`,
    removed: false,
  }
}
