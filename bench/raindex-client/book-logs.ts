import { hashOrder, type Order } from '@freshet/raindex/engine'
import { encodeAbiParameters, parseAbiItem, toEventSelector, type AbiEvent } from 'viem'

/** A log as `eth_getLogs` gives it. */
export type ServedLog = Readonly<Record<string, unknown>>

export const logsABlock = 1
export const bookAddress = `0x${'99'.repeat(20)}` as const
export const storeAddress = `0x${'bb'.repeat(20)}` as const

const evaluable = '(address interpreter, address store, bytes bytecode) evaluable'
const ios = '(address token, bytes32 vaultId)[] validInputs, (address token, bytes32 vaultId)[] validOutputs'
const order = `(address owner, ${evaluable}, ${ios}, bytes32 nonce)`
const signed = '(address signer, bytes32[] context, bytes signature)[] signedContext'
const events = {
  add: event(`event AddOrderV3(address sender, bytes32 orderHash, ${order} order)`),
  take: event(
    `event TakeOrderV3(address sender, (${order} order, uint256 inputIOIndex, uint256 outputIOIndex, ${signed}) config, bytes32 input, bytes32 output)`,
  ),
  deposit: event(
    'event DepositV2(address sender, address token, bytes32 vaultId, uint256 depositAmountUint256)',
  ),
  set: event('event Set(uint256 namespace, bytes32 key, bytes32 value)'),
}

function event(text: string): AbiEvent {
  // Written above as events.
  return parseAbiItem(text as `event ${string}()`) as AbiEvent
}

const word = (value: number): `0x${string}` => `0x${value.toString(16).padStart(64, '0')}`
const address = (value: number): `0x${string}` => `0x${value.toString(16).padStart(40, '0')}`

/**
 * Logs of a busy book, one a block: of hundred, three orders, forty deposits, thirty takes of small parts, and what
 * stores set. An order's program has 400 bytes.
 */
export function bookLogs(blocks: number): readonly ServedLog[] {
  const orders: Order[] = []
  return Array.from({ length: blocks * logsABlock }, (_, at) => {
    const kind = at % 100
    if (at === 0 || kind < 3) {
      const added = orderOf(orders.length)
      orders.push(added)
      return served(at, 'add', [address(7), hashOrder(added), added], bookAddress)
    }
    const taken = orders[(at * 7) % orders.length] ?? orderOf(0)
    const [output] = taken.validOutputs
    if (kind < 43)
      return served(at, 'deposit', [taken.owner, output?.token, output?.vaultId, 10n ** 18n], bookAddress)
    if (kind < 73) {
      const config = { order: taken, inputIOIndex: 0n, outputIOIndex: 0n, signedContext: [] }
      // One tenth and two tenths, as floats.
      const amounts = [`0xffffffff${word(1).slice(10)}`, `0xffffffff${word(2).slice(10)}`]
      return served(at, 'take', [address(8), config, ...amounts], bookAddress)
    }
    return served(at, 'set', [BigInt(at % 50), word(at % 1_000), word(at)], storeAddress)
  })
}

export function orderOf(n: number): Order {
  return {
    owner: address(1_000 + (n % 200)),
    evaluable: { interpreter: address(0xaa), store: storeAddress, bytecode: `0x${'01'.repeat(400)}` },
    validInputs: [{ token: address(0x10), vaultId: word(n) }],
    validOutputs: [{ token: address(0x20), vaultId: word(n) }],
    nonce: word(n),
  }
}

function served(at: number, name: keyof typeof events, args: readonly unknown[], from: string): ServedLog {
  const item = events[name]
  const block = 1 + Math.floor(at / logsABlock)
  return {
    address: from,
    topics: [toEventSelector(item)],
    data: encodeAbiParameters(item.inputs, args),
    blockNumber: `0x${block.toString(16)}`,
    blockTimestamp: '0x65920080',
    transactionHash: word(at + 1),
    transactionIndex: '0x0',
    blockHash: word(block),
    logIndex: '0x0',
    removed: false,
  }
}
