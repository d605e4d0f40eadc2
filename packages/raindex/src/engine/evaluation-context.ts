import { floatToHex, type Float } from '../float/index.ts'
import type { SignedContext } from './event.ts'
import type { Address, Bytes32 } from './hex.ts'
import { addressWord } from './namespace.ts'
import type { Order, OrderIO } from './order.ts'

const zeroWord: Bytes32 = `0x${'0'.repeat(64)}`

/** A vault as an order's program sees it. */
type VaultColumn = OrderIO & { readonly decimals: number; readonly balance: Float }

/** What the context of an order's program is made of. */
export type ContextParts = {
  readonly order: Order
  readonly orderHash: Bytes32
  readonly orderbook: Address
  readonly counterparty: Address
  readonly input: VaultColumn
  readonly output: VaultColumn
  readonly signedContext: readonly SignedContext[]
}

/** What calculate-io has found, for the context of handle-io. */
export type CalculatedParts = {
  readonly outputMax: Float
  readonly ioRatio: Float
  /** What the order's input vault gains. */
  readonly inputDiff: Float
  /** What the order's output vault loses. */
  readonly outputDiff: Float
}

/**
 * The context matrix of an order's program, column by column.
 *
 * Calculate-io finds column 2 empty, not zero, and no differences yet.
 *
 * @param calculated - For handle-io.
 */
export function buildContext(
  parts: ContextParts,
  calculated?: CalculatedParts,
): readonly (readonly Bytes32[])[] {
  const { order, orderHash, orderbook, counterparty, input, output, signedContext } = parts
  const columns: (readonly Bytes32[])[] = [
    [addressWord(counterparty), addressWord(orderbook)],
    [orderHash, addressWord(order.owner), addressWord(counterparty)],
    calculated ? [floatToHex(calculated.outputMax), floatToHex(calculated.ioRatio)] : [],
    vaultColumn(input, calculated?.inputDiff),
    vaultColumn(output, calculated?.outputDiff),
  ]
  return [...columns, ...signedColumns(signedContext)]
}

/** The context of a task that runs after an order was added: owner and order book; hash and owner. */
export function buildTaskContext(
  orderbook: Address,
  owner: Address,
  orderHash: Bytes32,
  signedContext: readonly SignedContext[],
): readonly (readonly Bytes32[])[] {
  const columns = [
    [addressWord(owner), addressWord(orderbook)],
    [orderHash, addressWord(owner)],
  ]
  return [...columns, ...signedColumns(signedContext)]
}

/** The signers, then a column for each; nothing where nothing is signed. */
function signedColumns(signedContext: readonly SignedContext[]): readonly (readonly Bytes32[])[] {
  if (signedContext.length === 0) return []
  const signers = signedContext.map(({ signer }) => addressWord(signer))
  return [signers, ...signedContext.map(({ context }) => context)]
}

function vaultColumn(
  { token, decimals, vaultId, balance }: VaultColumn,
  diff: Float | undefined,
): readonly Bytes32[] {
  return [
    addressWord(token),
    decimalsWord(decimals),
    vaultId,
    floatToHex(balance),
    diff === undefined ? zeroWord : floatToHex(diff),
  ]
}

/** One string for each number of decimals; see `addressWord`. */
const decimalsWords: Bytes32[] = []

function decimalsWord(decimals: number): Bytes32 {
  const word = decimalsWords[decimals] ?? (`0x${decimals.toString(16).padStart(64, '0')}` as const)
  decimalsWords[decimals] = word
  return word
}
