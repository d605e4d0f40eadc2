import { createSeededRandom } from '@freshet/core/testing'
import { createWasmEvm } from '@freshet/evm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  createEvmInterpreter,
  createRaindexProjection,
  createStaticCodeCache,
  qualifiedNamespace,
  quoteOrder,
  replayLogs,
  revertDataOf,
  rowState,
  simulateClear,
  simulateTakeOrders,
  type Bytes32,
  type EvaluationHost,
  type Order,
  type OrderbookState,
} from '../engine/index.ts'
import { floatToHex, fromFixedDecimalLossless, hexToFloat, parse, type Float } from '../float/index.ts'
import { abi, encodeFunction } from './abi-encode.ts'
import { findAnvil } from './anvil.ts'
import { startLocalBook, type LocalBook, type LocalReceipt, type LocalTrader } from './local-book.ts'
import { createMapDraft } from './map-draft.ts'
import { op, testProgram } from './test-program.ts'

// The engine beside a chain that runs an order book: what it makes of the logs is what the contracts hold, bit for bit.

const anvil = findAnvil()
const skipped =
  anvil === undefined ? ' (skipped: no anvil; it comes with npm on Linux x64, or set FRESHET_ANVIL)' : ''

let opened: LocalBook | undefined
beforeAll(async () => {
  if (anvil !== undefined) opened = await startLocalBook({ anvil, secondsPerBlock })
})
afterAll(() => opened?.close())

const secondsPerBlock = 2
const blocks = 300

test.skipIf(anvil === undefined)(
  `[RX22] some hundred blocks of random trades: vaults, words, quotes and takes are the chain's${skipped}`,
  { timeout: 60_000 },
  async () => {
    const book = opened
    if (book === undefined) throw new Error('the chain did not start')
    const market = await openMarket(book, 7)
    const compared = { vaults: 0, words: 0, quotes: 0, reverts: 0, takes: 0, clears: 0, refused: 0 }
    for (let block = 0; block < blocks; block++) {
      const done = await market.step()
      if (done !== undefined) compared[done]++
      if (block % 60 !== 59) continue
      for (const [name, count] of Object.entries(await market.compare())) {
        // The same names.
        compared[name as keyof typeof compared] += count
      }
    }
    expect(market.differences).toEqual([])
    for (const [name, count] of Object.entries(compared)) expect(count, name).toBeGreaterThan(0)
  },
)

test.skipIf(anvil === undefined)(`[RX35] a reorganisation takes trades back${skipped}`, async () => {
  const book = opened
  const [trader] = book?.traders ?? []
  const [token] = book?.tokens ?? []
  if (book === undefined || trader === undefined || token === undefined) throw new Error('no chain')
  const vault = vaultId(99)
  await book.mine(2)
  await trader.deposit(token.address, vault, '3')
  const before = await book.head()
  await book.reorganize(1)
  const after = await book.head()
  expect(after.number).toBe(before.number)
  expect(after.hash).not.toBe(before.hash)
  expect(await book.vaultBalance(trader.address, token.address, vault)).toBe(0n)
  expect(await book.logs(after.number)).toEqual([])
})

const word = (text: string): Bytes32 => floatToHex(parse(text))
const vaultId = (number: number): Bytes32 => `0x${number.toString(16).padStart(64, '0')}`
const counter = vaultId(0xc0)
const swing = vaultId(0xc1)

/** Programs of every kind: constants, time, a counter, a balance, a price that moves with trades, one that reverts. */
function programs(): readonly `0x${string}`[] {
  const bump = [op.push(counter), op.push(counter), op.get, op.push(word('1')), op.addFloat, op.set]
  return [
    testProgram([op.push(word('3')), op.push(word('1.7'))]),
    testProgram([op.push(word('2')), op.push(word('0.8'))], bump),
    testProgram([op.push(word('0.55')), op.push(word('0.9'))]),
    testProgram([op.push(word('0.75')), op.push(word('1')), op.push(word('3')), op.divFloat], bump),
    // Falls with time.
    testProgram([op.push(word('2')), op.push(word('1e9')), op.time, op.divFloat]),
    // Half of the output vault, dearer with each trade.
    testProgram(
      [
        ...[op.context(4, 3), op.push(word('2')), op.divFloat],
        ...[op.push(counter), op.get, op.push(word('0.01')), op.mulFloat, op.push(word('1')), op.addFloat],
      ],
      [...bump, op.push(swing), op.context(4, 4), op.set],
    ),
    // What was moved last, at most 5 and at least 0.3.
    testProgram(
      [
        ...[op.push(swing), op.get, op.push(word('0.3')), op.maxFloat, op.push(word('5')), op.minFloat],
        op.push(word('0.6')),
      ],
      [op.push(swing), op.context(2, 0), op.context(3, 4), op.mulFloat, op.set],
    ),
    testProgram([op.push(word('1')), op.push(word('1')), op.push(word('0')), op.divFloat]),
    testProgram([op.push(word('-1')), op.push(word('1'))]),
    testProgram([op.push(word('1'))]),
    testProgram([op.number, op.time, op.push(vaultId(7)), op.revert]),
  ]
}

type Compared = {
  readonly vaults: number
  readonly words: number
  readonly quotes: number
  readonly reverts: number
}

async function openMarket(book: LocalBook, seed: number) {
  const random = createSeededRandom(seed)
  const below = (bound: number): number => Math.floor(random.next() * bound)
  const pick = <T>(items: readonly T[]): T => {
    const item = items[below(items.length)]
    if (item === undefined) throw new RangeError('nothing to pick from')
    return item
  }
  const differences: string[] = []
  const check = (what: string, ours: unknown, chains: unknown): void => {
    if (ours !== chains) differences.push(`${what}: ours ${String(ours)}, the chain's ${String(chains)}`)
  }
  const engine = await createWasmEvm()
  const host: EvaluationHost = {
    orderbook: book.orderbook,
    interpreter: createEvmInterpreter({
      engine,
      cache: createStaticCodeCache(book.artifacts),
      chainId: BigInt(book.chainId),
      orderbook: book.orderbook.address,
    }),
  }
  const { state, follow } = await openReplica(book)
  const orders: Order[] = []
  for (const bytecode of programs()) orders.push(...(await addBoth(bytecode)))

  /** An order in each direction, so that there is something to clear. */
  async function addBoth(bytecode: `0x${string}`): Promise<readonly Order[]> {
    const [first, second] = book.tokens.map(({ address }) => ({ token: address, vaultId: vaultId(below(3)) }))
    if (first === undefined || second === undefined) throw new RangeError('two tokens are needed')
    const nonce = orders.length
    const sell = await pick(book.traders).addOrder({ bytecode, inputs: [first], outputs: [second], nonce })
    const buy = await pick(book.traders).addOrder({
      ...{ bytecode, inputs: [second, first], outputs: [second, first], nonce },
      meta: '0xff0a89c674ee7874',
    })
    return [sell.order, buy.order]
  }

  async function takeSome(trader: LocalTrader): Promise<'takes' | 'refused'> {
    const wanted = pick(orders)
    const asked = pairOf(wanted)
    const same = orders.filter((order) => pairOf(order).input === asked.input)
    const choices = [wanted, pick(same), pick(same)].map((order) => ({ order, ...indexesOf(order) }))
    const limits = {
      maximumInput: parse(`${1 + below(30)}e-1`),
      maximumIORatio: parse(`0.${1 + below(9)}e1`),
    }
    const ours = await simulateTakeOrders(host, await nextBlock(), {
      orders: choices,
      ...{ minimumIO: 0n as Float, maximumIO: limits.maximumInput, maximumIORatio: limits.maximumIORatio },
      taker: trader.address,
    })
    const receipt = await trader.takeOrders(choices, limits)
    check('whether a take is done', ours.kind === 'taken', receipt.ok)
    if (ours.kind !== 'taken') return 'refused'
    const amounts = ours.taken.map(({ input, output }) => `${floatToHex(input)} ${floatToHex(output)}`)
    check('the amounts of a take', amounts.join(), amountsOf(receipt).join())
    return 'takes'
  }

  async function clearSome(trader: LocalTrader): Promise<'clears' | 'refused'> {
    const alice = pick(orders)
    const { output } = pairOf(alice)
    const bob = pick(orders.filter((order) => pairOf(order).input === output))
    const config = {
      ...{ aliceInputIOIndex: 0, bobInputIOIndex: 0 },
      ...{ aliceOutputIOIndex: pairOf(alice).outputIOIndex, bobOutputIOIndex: pairOf(bob).outputIOIndex },
      ...{ aliceBountyVaultId: vaultId(8), bobBountyVaultId: vaultId(9) },
    }
    const clearer = trader.address
    const ours = await simulateClear(host, await nextBlock(), { alice, bob, config, clearer })
    const receipt = await trader.clear(alice, bob, config)
    check('whether a clear is done', ours.kind !== 'not-comparable', receipt.ok)
    return ours.kind === 'cleared' ? 'clears' : 'refused'
  }

  /** The state with the clock of the block that the next transaction is in. */
  async function nextBlock(): Promise<OrderbookState> {
    const { number, timestamp } = await follow()
    return at(state, { blockNumber: number + 1, timestamp: timestamp + secondsPerBlock })
  }

  async function step(): Promise<'takes' | 'clears' | 'refused' | undefined> {
    const trader = pick(book.traders)
    const token = pick(book.tokens)
    switch (below(9)) {
      case 0: {
        const units = BigInt(1 + below(9_000)) * 10n ** BigInt(token.decimals - 3)
        await trader.deposit(
          token.address,
          vaultId(below(3)),
          fromFixedDecimalLossless(units, token.decimals),
        )
        return undefined
      }
      case 1:
        await trader.withdraw(token.address, vaultId(below(3)), `${below(20)}.${below(100)}`)
        return undefined
      case 2: {
        const order = pick(orders)
        const owner = book.traders.find(({ address }) => address === order.owner) ?? trader
        await owner.removeOrder(order)
        if (below(4) > 0) await owner.addOrder(configOf(order))
        return undefined
      }
      case 3:
        await book.mine(1 + below(3))
        return undefined
      case 4:
      case 5:
        return clearSome(trader)
      default:
        return takeSome(trader)
    }
  }

  async function compare(): Promise<Compared> {
    const head = await follow()
    const now = at(state, { blockNumber: head.number, timestamp: head.timestamp })
    const counts = { vaults: 0, words: 0, quotes: 0, reverts: 0 }
    for (const { address: owner } of book.traders) {
      for (const { address: token } of book.tokens) {
        for (const id of [0, 1, 2, 8, 9].map(vaultId)) {
          const [ours, chains] = [
            state.vaultBalance(owner, token, id),
            await book.vaultBalance(owner, token, id),
          ]
          check(`vault ${owner} ${token} ${id}`, floatToHex(ours), floatToHex(chains))
          if (chains !== 0n) counts.vaults++
        }
      }
      const fqn = qualifiedNamespace(owner, book.orderbook.address)
      for (const key of [counter, swing]) {
        const data = encodeFunction('get(uint256,bytes32)', abi.word(fqn), abi.word(key))
        const chains = await book.request('eth_call', [{ to: book.store, data }, 'latest'])
        check(`word ${key} of ${owner}`, state.word(book.store, fqn, key), chains)
        if (chains !== vaultId(0)) counts.words++
      }
    }
    for (const order of orders) {
      const choice = { order, ...indexesOf(order) }
      const counterparty = pick(book.traders).address
      const chains = await book.quote(choice, counterparty)
      if (chains.kind === 'quote' && !chains.exists) continue
      const ours = await quoteOrder(host, now, { ...choice, counterparty })
      if (chains.kind === 'reverted') {
        counts.reverts++
        const data = ours.kind === 'quote' ? 'a quote' : revertDataOf(ours.reason)
        check('what a quote reverts with', data, chains.data)
      } else {
        counts.quotes++
        check('a quote', ours.kind === 'quote' ? bitsOf(ours) : ours.reason.kind, bitsOf(chains))
      }
    }
    return counts
  }

  return { step, compare, differences }
}

/** The first pair of an order with two tokens. */
function pairOf({ validInputs, validOutputs }: Order) {
  const input = validInputs[0]?.token
  const outputIOIndex = validOutputs.findIndex(({ token }) => token !== input)
  return { outputIOIndex, input, output: validOutputs[outputIOIndex]?.token }
}

function indexesOf(order: Order) {
  return { inputIOIndex: 0, outputIOIndex: pairOf(order).outputIOIndex }
}

function configOf({ evaluable, validInputs, validOutputs, nonce }: Order) {
  const { bytecode } = evaluable
  return { bytecode, inputs: validInputs, outputs: validOutputs, nonce: Number(nonce) }
}

function bitsOf({ ioRatio, outputMax }: { readonly ioRatio: Float; readonly outputMax: Float }): string {
  return `${floatToHex(ioRatio)} ${floatToHex(outputMax)}`
}

/** Input and output of each order that a transaction took. */
function amountsOf({ logs }: LocalReceipt): readonly string[] {
  const topic = '0x194f1feb3b4d7076a2c272e774e792e0c48bb8c7aa1a9a3671c1cd6da9e6b4c1'
  const taken = logs.filter(({ topics }) => topics[0] === topic)
  const wordAt = (data: string, at: number): string =>
    floatToHex(hexToFloat(`0x${data.slice(2 + 64 * at, 66 + 64 * at)}`))
  return taken.map(({ data }) => `${wordAt(data, 2)} ${wordAt(data, 3)}`)
}

/** What the logs so far say, kept up with the chain by `follow`. */
async function openReplica(book: LocalBook) {
  const draft = createMapDraft()
  const projection = createRaindexProjection(book.orderbook.version)
  const decimals = new Map(book.tokens.map((token): [string, number] => [token.address, token.decimals]))
  projection.apply(draft, [
    {
      kind: 'setTokenDecimals',
      tokens: book.tokens.map((token) => ({ token: token.address, decimals: token.decimals })),
    },
  ])
  let next = book.deployedAt
  const follow = async (): Promise<{ readonly number: number; readonly timestamp: number }> => {
    const head = await book.head()
    if (head.number < next) return head
    const logs = await book.logs(next, head.number)
    const options = { decimalsOf: (token: string) => decimals.get(token), stores: new Set([book.store]) }
    for (const { mutations } of replayLogs(logs, book.orderbook, options).blocks)
      projection.apply(draft, mutations)
    next = head.number + 1
    return head
  }
  return { state: rowState(draft.get), follow }
}

function at(state: OrderbookState, env: OrderbookState['env']): OrderbookState {
  return {
    env,
    order: (hash) => state.order(hash),
    vaultBalance: (owner, token, id) => state.vaultBalance(owner, token, id),
    word: (store, fqn, key) => state.word(store, fqn, key),
    tokenDecimals: (token) => state.tokenDecimals(token),
  }
}
