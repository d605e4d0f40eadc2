import { randomBelow } from '@freshet/core'
import { createSeededRandom } from '@freshet/core/testing'
import { expect, test } from 'vitest'
import { readRpcLog, type ChainLog } from '../../engine/index.ts'
import { createLogWriter, type LogWriter } from '../../testing/event-logs.ts'
import { addressOf, fixtureOrder, wordOf } from '../../testing/fixture-order.ts'
import { isLogPage, unpackLogs } from './log-page.ts'
import { readLogPage } from './read-log-page.ts'
import { repliesInPlace } from './rpc-reply.ts'

function someLogs(): LogWriter['logs'] {
  const writer = createLogWriter()
  for (let block = 1; block < 20; block++) {
    writer.block(block)
    writer.event('DepositV2', [addressOf(block), addressOf(0x20), wordOf(block), BigInt(block)])
    writer.event('Set', [1n, wordOf(block), wordOf(7)], fixtureOrder.evaluable.store)
    writer.raw({ topics: [wordOf(1), wordOf(2)], data: '0x' })
    writer.raw({ topics: [], data: '0x12' })
  }
  return writer.logs
}

/** As nodes write it. */
function entryOf(log: ChainLog): Record<string, unknown> {
  const quantity = (value: number): string => `0x${value.toString(16)}`
  const { address, topics, data, transactionHash, blockHash } = log
  return {
    ...{ address, topics, data, blockNumber: quantity(log.blockNumber), transactionHash },
    ...{ transactionIndex: '0x0', blockHash, blockTimestamp: quantity(log.blockTimestamp ?? 0) },
    ...{ logIndex: quantity(log.logIndex), removed: false },
  }
}

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)

/** The logs and where they end; undefined where the text is left to JSON. */
function readBack(text: string): { readonly logs: readonly ChainLog[]; readonly end: number } | undefined {
  const read = readLogPage(bytesOf(text), 0)
  return read && isLogPage(read.value) ? { logs: unpackLogs(read.value), end: read.end } : undefined
}

test('[CN5] logs read from the bytes of an answer are those that JSON gives', () => {
  const logs = someLogs()
  const text = JSON.stringify(logs.map(entryOf))
  expect(readBack(text)).toEqual({ logs, end: text.length })
  // Whatever order the fields come in.
  const turned = JSON.stringify(
    logs.map((log) => Object.fromEntries(Object.entries(entryOf(log)).toReversed())),
  )
  expect(readBack(turned)?.logs).toEqual(logs)
  expect(readBack('[]')).toEqual({ logs: [], end: 2 })
})

test.each([
  ['blanks', (text: string) => text.replaceAll(',', ', ')],
  ['upper case', (text: string) => text.replaceAll('ab', 'AB')],
  ['another field', (text: string) => text.replace('"removed"', '"more":{},"removed"')],
  ['a removed log', (text: string) => text.replace('false', 'true')],
  ['an escape', (text: string) => text.replace('"address"', '"\\u0061ddress"')],
  ['a field that lacks', (text: string) => text.replace('"logIndex":"0x0",', '')],
  ['half a byte', (text: string) => text.replace('"data":"0x', '"data":"0x0')],
  ['a short hash', (text: string) => text.replace('"blockHash":"0x01', '"blockHash":"0x')],
  [
    'a number too long',
    (text: string) => text.replace('"blockNumber":"0x', '"blockNumber":"0x12345678901234'),
  ],
  ['the end', (text: string) => text.slice(0, -1)],
])('[CN5] a list with %s is left to JSON', (_, change) => {
  expect(readBack(change(JSON.stringify(someLogs().map(entryOf)).replaceAll('99', 'ab')))).toBe(undefined)
})

test('[CN5] whatever letter of an answer is garbled, nothing is read that JSON would not give', () => {
  const random = createSeededRandom(7)
  const text = JSON.stringify(someLogs().slice(0, 6).map(entryOf))
  const letters = '0x9af",:[]{}eT \\é'
  for (let round = 0; round < 3_000; round++) {
    const at = randomBelow(random, text.length)
    const garbled =
      text.slice(0, at) + letters.charAt(randomBelow(random, letters.length)) + text.slice(at + 1)
    const read = readBack(garbled)
    if (read === undefined) continue
    // JSON gives a list, which readRpcLog checks.
    const entries = JSON.parse(garbled) as readonly unknown[]
    expect(read.logs).toEqual(entries.map(readRpcLog))
  }
})

test('[CN5] replies are told apart by their bytes, or left to JSON', () => {
  const logs = someLogs()
  const entries = logs.map(entryOf)
  const header = { number: '0x1', text: 'a "quoted", {odd} one \\' }
  const replies = [
    { jsonrpc: '2.0', id: 1, result: entries },
    { jsonrpc: '2.0', result: header, id: 2 },
    { jsonrpc: '2.0', id: 3, error: { code: -32_000, message: 'no' } },
  ]
  const read = repliesInPlace(bytesOf(`${JSON.stringify(replies)}\n`), readLogPage)
  expect(read?.slice(1)).toEqual(replies.slice(1))
  const [first] = read ?? []
  expect(isLogPage(first?.['result']) && unpackLogs(first['result'])).toEqual(logs)
  expect(repliesInPlace(bytesOf(JSON.stringify(replies[1])), readLogPage)).toEqual([replies[1]])
  const refused = [
    '',
    '[',
    '{}',
    '[1]',
    '{"id":1,"result":[1]}',
    '{"id":1,"other":1}',
    `${JSON.stringify(replies)},`,
  ]
  for (const text of refused) expect(repliesInPlace(bytesOf(text), readLogPage), text).toBe(undefined)
})
