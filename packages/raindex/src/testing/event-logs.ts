import { encodeAbiParameters, parseAbiItem, toEventSelector } from 'viem'
import type { Address, Bytes32, ChainLog, Hex } from '../engine/index.ts'
import { addressOf, wordOf } from './fixture-order.ts'

const evaluable = '(address interpreter, address store, bytes bytecode) evaluable'
const ios = '(address token, bytes32 vaultId)[] validInputs, (address token, bytes32 vaultId)[] validOutputs'
const order = `(address owner, ${evaluable}, ${ios}, bytes32 nonce)`
const signed = '(address signer, bytes32[] context, bytes signature)[] signedContext'
const clearConfig =
  '(uint256 aliceInputIOIndex, uint256 aliceOutputIOIndex, uint256 bobInputIOIndex, uint256 bobOutputIOIndex, bytes32 aliceBountyVaultId, bytes32 bobBountyVaultId)'

/** The events as the contracts declare them. Floats are bytes32. */
export const declarations = {
  AddOrderV3: `event AddOrderV3(address sender, bytes32 orderHash, ${order} order)`,
  RemoveOrderV3: `event RemoveOrderV3(address sender, bytes32 orderHash, ${order} order)`,
  DepositV2: 'event DepositV2(address sender, address token, bytes32 vaultId, uint256 depositAmountUint256)',
  WithdrawV2:
    'event WithdrawV2(address sender, address token, bytes32 vaultId, bytes32 targetAmount, bytes32 withdrawAmount, uint256 withdrawAmountUint256)',
  TakeOrderV3: `event TakeOrderV3(address sender, (${order} order, uint256 inputIOIndex, uint256 outputIOIndex, ${signed}) config, bytes32 input, bytes32 output)`,
  ClearV3: `event ClearV3(address sender, ${order} alice, ${order} bob, ${clearConfig} clearConfig)`,
  AfterClearV2:
    'event AfterClearV2(address sender, (bytes32 aliceOutput, bytes32 bobOutput, bytes32 aliceInput, bytes32 bobInput) clearStateChange)',
  OrderNotFound: 'event OrderNotFound(address sender, address owner, bytes32 orderHash)',
  OrderZeroAmount: 'event OrderZeroAmount(address sender, address owner, bytes32 orderHash)',
  OrderExceedsMaxRatio: 'event OrderExceedsMaxRatio(address sender, address owner, bytes32 orderHash)',
  MetaV1_2: 'event MetaV1_2(address sender, bytes32 subject, bytes meta)',
  ContextV2: 'event ContextV2(address sender, bytes32[][] context)',
  Set: 'event Set(uint256 namespace, bytes32 key, bytes32 value)',
} as const

export type EventName = keyof typeof declarations

/** Topic and data of an event, encoded by viem. */
export function encodeEvent(name: EventName, args: readonly unknown[]): { topics: [Bytes32]; data: Hex } {
  const item = parseAbiItem(declarations[name] as string)
  if (item.type !== 'event') throw new Error(`${name} is no event.`)
  return { topics: [toEventSelector(item)], data: encodeAbiParameters(item.inputs, args) }
}

export const orderbookAddress: Address = addressOf(0x99)

/** Logs of one block after another, numbered as they come. */
export type LogWriter = {
  readonly logs: ChainLog[]
  block(number: number): void
  transaction(): void
  /** @param from - Default the order book. */
  event(name: EventName, args: readonly unknown[], from?: Address): ChainLog
  raw(log: Pick<ChainLog, 'topics' | 'data'>, from?: Address): ChainLog
}

export function createLogWriter(): LogWriter {
  const logs: ChainLog[] = []
  let blockNumber = 1
  let logIndex = 0
  let transactionNumber = 1

  const raw: LogWriter['raw'] = ({ topics, data }, address = orderbookAddress) => {
    const log: ChainLog = {
      address,
      topics,
      data,
      blockNumber,
      blockHash: wordOf(blockNumber),
      blockTimestamp: 1_700_000_000 + blockNumber,
      transactionHash: wordOf(transactionNumber),
      logIndex: logIndex++,
    }
    logs.push(log)
    return log
  }
  return {
    logs,
    block(number) {
      blockNumber = number
      logIndex = 0
      transactionNumber++
    },
    transaction() {
      transactionNumber++
    },
    event: (name, args, from) => raw(encodeEvent(name, args), from),
    raw,
  }
}
