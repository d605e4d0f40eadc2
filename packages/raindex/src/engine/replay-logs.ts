import { logDetails, type ChainLog } from './chain-log.ts'
import { decodeLog } from './decode-log.ts'
import {
  clearToMutation,
  eventToMutation,
  type ChangingEvent,
  type MutationContext,
} from './event-mutation.ts'
import type { RaindexEvent } from './event.ts'
import type { Address, Bytes32 } from './hex.ts'
import type { Mutation } from './mutation.ts'
import type { Orderbook } from './orderbook.ts'
import { RaindexError } from './raindex-error.ts'

/** An event that changes no state, kept for who wants to show it: contexts, metadata, skipped orders, unknown ones. */
export type Note = {
  readonly logIndex: number
  readonly transactionHash: Bytes32
  readonly event: Exclude<RaindexEvent, ChangingEvent | { readonly kind: 'ClearV3' | 'AfterClearV2' }>
}

/** What the logs of one block say. */
export type BlockChanges = {
  readonly blockNumber: number
  readonly blockHash: Bytes32
  /** In the order of the logs, the block's clock first. */
  readonly mutations: readonly Mutation[]
  readonly notes: readonly Note[]
}

export type LogReplay = {
  /** Ascending; only blocks that have logs. */
  readonly blocks: readonly BlockChanges[]
  /** How often each event came; all unknown ones as `unknown`. */
  readonly counts: Readonly<Partial<Record<RaindexEvent['kind'], number>>>
}

/**
 * Turns logs into the changes they made, block by block.
 *
 * @param logs - All logs of the order book and its stores in a range of whole transactions, ascending by block
 * and index.
 * @param options.decimalsOf - Decimals of a token, needed for deposits.
 * @param options.stores - Stores whose logs were asked for. Default any: a log of another order book then fails,
 * and what else is no store's is counted as unknown. Give it for logs of an open chain, where anyone's contract
 * can be a store: what one writes then stops nothing.
 * @throws {RaindexError} `LogsOutOfOrder`, `UnpairedClear`, and what `decodeLog` and `eventToMutation` throw.
 * Nothing is returned then: a range is read whole or not at all.
 */
export function replayLogs(
  logs: readonly ChainLog[],
  orderbook: Orderbook,
  options: {
    readonly decimalsOf: (token: Address) => number | undefined
    readonly stores?: ReadonlySet<Address> | undefined
  },
): LogReplay {
  const context: MutationContext = { version: orderbook.version, decimalsOf: options.decimalsOf }
  const clears = createClearQueue(context)
  const blocks: OpenBlock[] = []
  const counts: Partial<Record<RaindexEvent['kind'], number>> = {}
  let previous: ChainLog | undefined
  for (const log of logs) {
    if (previous !== undefined) assertAfter(previous, log)
    clears.enter(log)
    const block = openBlock(blocks, log)
    const event = decodeLog(log, orderbook.address, options.stores)
    counts[event.kind] = (counts[event.kind] ?? 0) + 1
    namingLog(log, () => takeEvent(event, log, block, clears, context))
    previous = log
  }
  clears.close()
  return { blocks, counts }
}

/** Says with an error of an event which log it came from. */
function namingLog(log: ChainLog, work: () => void): void {
  try {
    work()
  } catch (error) {
    if (!(error instanceof RaindexError) || 'logIndex' in error.details) throw error
    const message = `Log ${log.logIndex} of block ${log.blockNumber}: ${error.message}`
    throw new RaindexError(error.errorName, message, { ...error.details, ...logDetails(log) }, error)
  }
}

type OpenBlock = BlockChanges & { readonly mutations: Mutation[]; readonly notes: Note[] }

function takeEvent(
  event: RaindexEvent,
  log: ChainLog,
  { mutations, notes }: OpenBlock,
  clears: ClearQueue,
  context: MutationContext,
): void {
  const push = (mutation: Mutation | undefined): void => {
    if (mutation !== undefined) mutations.push(mutation)
  }
  switch (event.kind) {
    case 'ClearV3':
      return clears.begin(event)
    case 'AfterClearV2':
      return push(clears.finish(event, log))
    case 'AddOrderV3':
    case 'RemoveOrderV3':
    case 'DepositV2':
    case 'WithdrawV2':
    case 'TakeOrderV3':
    case 'Set':
      return push(eventToMutation(event, context))
    case 'MetaV1_2':
    case 'ContextV2':
    case 'OrderNotFound':
    case 'OrderZeroAmount':
    case 'OrderExceedsMaxRatio':
    case 'unknown':
      notes.push({ logIndex: log.logIndex, transactionHash: log.transactionHash, event })
  }
}

function openBlock(blocks: OpenBlock[], log: ChainLog): OpenBlock {
  const { blockNumber, blockHash, blockTimestamp } = log
  const last = blocks.at(-1)
  if (last?.blockNumber === blockNumber) return last
  const clock: Mutation = { kind: 'setEnv', blockNumber, timestamp: blockTimestamp }
  const block: OpenBlock = { blockNumber, blockHash, mutations: [clock], notes: [] }
  blocks.push(block)
  return block
}

function assertAfter(previous: ChainLog, log: ChainLog): void {
  const sameBlock = log.blockNumber === previous.blockNumber
  if (sameBlock && log.blockHash !== previous.blockHash) {
    throw outOfOrder(log, 'belongs to another block of the same number')
  }
  const ascends = sameBlock ? log.logIndex > previous.logIndex : log.blockNumber > previous.blockNumber
  if (!ascends) throw outOfOrder(log, `follows log ${previous.logIndex} of block ${previous.blockNumber}`)
}

function outOfOrder(log: ChainLog, what: string): RaindexError {
  const message = `Log ${log.logIndex} of block ${log.blockNumber} ${what}. Sort the logs and ask for the range again.`
  return new RaindexError('LogsOutOfOrder', message, logDetails(log))
}

/** The clears of one transaction whose effect has not come yet, oldest first. */
type ClearQueue = {
  /** To be called with every log: a transaction that ends must leave nothing open. */
  enter(log: ChainLog): void
  begin(clear: Extract<RaindexEvent, { readonly kind: 'ClearV3' }>): void
  finish(after: Extract<RaindexEvent, { readonly kind: 'AfterClearV2' }>, log: ChainLog): Mutation | undefined
  close(): void
}

function createClearQueue(context: MutationContext): ClearQueue {
  const open: Extract<RaindexEvent, { readonly kind: 'ClearV3' }>[] = []
  let current: ChainLog | undefined

  const close = (): void => {
    if (open.length > 0 && current !== undefined)
      throw unpaired(current, `${open.length} clears without their effect`)
  }
  return {
    enter(log) {
      if (current?.transactionHash !== log.transactionHash || current.blockHash !== log.blockHash) close()
      current = log
    },
    begin(clear) {
      open.push(clear)
    },
    finish(after, log) {
      const clear = open.shift()
      if (clear === undefined) throw unpaired(log, 'the effect of a clear without the clear')
      return clearToMutation(clear, after, context)
    },
    close,
  }
}

function unpaired(log: ChainLog, what: string): RaindexError {
  const { blockNumber, transactionHash } = log
  const message = `Transaction ${transactionHash} of block ${blockNumber} has ${what}. Ask for whole blocks again.`
  return new RaindexError('UnpairedClear', message, logDetails(log))
}
