import { expect, test } from 'vitest'
import { createLogWriter, orderbookAddress } from '../../testing/event-logs.ts'
import { addressOf, fixtureOrder, wordOf } from '../../testing/fixture-order.ts'
import { encodingsOf } from './check-encoding.ts'
import { packLogs, unpackLogs } from './log-page.ts'
import { mergePages } from './merge-pages.ts'

test('[CN1] logs of stores come between those of the book, in the order of the chain', () => {
  const writer = createLogWriter()
  for (let block = 1; block < 8; block++) {
    writer.block(block)
    writer.event('DepositV2', [addressOf(block), addressOf(0x20), wordOf(block), BigInt(block)])
    if (block % 3 !== 0) writer.event('Set', [1n, wordOf(block), wordOf(7)], fixtureOrder.evaluable.store)
    if (block % 2 === 0) writer.event('DepositV2', [addressOf(block), addressOf(0x21), wordOf(block), 1n])
  }
  const { logs } = writer
  const [own, others] = [true, false].map((isStore) =>
    packLogs(logs.filter(({ address }) => (address === fixtureOrder.evaluable.store) !== isStore)),
  )
  if (own === undefined || others === undefined) throw new Error('There are two.')
  expect(unpackLogs(mergePages(own, others))).toEqual(logs)
  expect(unpackLogs(mergePages(others, own))).toEqual(logs)
  expect(unpackLogs(mergePages(packLogs([]), own))).toEqual(unpackLogs(own))
  expect(mergePages(own, packLogs([]))).toBe(own)
  expect(mergePages(own, others).encodings).toBe(undefined)
  const [one, other] = [own, others].map((page) => ({
    ...page,
    encodings: encodingsOf(page, orderbookAddress),
  }))
  if (one === undefined || other === undefined) throw new Error('There are two.')
  for (const merged of [mergePages(one, other), mergePages(other, one), mergePages(packLogs([]), one)])
    expect(merged.encodings).toEqual(encodingsOf(merged, orderbookAddress))
})
