import { expect, test } from 'vitest'
import { bookRows } from './book-rows.ts'

const [weth, usdc] = [`0x${'1'.repeat(40)}`, `0x${'2'.repeat(40)}`]
const [hash, owner] = [`0x${'a'.repeat(64)}`, `0x${'b'.repeat(40)}`]
const rows = bookRows(
  {
    tokens: [
      { address: weth, symbol: 'WETH' },
      { address: usdc, symbol: 'USDC' },
    ],
  },
  { orderbook: owner, name: 'Book', orders: [{ hash, name: 'Constant' }] },
)
const io = (token: string) => ({ token, vaultId: '0x01' })
const order = { owner, validInputs: [io(weth), io(usdc)], validOutputs: [io(weth), io(usdc)] }
const quote = {
  ...{ order: hash, inputIOIndex: 1, outputIOIndex: 0, ioRatio: '10', outputMax: null, reason: null },
  ...{ asOf: null, stale: false },
}

test('[SB1] an order says its tokens, and its pairs: a token is not traded for itself', () => {
  const { name, gives, takes, pairs, firstPair } = rows.order(hash, order)
  expect([name, gives, takes, pairs, firstPair]).toEqual([
    ...['Constant', 'WETH, USDC', 'WETH, USDC', 2],
    `${hash}/0/1`,
  ])
  expect(rows.order(hash, { ...order, validOutputs: [] }).firstPair).toBe(null)
})

test('[SB12] rows are found by names and by addresses, and amounts are ordered as numbers', () => {
  const pair = rows.pair('1', quote, order)
  expect([pair.pair, pair.ratio, pair.most]).toEqual(['WETH for USDC', 10, null])
  expect([hash, owner, 'constant', 'weth for usdc'].every((text) => pair.sought.includes(text))).toBe(true)
  expect(rows.pair('1', quote, undefined).pair).toBe('')
  const vault = rows.vault('1', { owner, token: usdc, vaultId: `0x${'7'.padStart(64, '0')}`, balance: '9.5' })
  expect([vault.name, vault.symbol, vault.amount]).toEqual(['#7', 'USDC', 9.5])
  expect(vault.sought).toContain('#7 usdc')
})
