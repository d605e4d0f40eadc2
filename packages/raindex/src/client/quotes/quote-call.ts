import { decodeFunctionResult, encodeFunctionData, parseAbi } from 'viem'
import { toHex, type Bytes32, type Hex } from '../../engine/hex.ts'
import type { Order, OrderPair, SignedContext } from '../../engine/index.ts'
import { hexToFloat } from '../../float/index.ts'
import { badAnswer } from '../chain/rpc-fault.ts'
import type { RpcQuote } from './rpc-quotes.ts'

/** One pair of an order, as the chain is asked for it. */
export type QuoteTarget = OrderPair & {
  /** By its hash alone the chain can only say whether it is there. */
  readonly order: Order | Bytes32
  readonly signedContext?: readonly SignedContext[] | undefined
}

/** The same in order books V5 and V6. */
const abi = parseAbi([
  'struct Evaluable { address interpreter; address store; bytes bytecode; }',
  'struct IO { address token; bytes32 vaultId; }',
  'struct Order { address owner; Evaluable evaluable; IO[] validInputs; IO[] validOutputs; bytes32 nonce; }',
  'struct SignedContext { address signer; bytes32[] context; bytes signature; }',
  'struct Quote { Order order; uint256 inputIOIndex; uint256 outputIOIndex; SignedContext[] signedContext; }',
  'function quote2(Quote config) view returns (bool exists, bytes32 outputMax, bytes32 ioRatio)',
  'function orderExists(bytes32 orderHash) view returns (bool)',
  'function multicall(bytes[] data) returns (bytes[] results)',
])

export function encodeQuote({ order, inputIOIndex, outputIOIndex, signedContext = [] }: QuoteTarget): Hex {
  if (typeof order === 'string')
    return encodeFunctionData({ abi, functionName: 'orderExists', args: [order] })
  const config = {
    order,
    inputIOIndex: BigInt(inputIOIndex),
    outputIOIndex: BigInt(outputIOIndex),
    signedContext,
  }
  return encodeFunctionData({ abi, functionName: 'quote2', args: [config] })
}

/** The order book's own, so that the caller stays the counterparty for each quote in it. */
export function encodeMulticall(calls: readonly Hex[]): Hex {
  return encodeFunctionData({ abi, functionName: 'multicall', args: [calls] })
}

/** @throws {RpcFault} `bad-answer` */
export function decodeQuote({ order }: QuoteTarget, answer: unknown): RpcQuote {
  const data = hexOf(answer)
  if (typeof order === 'string') {
    const isThere = decoding(() => decodeFunctionResult({ abi, functionName: 'orderExists', data }))
    return { kind: isThere ? 'order' : 'no-order' }
  }
  const [exists, outputMax, ioRatio] = decoding(() =>
    decodeFunctionResult({ abi, functionName: 'quote2', data }),
  )
  if (!exists) return { kind: 'no-order' }
  return { kind: 'quote', outputMax: hexToFloat(outputMax), ioRatio: hexToFloat(ioRatio) }
}

/** @throws {RpcFault} `bad-answer` */
export function decodeMulticall(targets: readonly QuoteTarget[], answer: unknown): readonly RpcQuote[] {
  const results = decoding(() =>
    decodeFunctionResult({ abi, functionName: 'multicall', data: hexOf(answer) }),
  )
  if (results.length !== targets.length)
    throw badAnswer(`${results.length} results of ${targets.length} quotes`)
  return targets.map((target, i) => decodeQuote(target, results[i]))
}

function hexOf(answer: unknown): Hex {
  const hex = typeof answer === 'string' ? toHex(answer) : undefined
  if (hex === undefined) throw badAnswer('a call that returns no bytes')
  return hex
}

function decoding<T>(decode: () => T): T {
  try {
    return decode()
  } catch (error) {
    throw badAnswer('a quote that cannot be read', error)
  }
}
