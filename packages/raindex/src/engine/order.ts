import { AbiView } from './abi-view.ts'
import type { Address, Bytes32, Hex } from './hex.ts'
import { keccak256 } from './keccak.ts'

/** The program of an order and who runs it. */
export type Evaluable = {
  readonly interpreter: Address
  readonly store: Address
  /** The order's own expression, not the interpreter's code. */
  readonly bytecode: Hex
}

/** A vault an order takes in or gives out. */
export type OrderIO = { readonly token: Address; readonly vaultId: Bytes32 }

/** `OrderV4`: an order of order books V5 and V6. All hex in lower case. */
export type Order = {
  readonly owner: Address
  readonly evaluable: Evaluable
  readonly validInputs: readonly OrderIO[]
  readonly validOutputs: readonly OrderIO[]
  readonly nonce: Bytes32
}

/** Hashes by the order object: hashing costs more than all else of a quote, and orders are never changed. */
const hashes = new WeakMap<Order, Bytes32>()

/** The hash the chain knows an order by: keccak256(abi.encode(order)). Computed once for each object. */
export function hashOrder(order: Order): Bytes32 {
  const known = hashes.get(order)
  if (known !== undefined) return known
  const hash = keccak256(encodeOrder(order))
  hashes.set(order, hash)
  return hash
}

/** Notes the hash under which an order is known, so that it need not be computed. */
export function rememberHash(order: Order, hash: Bytes32): void {
  hashes.set(order, hash)
}

/** `abi.encode(order)`: one dynamic tuple, so it starts with the offset 0x20. */
export function encodeOrder(order: Order): Hex {
  const { owner, evaluable, validInputs, validOutputs, nonce } = order
  const program = encodeEvaluable(evaluable)
  const inputs = encodeIOs(validInputs)
  const outputs = encodeIOs(validOutputs)
  const inputsAt = 5 * 32 + program.length / 2
  const outputsAt = inputsAt + inputs.length / 2
  const head = [
    addressWord(owner),
    countWord(5 * 32),
    countWord(inputsAt),
    countWord(outputsAt),
    nonce.slice(2),
  ]
  return `0x${countWord(32)}${head.join('')}${program}${inputs}${outputs}`
}

/**
 * Reads `abi.encode(order)`.
 *
 * @param bytes - Lower-case hex.
 * @throws {RangeError} when the bytes are no order.
 */
export function decodeOrder(bytes: Hex): Order {
  return readOrder(new AbiView(bytes).tuple(0))
}

/** Reads the tuple of an order inside other data. */
export function readOrder(view: AbiView): Order {
  return {
    owner: view.address(0),
    evaluable: readEvaluable(view.tuple(1)),
    validInputs: view.array(2, 2, readIO),
    validOutputs: view.array(3, 2, readIO),
    nonce: view.word(4),
  }
}

function readEvaluable(view: AbiView): Evaluable {
  return { interpreter: view.address(0), store: view.address(1), bytecode: view.bytes(2) }
}

function readIO(items: AbiView, at: number): OrderIO {
  return { token: items.address(at), vaultId: items.word(at + 1) }
}

function encodeEvaluable({ interpreter, store, bytecode }: Evaluable): string {
  const digits = bytecode.slice(2)
  const padded = digits.padEnd(Math.ceil(digits.length / 64) * 64, '0')
  return (
    addressWord(interpreter) + addressWord(store) + countWord(3 * 32) + countWord(digits.length / 2) + padded
  )
}

function encodeIOs(ios: readonly OrderIO[]): string {
  return (
    countWord(ios.length) + ios.map(({ token, vaultId }) => addressWord(token) + vaultId.slice(2)).join('')
  )
}

function addressWord(address: Address): string {
  return address.slice(2).padStart(64, '0')
}

function countWord(count: number): string {
  return count.toString(16).padStart(64, '0')
}
