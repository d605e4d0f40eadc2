import { AbiView } from './abi-view.ts'
import { logDetails, type ChainLog } from './chain-log.ts'
import type { ClearConfig, RaindexEvent, SignedContext } from './event.ts'
import type { Address, Bytes32 } from './hex.ts'
import { hashOrder, readOrder, type Order } from './order.ts'
import { RaindexError } from './raindex-error.ts'
import { olderTopics, topics } from './topics.ts'

/**
 * Reads what a log says.
 *
 * The order book is trusted to write its own events well, so that one that
 * cannot be read is the node's fault and fails. A store is whatever contract
 * an order names: what it writes is taken if it is a well-formed `Set`, and is
 * `unknown` else, so that no stranger's contract can stop a replica.
 *
 * @param stores - Addresses whose logs were asked for beside the order book's. Default any.
 * @returns `unknown` for other events.
 * @throws {RaindexError} `BadLog`: an event of the order book is cut off or misshapen, or an added order does not
 * have the hash it was given. `ForeignLog`: it comes from elsewhere. `UnsupportedOrderbookVersion`: it is an event
 * of V4.
 */
export function decodeLog(log: ChainLog, orderbook: Address, stores?: ReadonlySet<Address>): RaindexEvent {
  const topic = log.topics[0] ?? '0x'
  const decode = decoders.get(topic)
  if (log.address !== orderbook) {
    if (stores === undefined ? decode !== undefined : !stores.has(log.address)) throw foreign(log)
    if (isSet(log)) return decodeSet(new AbiView(log.data), log)
  } else if (decode !== undefined) {
    return decodeOwn(log, decode)
  }
  const older = stores === undefined || log.address === orderbook ? olderNames.get(topic) : undefined
  if (older !== undefined) throw unsupported(log, older)
  return { kind: 'unknown', topics: log.topics, data: log.data }
}

type Decode = (view: AbiView, log: ChainLog) => RaindexEvent

const decoders: ReadonlyMap<string, Decode> = new Map<string, Decode>([
  [topics.AddOrderV3, decodeAddOrder],
  [topics.RemoveOrderV3, (view) => ({ kind: 'RemoveOrderV3', ...senderAndOrder(view) })],
  [topics.DepositV2, (view) => ({ kind: 'DepositV2', ...senderAndVault(view), amount: view.uint(3) })],
  [topics.WithdrawV2, decodeWithdraw],
  [topics.TakeOrderV3, decodeTakeOrder],
  [topics.ClearV3, decodeClear],
  [topics.AfterClearV2, decodeAfterClear],
  [topics.MetaV1_2, decodeMeta],
  [topics.ContextV2, decodeContext],
  [topics.OrderNotFound, (view) => ({ kind: 'OrderNotFound', ...skippedOrder(view) })],
  [topics.OrderZeroAmount, (view) => ({ kind: 'OrderZeroAmount', ...skippedOrder(view) })],
  [topics.OrderExceedsMaxRatio, (view) => ({ kind: 'OrderExceedsMaxRatio', ...skippedOrder(view) })],
])

const olderNames: ReadonlyMap<string, string> = new Map(
  Object.entries(olderTopics).map(([name, topic]): [string, string] => [topic, name]),
)

function decodeOwn(log: ChainLog, decode: Decode): RaindexEvent {
  // No event has indexed parameters, so that each has exactly its topic.
  if (log.topics.length !== 1) throw badLog(log, `it has ${log.topics.length} topics and not 1`)
  try {
    return decode(new AbiView(log.data), log)
  } catch (error) {
    if (error instanceof RangeError) throw badLog(log, error.message, error)
    throw error
  }
}

function decodeAddOrder(view: AbiView, log: ChainLog): RaindexEvent {
  const added = senderAndOrder(view)
  if (hashOrder(added.order) !== added.orderHash)
    throw badLog(log, `its order does not hash to ${added.orderHash}`)
  return { kind: 'AddOrderV3', ...added }
}

function decodeWithdraw(view: AbiView): RaindexEvent {
  return {
    kind: 'WithdrawV2',
    ...senderAndVault(view),
    targetAmount: view.float(3),
    withdrawAmount: view.float(4),
    amount: view.uint(5),
  }
}

function decodeTakeOrder(view: AbiView): RaindexEvent {
  const config = view.tuple(1)
  return {
    kind: 'TakeOrderV3',
    sender: view.address(0),
    order: readOrder(config.tuple(0)),
    inputIOIndex: config.index(1),
    outputIOIndex: config.index(2),
    signedContext: config.array(3, 1, (items, at) => readSignedContext(items.tuple(at))),
    input: view.float(2),
    output: view.float(3),
  }
}

function decodeClear(view: AbiView): RaindexEvent {
  return {
    kind: 'ClearV3',
    sender: view.address(0),
    alice: readOrder(view.tuple(1)),
    bob: readOrder(view.tuple(2)),
    config: readClearConfig(view),
  }
}

/** A static tuple, so it lies in the head itself. */
function readClearConfig(view: AbiView): ClearConfig {
  return {
    aliceInputIOIndex: view.index(3),
    aliceOutputIOIndex: view.index(4),
    bobInputIOIndex: view.index(5),
    bobOutputIOIndex: view.index(6),
    aliceBountyVaultId: view.word(7),
    bobBountyVaultId: view.word(8),
  }
}

function decodeAfterClear(view: AbiView): RaindexEvent {
  const change = {
    aliceOutput: view.float(1),
    bobOutput: view.float(2),
    aliceInput: view.float(3),
    bobInput: view.float(4),
  }
  return { kind: 'AfterClearV2', sender: view.address(0), change }
}

const setDataLength = 2 + 3 * 64

function isSet({ topics: given, data }: ChainLog): boolean {
  return given.length === 1 && given[0] === topics.Set && data.length === setDataLength
}

function decodeSet(view: AbiView, log: ChainLog): RaindexEvent {
  return { kind: 'Set', store: log.address, fqn: view.word(0), key: view.word(1), value: view.word(2) }
}

function decodeMeta(view: AbiView): RaindexEvent {
  return { kind: 'MetaV1_2', sender: view.address(0), subject: view.word(1), meta: view.bytes(2) }
}

function decodeContext(view: AbiView): RaindexEvent {
  const context = view.array(1, 1, (columns, at) => columns.array(at, 1, readWord))
  return { kind: 'ContextV2', sender: view.address(0), context }
}

function senderAndOrder(view: AbiView): { sender: Address; orderHash: Bytes32; order: Order } {
  return { sender: view.address(0), orderHash: view.word(1), order: readOrder(view.tuple(2)) }
}

function senderAndVault(view: AbiView): { sender: Address; token: Address; vaultId: Bytes32 } {
  return { sender: view.address(0), token: view.address(1), vaultId: view.word(2) }
}

function skippedOrder(view: AbiView): { sender: Address; owner: Address; orderHash: Bytes32 } {
  return { sender: view.address(0), owner: view.address(1), orderHash: view.word(2) }
}

function readSignedContext(view: AbiView): SignedContext {
  return { signer: view.address(0), context: view.array(1, 1, readWord), signature: view.bytes(2) }
}

function readWord(items: AbiView, at: number): Bytes32 {
  return items.word(at)
}

function badLog(log: ChainLog, what: string, cause?: unknown): RaindexError {
  const place = `Log ${log.logIndex} of block ${log.blockNumber}`
  return new RaindexError(
    'BadLog',
    `${place} cannot be read: ${what}. Ask the node again.`,
    logDetails(log),
    cause,
  )
}

function foreign(log: ChainLog): RaindexError {
  const message = `Log ${log.logIndex} of block ${log.blockNumber} is neither of the order book nor a store's. Check the addresses asked for.`
  return new RaindexError('ForeignLog', message, { ...logDetails(log), address: log.address })
}

function unsupported(log: ChainLog, event: string): RaindexError {
  const message = `Log ${log.logIndex} of block ${log.blockNumber} is the event ${event} of order book V4. Give an order book of V5 or V6.`
  return new RaindexError('UnsupportedOrderbookVersion', message, { ...logDetails(log), event })
}
