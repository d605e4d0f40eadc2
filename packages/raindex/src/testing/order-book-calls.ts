import { floatToHex, type Float } from '../float/index.ts'
import type {
  Address,
  Bytes32,
  ClearConfig,
  Evaluable,
  Hex,
  Order,
  OrderIO,
  SignedContext,
} from '../engine/index.ts'
import { abi, encodeFunction, type AbiValue } from './abi-encode.ts'

/** An order to quote or to take. */
export type OrderChoice = {
  readonly order: Order
  readonly inputIOIndex?: number | undefined
  readonly outputIOIndex?: number | undefined
  readonly signedContext?: readonly SignedContext[] | undefined
}

/** What an order book runs after it did something. */
export type LocalTask = {
  readonly evaluable: Evaluable
  readonly signedContext?: readonly SignedContext[] | undefined
}

const evaluableType = '(address,address,bytes)'
const ioType = '(address,bytes32)'
const orderType = `(address,${evaluableType},${ioType}[],${ioType}[],bytes32)`
const signedType = '(address,bytes32[],bytes)'
const taskType = `(${evaluableType},${signedType}[])`
const choiceType = `(${orderType},uint256,uint256,${signedType}[])`
const clearType = '(uint256,uint256,uint256,uint256,bytes32,bytes32)'

/** Calls of order book V5, as the data of a transaction. */
export const orderBookCalls = {
  deposit: (token: Address, vaultId: Bytes32, amount: Float, tasks: readonly LocalTask[] = []): Hex =>
    encodeFunction(
      `deposit3(address,bytes32,bytes32,${taskType}[])`,
      abi.address(token),
      abi.word(vaultId),
      abi.word(floatToHex(amount)),
      tasksOf(tasks),
    ),
  withdraw: (token: Address, vaultId: Bytes32, target: Float, tasks: readonly LocalTask[] = []): Hex =>
    encodeFunction(
      `withdraw3(address,bytes32,bytes32,${taskType}[])`,
      abi.address(token),
      abi.word(vaultId),
      abi.word(floatToHex(target)),
      tasksOf(tasks),
    ),
  addOrder: (order: Order, meta: Hex = '0x', tasks: readonly LocalTask[] = []): Hex =>
    encodeFunction(
      `addOrder3((${evaluableType},${ioType}[],${ioType}[],bytes32,bytes32,bytes),${taskType}[])`,
      abi.tuple(
        evaluableOf(order.evaluable),
        iosOf(order.validInputs),
        iosOf(order.validOutputs),
        abi.word(order.nonce),
        abi.number(0),
        abi.bytes(meta),
      ),
      tasksOf(tasks),
    ),
  removeOrder: (order: Order, tasks: readonly LocalTask[] = []): Hex =>
    encodeFunction(`removeOrder3(${orderType},${taskType}[])`, orderOf(order), tasksOf(tasks)),
  runTasks: (tasks: readonly LocalTask[]): Hex => encodeFunction(`entask2(${taskType}[])`, tasksOf(tasks)),
  /** `limits` in the taker's view: input is what the taker receives. */
  takeOrders: (
    choices: readonly OrderChoice[],
    limits: { readonly minimumInput: Float; readonly maximumInput: Float; readonly maximumIORatio: Float },
  ): Hex =>
    encodeFunction(
      `takeOrders3((bytes32,bytes32,bytes32,${choiceType}[],bytes))`,
      abi.tuple(
        abi.word(floatToHex(limits.minimumInput)),
        abi.word(floatToHex(limits.maximumInput)),
        abi.word(floatToHex(limits.maximumIORatio)),
        abi.array(choices.map(choiceOf)),
        abi.bytes('0x'),
      ),
    ),
  clear: (alice: Order, bob: Order, config: ClearConfig): Hex =>
    encodeFunction(
      `clear3(${orderType},${orderType},${clearType},${signedType}[],${signedType}[])`,
      orderOf(alice),
      orderOf(bob),
      abi.tuple(
        abi.number(config.aliceInputIOIndex),
        abi.number(config.aliceOutputIOIndex),
        abi.number(config.bobInputIOIndex),
        abi.number(config.bobOutputIOIndex),
        abi.word(config.aliceBountyVaultId),
        abi.word(config.bobBountyVaultId),
      ),
      abi.array([]),
      abi.array([]),
    ),
  multicall: (calls: readonly Hex[]): Hex =>
    encodeFunction('multicall(bytes[])', abi.array(calls.map((call) => abi.bytes(call)))),
  quote: (choice: OrderChoice): Hex => encodeFunction(`quote2(${choiceType})`, choiceOf(choice)),
  vaultBalance: (owner: Address, token: Address, vaultId: Bytes32): Hex =>
    encodeFunction(
      'vaultBalance2(address,address,bytes32)',
      abi.address(owner),
      abi.address(token),
      abi.word(vaultId),
    ),
  orderExists: (orderHash: Bytes32): Hex => encodeFunction('orderExists(bytes32)', abi.word(orderHash)),
} as const

function orderOf({ owner, evaluable, validInputs, validOutputs, nonce }: Order): AbiValue {
  return abi.tuple(
    abi.address(owner),
    evaluableOf(evaluable),
    iosOf(validInputs),
    iosOf(validOutputs),
    abi.word(nonce),
  )
}

function choiceOf({ order, inputIOIndex = 0, outputIOIndex = 0, signedContext = [] }: OrderChoice): AbiValue {
  return abi.tuple(
    orderOf(order),
    abi.number(inputIOIndex),
    abi.number(outputIOIndex),
    signedOf(signedContext),
  )
}

function evaluableOf({ interpreter, store, bytecode }: Evaluable): AbiValue {
  return abi.tuple(abi.address(interpreter), abi.address(store), abi.bytes(bytecode))
}

function iosOf(ios: readonly OrderIO[]): AbiValue {
  return abi.array(ios.map(({ token, vaultId }) => abi.tuple(abi.address(token), abi.word(vaultId))))
}

function tasksOf(tasks: readonly LocalTask[]): AbiValue {
  return abi.array(
    tasks.map(({ evaluable, signedContext = [] }) =>
      abi.tuple(evaluableOf(evaluable), signedOf(signedContext)),
    ),
  )
}

function signedOf(signedContext: readonly SignedContext[]): AbiValue {
  return abi.array(
    signedContext.map(({ signer, context, signature }) =>
      abi.tuple(abi.address(signer), abi.array(context.map((word) => abi.word(word))), abi.bytes(signature)),
    ),
  )
}
