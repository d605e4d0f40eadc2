import { floatToHex, hexToFloat, min, type Float } from '../float/index.ts'
import { buildContext, type ContextParts } from './evaluation-context.ts'
import type { SignedContext } from './event.ts'
import type { Address, Bytes32 } from './hex.ts'
import type { EntryPoint, EvaluationResult, Interpreter } from './interpreter.ts'
import { qualifiedNamespace } from './namespace.ts'
import { Unquotable } from './not-comparable.ts'
import { hashOrder, type Order, type OrderIO } from './order.ts'
import type { OrderbookState } from './orderbook-state.ts'
import type { Orderbook } from './orderbook.ts'
import { checkSignatures } from './signed-context.ts'
import { availableBalance } from './vault-balance.ts'

/** What evaluations of one order book have in common. */
export type EvaluationHost = {
  readonly orderbook: Orderbook
  readonly interpreter: Interpreter
  /** Whether an address is a contract, where that is known: contracts may sign in ways only the chain can check. */
  readonly isContract?: ((address: Address) => boolean) | undefined
}

/** One pair of an order, and who asks. */
export type OrderPair = {
  readonly order: Order
  readonly inputIOIndex: number
  readonly outputIOIndex: number
  readonly counterparty: Address
  readonly signedContext: readonly SignedContext[]
}

/** A word that a program read from its store, with its value then. */
export type WordRead = { readonly key: Bytes32; readonly value: Bytes32 }

export type Calculation = {
  readonly orderHash: Bytes32
  readonly fqn: Bytes32
  readonly parts: ContextParts
  readonly ioRatio: Float
  /** At most what the output vault holds. */
  readonly outputMax: Float
  /** Top first; the second value is `outputMax`. */
  readonly stack: readonly Bytes32[]
  readonly writes: readonly Bytes32[]
  readonly reads: readonly WordRead[]
}

/**
 * The inputs and outputs of a pair.
 *
 * @throws {Unquotable} `InvalidInputIndex`, `InvalidOutputIndex`, `TokenSelfTrade`
 */
export function pairIOs(
  order: Order,
  inputIOIndex: number,
  outputIOIndex: number,
): { input: OrderIO; output: OrderIO } {
  const { validInputs, validOutputs } = order
  const input = validInputs[inputIOIndex]
  if (input === undefined) {
    throw new Unquotable({ kind: 'InvalidInputIndex', index: inputIOIndex, length: validInputs.length })
  }
  const output = validOutputs[outputIOIndex]
  if (output === undefined) {
    throw new Unquotable({ kind: 'InvalidOutputIndex', index: outputIOIndex, length: validOutputs.length })
  }
  return { input, output }
}

/** All that calculate-io takes from the state, apart from the words it reads and the clock. */
export type PreparedCalculation = {
  readonly orderHash: Bytes32
  readonly fqn: Bytes32
  readonly parts: ContextParts
  readonly context: readonly (readonly Bytes32[])[]
}

/**
 * Runs calculate-io of an order, whether it is live or not.
 *
 * Answers at once where the interpreter does, so that the state cannot change in between.
 *
 * @throws {Unquotable} why there is no ratio; also as a rejection.
 */
export function calculateIO(
  host: EvaluationHost,
  state: OrderbookState,
  pair: OrderPair,
): Calculation | Promise<Calculation> {
  const prepared = prepareCalculation(host, state, pair)
  const { orderHash, fqn, parts } = prepared
  const reads: WordRead[] = []
  const finish = (result: EvaluationResult): Calculation => {
    const { stack, writes } = resultOf(result)
    const { ioRatio, outputMax } = readOffer(stack, parts.output.balance)
    const capped = stack.with(1, floatToHex(outputMax))
    return { orderHash, fqn, parts, ioRatio, outputMax, stack: capped, writes, reads }
  }
  const run = evaluate(host, state, parts, fqn, 'calculate-io', prepared.context, reads)
  return run instanceof Promise ? run.then(finish) : finish(run)
}

/** @throws {Unquotable} why it cannot be run. */
export function prepareCalculation(
  host: EvaluationHost,
  state: OrderbookState,
  pair: OrderPair,
): PreparedCalculation {
  const orderHash = hashOrder(pair.order)
  const parts = contextParts(host, state, pair, orderHash)
  const fqn = namespaceOf(pair.order, host.orderbook.address)
  return { orderHash, fqn, parts, context: buildContext(parts) }
}

/**
 * What a stack of calculate-io offers, where the vault holds so much.
 *
 * @throws {Unquotable} `CalculateIoOutputsMissing`
 */
export function readOffer(stack: readonly Bytes32[], balance: Float): { ioRatio: Float; outputMax: Float } {
  const [ratio, max] = stack
  if (ratio === undefined || max === undefined) {
    throw new Unquotable({ kind: 'CalculateIoOutputsMissing', stackLength: stack.length })
  }
  return { ioRatio: hexToFloat(ratio), outputMax: min(hexToFloat(max), balance) }
}

/** Namespaces by the order object; see {@link hashOrder}. */
const namespaces = new WeakMap<Order, { readonly orderbook: Address; readonly fqn: Bytes32 }>()

function namespaceOf(order: Order, orderbook: Address): Bytes32 {
  const known = namespaces.get(order)
  if (known?.orderbook === orderbook) return known.fqn
  const fqn = qualifiedNamespace(order.owner, orderbook)
  namespaces.set(order, { orderbook, fqn })
  return fqn
}

/** Runs one program of an order. At once where the interpreter answers at once. */
export function evaluate(
  { interpreter }: EvaluationHost,
  state: OrderbookState,
  { order }: ContextParts,
  fqn: Bytes32,
  entryPoint: EntryPoint,
  context: readonly (readonly Bytes32[])[],
  reads: WordRead[] = [],
): EvaluationResult | Promise<EvaluationResult> {
  const { evaluable } = order
  const readWord = (key: Bytes32): Bytes32 => {
    const value = state.word(evaluable.store, fqn, key)
    reads.push({ key, value })
    return value
  }
  return interpreter.evaluate({ evaluable, entryPoint, fqn, context, env: state.env, readWord })
}

/** @throws {Unquotable} `Reverted`, or what the interpreter lacks. */
export function resultOf(result: EvaluationResult): Extract<EvaluationResult, { readonly kind: 'ok' }> {
  switch (result.kind) {
    case 'ok':
      return result
    case 'revert':
      throw new Unquotable({ kind: 'Reverted', data: result.data })
    case 'unavailable':
      throw new Unquotable(result.reason)
  }
}

/** In the order of the chain: inputs, outputs, signatures. */
function contextParts(
  host: EvaluationHost,
  state: OrderbookState,
  pair: OrderPair,
  orderHash: Bytes32,
): ContextParts {
  const { order, inputIOIndex, outputIOIndex, counterparty, signedContext } = pair
  const { address, version } = host.orderbook
  const { input, output } = pairIOs(order, inputIOIndex, outputIOIndex)
  const column = (io: OrderIO): ContextParts['input'] => {
    const decimals = state.tokenDecimals(io.token)
    if (decimals === undefined) throw new Unquotable({ kind: 'TokenDecimalMissing', token: io.token })
    return { ...io, decimals, balance: availableBalance(state, version, order.owner, io, decimals) }
  }
  const columns = { input: column(input), output: column(output) }
  checkSignatures(signedContext, host.isContract)
  return { order, orderHash, orderbook: address, counterparty, signedContext, ...columns }
}
