import { hashOrder, readRpcLog } from '../engine/index.ts'
import type {
  Address,
  Artifact,
  Bytes32,
  ChainLog,
  ClearConfig,
  Hex,
  Order,
  Orderbook,
  OrderIO,
} from '../engine/index.ts'
import { hexToFloat, parse, type Float } from '../float/index.ts'
import { abi, encodeArguments, encodeFunction } from './abi-encode.ts'
import { RpcRefusal, startAnvil, type Anvil } from './anvil.ts'
import { contractCode, creationCode } from './compile-contracts.ts'
import { orderBookCalls, type LocalTask, type OrderChoice } from './order-book-calls.ts'

export type LocalBookOptions = {
  /** The file of anvil; see {@link findAnvil}. */
  readonly anvil: string
  /** Default 31337. */
  readonly chainId?: number | undefined
  /** When the first block is, in seconds since 1970. Default 1,700,000,000. */
  readonly startsAt?: number | undefined
  /** Default 2. */
  readonly secondsPerBlock?: number | undefined
  /** A block is mined every so many seconds, beside those that transactions make. Default none. */
  readonly mineEverySeconds?: number | undefined
  /** Default one of 18 and one of 6 decimals. */
  readonly tokens?: readonly { readonly symbol: string; readonly decimals: number }[] | undefined
  /** From 1 to 10. Default 4. Each has a million of every token. */
  readonly traders?: number | undefined
}

export type LocalToken = { readonly address: Address; readonly symbol: string; readonly decimals: number }

/** A transaction that was mined. */
export type LocalReceipt = {
  /** False: it reverted, and changed nothing. */
  readonly ok: boolean
  readonly transactionHash: Bytes32
  readonly blockNumber: number
  readonly logs: readonly ChainLog[]
}

/** What to make an order of. */
export type LocalOrder = {
  /** For the interpreter of the book; see `testProgram`. */
  readonly bytecode: Hex
  readonly inputs: readonly OrderIO[]
  readonly outputs: readonly OrderIO[]
  /** Tells orders apart that are else the same. Default 0. */
  readonly nonce?: number | undefined
  readonly meta?: Hex | undefined
  readonly tasks?: readonly LocalTask[] | undefined
}

/** Amounts are floats, or decimal text. */
export type LocalAmount = Float | string

/** Somebody with an account of the chain. Each method is one transaction, mined when it returns. */
export type LocalTrader = {
  readonly address: Address
  deposit(
    token: Address,
    vaultId: Bytes32,
    amount: LocalAmount,
    tasks?: readonly LocalTask[],
  ): Promise<LocalReceipt>
  withdraw(
    token: Address,
    vaultId: Bytes32,
    target: LocalAmount,
    tasks?: readonly LocalTask[],
  ): Promise<LocalReceipt>
  addOrder(
    order: LocalOrder,
  ): Promise<{ readonly order: Order; readonly orderHash: Bytes32; readonly receipt: LocalReceipt }>
  removeOrder(order: Order, tasks?: readonly LocalTask[]): Promise<LocalReceipt>
  /** Takes at most `maximumInput`, by default all there is, at any ratio by default. */
  takeOrders(
    choices: readonly OrderChoice[],
    limits?: {
      readonly minimumInput?: LocalAmount | undefined
      readonly maximumInput?: LocalAmount | undefined
      readonly maximumIORatio?: LocalAmount | undefined
    },
  ): Promise<LocalReceipt>
  /** The bounties go into vault 0 where `config` does not say otherwise; indexes are 0. */
  clear(alice: Order, bob: Order, config?: Partial<ClearConfig>): Promise<LocalReceipt>
  /** Sends data to the order book; see {@link orderBookCalls}. */
  send(data: Hex): Promise<LocalReceipt>
}

export type LocalQuote =
  | { readonly kind: 'quote'; readonly exists: boolean; readonly outputMax: Float; readonly ioRatio: Float }
  | { readonly kind: 'reverted'; readonly data: Hex }

/** An order book on a chain of its own. */
export type LocalBook = {
  /** Of the chain's JSON-RPC, on loopback. */
  readonly url: string
  readonly chainId: number
  readonly orderbook: Orderbook
  /** The block that the order book was deployed in. */
  readonly deployedAt: number
  readonly interpreter: Address
  readonly store: Address
  readonly tokens: readonly LocalToken[]
  readonly traders: readonly LocalTrader[]
  /** The code that an engine needs to quote its orders. */
  readonly artifacts: readonly Artifact[]
  /** Any JSON-RPC call. */
  request(method: string, params?: readonly unknown[]): Promise<unknown>
  /** What `quote2` answers to this caller, who is the counterparty. */
  quote(choice: OrderChoice, from: Address): Promise<LocalQuote>
  vaultBalance(owner: Address, token: Address, vaultId: Bytes32): Promise<Float>
  orderExists(orderHash: Bytes32): Promise<boolean>
  /** Logs of the order book and its store, in their order. */
  logs(fromBlock: number, toBlock?: number): Promise<readonly ChainLog[]>
  head(): Promise<{ readonly number: number; readonly hash: Bytes32; readonly timestamp: number }>
  /** Mines blocks without transactions. Default 1. */
  mine(blocks?: number): Promise<void>
  /** Sends data to the order book, all in one block, in this order. */
  sendTogether(
    transactions: readonly { readonly from: Address; readonly data: Hex }[],
  ): Promise<readonly LocalReceipt[]>
  /** Replaces so many of the latest blocks by as many empty ones. */
  reorganize(depth: number): Promise<void>
  /** Keeps the present state of the chain; the function goes back to it, once. */
  checkpoint(): Promise<() => Promise<void>>
  /** Puts another order book on the same chain, for the same tokens and traders. It ends with this one. */
  deployAnother(): Promise<LocalBook>
  close(): Promise<void>
}

const nothing: Bytes32 = `0x${'0'.repeat(64)}`
/** Enough for a take of many orders, below what a transaction may have. */
const gas = '0xf00000'

/**
 * Starts a chain of one's own with an order book on it, its interpreter and store, tokens, and traders with funds.
 *
 * Needs no network: anvil runs as a child process on a free port, and ends with this one. The contracts are those of
 * `contracts/`: the outside of order book V5, and an interpreter of their own.
 *
 * @throws what `spawn` throws when the file is no program.
 */
export async function startLocalBook(options: LocalBookOptions): Promise<LocalBook> {
  const { chainId = 31_337, startsAt = 1_700_000_000, secondsPerBlock = 2, mineEverySeconds } = options
  const flags = [
    '--chain-id',
    chainId,
    '--timestamp',
    startsAt,
    '--gas-limit',
    1_000_000_000,
    '--gas-price',
    0,
  ]
  if (mineEverySeconds !== undefined) flags.push('--block-time', mineEverySeconds, '--mixed-mining')
  const anvil = await startAnvil(options.anvil, [...flags.map(String), '--base-fee', '0'])
  try {
    if (mineEverySeconds === undefined) {
      await anvil.request('anvil_setBlockTimestampInterval', [secondsPerBlock])
    }
    return await deploy(anvil, chainId, options)
  } catch (error) {
    await anvil.close()
    throw error
  }
}

async function deploy(anvil: Anvil, chainId: number, options: LocalBookOptions): Promise<LocalBook> {
  const {
    tokens: wanted = [
      { symbol: 'TA', decimals: 18 },
      { symbol: 'TB', decimals: 6 },
    ],
  } = options
  // What eth_accounts answers.
  const accounts = ((await anvil.request('eth_accounts')) as Address[]).slice(0, options.traders ?? 4)
  const [deployer] = accounts
  if (deployer === undefined) throw new RangeError('A local book needs at least one trader.')
  const create = (code: Hex): Promise<Receipt> => sendTransaction(anvil, deployer, undefined, code)
  const interpreter = createdBy(await create(creationCode('Interpreter')))
  const store = createdBy(await create(creationCode('WordStore')))
  const bookReceipt = await create(creationCode('OrderBook'))
  const address = createdBy(bookReceipt)
  const tokens: LocalToken[] = []
  for (const { symbol, decimals } of wanted) {
    const args = encodeArguments([abi.text(symbol), abi.number(decimals)])
    const token = createdBy(await create(`0x${creationCode('Token').slice(2)}${args.slice(2)}`))
    tokens.push({ address: token, symbol, decimals })
  }
  for (const account of accounts) {
    for (const token of tokens) await mint(anvil, account, token)
  }
  const place = { anvil, chainId, accounts, tokens, interpreter, store, create }
  await allowAll(place, address)
  return bookAt(place, bookReceipt)
}

/** What order books on one chain share. */
type Place = Pick<LocalBook, 'chainId' | 'tokens' | 'interpreter' | 'store'> & {
  readonly anvil: Anvil
  readonly accounts: readonly Address[]
  create(code: Hex): Promise<Receipt>
}

function bookAt(place: Place, receipt: Receipt): LocalBook {
  const { anvil, chainId, accounts, tokens, interpreter, store, create } = place
  const address = createdBy(receipt)
  const artifacts: readonly Artifact[] = [
    { kind: 'Interpreter', address: interpreter, bytecode: contractCode('Interpreter') },
    { kind: 'Store', address: store, bytecode: contractCode('WordStore') },
  ]
  const traders = accounts.map((account) => createTrader(anvil, account, address, { interpreter, store }))
  const deployedAt = receipt.blockNumber
  const orderbook = { address, version: 'v5' } as const
  return {
    ...chainOf(anvil, address, store),
    ...readsOf(anvil, address),
    ...{ url: anvil.url, chainId, orderbook, deployedAt, interpreter, store, tokens, traders, artifacts },
    async deployAnother() {
      const another = await create(creationCode('OrderBook'))
      await allowAll(place, createdBy(another))
      return bookAt(place, another)
    },
    close: () => anvil.close(),
  }
}

/** A million of the token. */
async function mint(anvil: Anvil, account: Address, token: LocalToken): Promise<void> {
  const units = 1_000_000n * 10n ** BigInt(token.decimals)
  const data = encodeFunction('mint(address,uint256)', abi.address(account), abi.number(units))
  await sendTransaction(anvil, account, token.address, data)
}

/** An order book may move whatever the accounts have. */
async function allowAll({ anvil, accounts, tokens }: Place, orderbook: Address): Promise<void> {
  const allow = encodeFunction(
    'approve(address,uint256)',
    abi.address(orderbook),
    abi.number(2n ** 256n - 1n),
  )
  for (const account of accounts) {
    for (const { address } of tokens) await sendTransaction(anvil, account, address, allow)
  }
}

function createTrader(
  anvil: Anvil,
  address: Address,
  orderbook: Address,
  runsOn: { readonly interpreter: Address; readonly store: Address },
): LocalTrader {
  const send = (data: Hex): Promise<LocalReceipt> => sendTransaction(anvil, address, orderbook, data)
  return {
    address,
    send,
    deposit: (token, vaultId, amount, tasks) =>
      send(orderBookCalls.deposit(token, vaultId, floatOf(amount), tasks)),
    withdraw: (token, vaultId, target, tasks) =>
      send(orderBookCalls.withdraw(token, vaultId, floatOf(target), tasks)),
    async addOrder({ bytecode, inputs, outputs, nonce = 0, meta, tasks }) {
      const order: Order = {
        owner: address,
        evaluable: { ...runsOn, bytecode },
        validInputs: inputs,
        validOutputs: outputs,
        nonce: `0x${nonce.toString(16).padStart(64, '0')}`,
      }
      const receipt = await send(orderBookCalls.addOrder(order, meta, tasks))
      return { order, orderHash: hashOrder(order), receipt }
    },
    removeOrder: (order, tasks) => send(orderBookCalls.removeOrder(order, tasks)),
    takeOrders: (choices, limits = {}) =>
      send(
        orderBookCalls.takeOrders(choices, {
          minimumInput: floatOf(limits.minimumInput ?? '0'),
          maximumInput: floatOf(limits.maximumInput ?? '1e30'),
          maximumIORatio: floatOf(limits.maximumIORatio ?? '1e30'),
        }),
      ),
    clear: (alice, bob, config = {}) =>
      send(
        orderBookCalls.clear(alice, bob, {
          ...{ aliceInputIOIndex: 0, aliceOutputIOIndex: 0, bobInputIOIndex: 0, bobOutputIOIndex: 0 },
          ...{ aliceBountyVaultId: nothing, bobBountyVaultId: nothing },
          ...config,
        }),
      ),
  }
}

function readsOf(
  anvil: Anvil,
  orderbook: Address,
): Pick<LocalBook, 'quote' | 'vaultBalance' | 'orderExists'> {
  const call = async (data: Hex, from?: Address): Promise<Hex> =>
    // What eth_call answers.
    (await anvil.request('eth_call', [
      { to: orderbook, data, ...(from === undefined ? {} : { from }), gas },
      'latest',
    ])) as Hex
  const wordAt = (data: Hex, at: number): Bytes32 => `0x${data.slice(2 + 64 * at, 66 + 64 * at)}`
  return {
    async quote(choice, from) {
      try {
        const data = await call(orderBookCalls.quote(choice), from)
        const [outputMax, ioRatio] = [hexToFloat(wordAt(data, 1)), hexToFloat(wordAt(data, 2))]
        return { kind: 'quote', exists: BigInt(wordAt(data, 0)) === 1n, outputMax, ioRatio }
      } catch (error) {
        if (!(error instanceof RpcRefusal) || typeof error.data !== 'string') throw error
        // The data of a revert, in hex.
        return { kind: 'reverted', data: error.data as Hex }
      }
    },
    vaultBalance: async (owner, token, vaultId) =>
      hexToFloat(wordAt(await call(orderBookCalls.vaultBalance(owner, token, vaultId)), 0)),
    orderExists: async (orderHash) => BigInt(await call(orderBookCalls.orderExists(orderHash))) === 1n,
  }
}

function chainOf(
  anvil: Anvil,
  orderbook: Address,
  store: Address,
): Pick<LocalBook, 'request' | 'logs' | 'head' | 'mine' | 'sendTogether' | 'reorganize' | 'checkpoint'> {
  return {
    request: anvil.request,
    async logs(fromBlock, toBlock) {
      const [from, to] = [quantity(fromBlock), toBlock === undefined ? 'latest' : quantity(toBlock)]
      const found = await anvil.request('eth_getLogs', [
        { address: [orderbook, store], fromBlock: from, toBlock: to },
      ])
      // What eth_getLogs answers; each is checked.
      return (found as readonly unknown[]).map(readRpcLog)
    },
    async head() {
      // What eth_getBlockByNumber answers.
      const block = (await anvil.request('eth_getBlockByNumber', ['latest', false])) as {
        readonly number: Hex
        readonly hash: Bytes32
        readonly timestamp: Hex
      }
      return { number: Number(block.number), hash: block.hash, timestamp: Number(block.timestamp) }
    },
    mine: async (blocks = 1) => void (await anvil.request('anvil_mine', [quantity(blocks)])),
    async sendTogether(transactions) {
      await anvil.request('evm_setAutomine', [false])
      try {
        const hashes: unknown[] = []
        for (const { from, data } of transactions) {
          hashes.push(await anvil.request('eth_sendTransaction', [{ from, to: orderbook, data, gas }]))
        }
        await anvil.request('anvil_mine', ['0x1'])
        const receipts = hashes.map((hash) => anvil.request('eth_getTransactionReceipt', [hash]))
        return (await Promise.all(receipts)).map(readReceipt)
      } finally {
        await anvil.request('evm_setAutomine', [true])
      }
    },
    reorganize: async (depth) => void (await anvil.request('anvil_reorg', [depth, []])),
    async checkpoint() {
      const id = await anvil.request('evm_snapshot')
      return async () => void (await anvil.request('evm_revert', [id]))
    },
  }
}

type Receipt = LocalReceipt & { readonly created: Address | undefined }

async function sendTransaction(
  anvil: Anvil,
  from: Address,
  to: Address | undefined,
  data: Hex,
): Promise<Receipt> {
  const target = to === undefined ? {} : { to }
  return readReceipt(await anvil.request('eth_sendTransactionSync', [{ from, ...target, data, gas }]))
}

function readReceipt(answer: unknown): Receipt {
  // What eth_getTransactionReceipt answers of a transaction that was mined; the logs are checked.
  const receipt = answer as {
    readonly status: Hex
    readonly transactionHash: Bytes32
    readonly blockNumber: Hex
    readonly contractAddress?: Address | null
    readonly logs: readonly unknown[]
  }
  return {
    ok: receipt.status === '0x1',
    transactionHash: receipt.transactionHash,
    blockNumber: Number(receipt.blockNumber),
    created: receipt.contractAddress ?? undefined,
    logs: receipt.logs.map(readRpcLog),
  }
}

function createdBy({ ok, created }: Receipt): Address {
  if (ok && created !== undefined) return created
  throw new Error('A contract of the local book was not created.')
}

function floatOf(amount: LocalAmount): Float {
  return typeof amount === 'string' ? parse(amount) : amount
}

function quantity(value: number): Hex {
  return `0x${value.toString(16)}`
}
