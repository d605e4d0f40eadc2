import type { Address, Bytes32, Hex, Order, OrderIO } from '@freshet/raindex/engine'
import { floatToHex, parse } from '@freshet/raindex/float'
import { op, testProgram, type LocalBook, type LocalToken, type LocalTrader } from '@freshet/raindex/testing'

/** The tokens of the market. */
export const marketTokens = [
  { symbol: 'WETH', decimals: 18 },
  { symbol: 'USDC', decimals: 6 },
  { symbol: 'DAI', decimals: 18 },
] as const

export type MarketOrder = { readonly name: string; readonly order: Order; readonly orderHash: Bytes32 }

/** The market as its traders see it. */
export type Market = {
  readonly name: string
  readonly book: LocalBook
  readonly owner: LocalTrader
  readonly takers: readonly LocalTrader[]
  readonly orders: readonly MarketOrder[]
}

const lastTradeKey = wholeWord(1)
const countKey = wholeWord(2)
/** Answers 3150 to whoever asks: a price that comes from outside the order book. */
const outsidePrice: Address = `0x${'0e'.repeat(20)}`
const outsideCode: Hex = '0x610c4e60005260206000f3'

/** Puts a handful of orders on a new book, each of another kind. */
export async function openMainMarket(book: LocalBook): Promise<Market> {
  await book.request('anvil_setCode', [outsidePrice, outsideCode])
  return addOrders('Main book', book, mainRecipes)
}

/** Puts two orders that mind their stock on a new book. */
export function openSmallMarket(book: LocalBook): Promise<Market> {
  return addOrders('Small book', book, smallRecipes)
}

async function addOrders(name: string, book: LocalBook, recipes: Recipes): Promise<Market> {
  const [owner, ...takers] = book.traders
  const [weth, usdc, dai] = book.tokens
  if (owner === undefined || takers.length === 0 || !weth || !usdc || !dai)
    throw new RangeError('A market needs two traders and three tokens.')
  const { timestamp } = await book.head()
  const orders: MarketOrder[] = []
  for (const [at, recipe] of recipes(timestamp, { weth, usdc, dai }).entries()) {
    const { name: orderName, bytecode, sells = weth, buys = [usdc] } = recipe
    const vaultId = wholeWord(at + 1)
    const io = ({ address: token }: LocalToken): OrderIO => ({ token, vaultId })
    await owner.deposit(sells.address, vaultId, sells === weth ? '20' : '60000')
    const { order, orderHash } = await owner.addOrder({
      bytecode,
      inputs: buys.map(io),
      outputs: [io(sells)],
      nonce: at + 1,
    })
    orders.push({ name: orderName, order, orderHash })
  }
  return { name, book, owner, takers, orders }
}

type Recipe = {
  readonly name: string
  readonly bytecode: Hex
  readonly sells?: LocalToken | undefined
  readonly buys?: readonly LocalToken[] | undefined
}

type Tokens = Readonly<Record<'weth' | 'usdc' | 'dai', LocalToken>>

/** Programs leave the most they give, then the ratio they ask. */
type Recipes = (start: number, tokens: Tokens) => readonly Recipe[]

const mainRecipes: Recipes = (start, { weth, usdc, dai }) => {
  // Since the last trade, or since the start where there was none.
  const elapsed = [op.time, push(lastTradeKey), op.get, op.push(wholeWord(start)), op.maxFloat, op.subFloat]
  return [
    { name: 'Constant', bytecode: testProgram([float('2'), float('3000')]), buys: [usdc, dai] },
    {
      name: 'Falls with time',
      bytecode: testProgram(
        [
          ...[float('0.8'), float('3200'), ...elapsed, float('0.5'), op.mulFloat, op.subFloat],
          ...[float('2900'), op.maxFloat],
        ],
        [push(lastTradeKey), op.time, op.set],
      ),
    },
    {
      name: 'Counts its trades',
      bytecode: testProgram(
        [
          ...[float('1'), float('3050'), push(countKey), op.get, op.addFloat],
          ...[float('3400'), op.minFloat],
        ],
        [push(countKey), push(countKey), op.get, op.push(wholeWord(1)), op.add, op.set],
      ),
    },
    {
      name: 'Dearer for those it can name',
      bytecode: testProgram([
        ...[float('1.5'), float('3010'), op.context(1, 2), float('40'), op.minFloat, op.addFloat],
      ]),
    },
    { name: 'Reverts', bytecode: testProgram([push(wholeWord(0xdead)), op.revert]) },
    {
      name: 'Asks outside for its price',
      bytecode: testProgram([float('1'), op.push(addressWord(outsidePrice)), op.ask]),
    },
    { name: 'Bid', bytecode: testProgram([float('900'), float('0.00033')]), sells: usdc, buys: [weth] },
    {
      name: 'Stable',
      bytecode: testProgram([float('500'), float('1.0002')]),
      sells: usdc,
      buys: [dai],
    },
  ]
}

/** What is in the vault that an order gives from, as its program sees it. */
const stock = op.context(4, 3)

const smallRecipes: Recipes = (_, { usdc, dai }) => [
  {
    name: 'Cheaper while it has much',
    bytecode: testProgram([...[float('1'), float('3100'), stock, float('2'), op.mulFloat, op.subFloat]]),
  },
  { name: 'Buys DAI', bytecode: testProgram([float('700'), float('0.9997')]), sells: usdc, buys: [dai] },
]

const push = op.push

function float(text: string): string {
  return op.push(floatToHex(parse(text)))
}

function wholeWord(value: number): Bytes32 {
  return `0x${value.toString(16).padStart(64, '0')}`
}

function addressWord(address: Address): Bytes32 {
  return `0x${address.slice(2).padStart(64, '0')}`
}
