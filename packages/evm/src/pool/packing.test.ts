import { expect, test } from 'vitest'
import { checkCall } from '../check-call.ts'
import type { EvmResult, ReadSet, StaticCall } from '../engine.ts'
import { packCalls, packResults, unpackCalls, unpackResults } from './packing.ts'

const address = '0x1000000000000000000000000000000000000001'
const other = '0x2000000000000000000000000000000000000002'
const slot = `0x${'0a'.repeat(32)}` as const

test('[EV13] calls and results of every kind cross to a worker and back unchanged', () => {
  const calls: readonly StaticCall[] = [
    { to: address, from: other, data: new Uint8Array([1, 2, 3]), gas: (1n << 44n) - 1n },
    { to: other, from: other, data: new Uint8Array(0), gas: 0n, gasPrice: 7n, blobHashes: [9n, slot] },
  ]
  const checked = calls.map((call) => checkCall(call))
  expect(unpackCalls(packCalls(checked), 2).map((call) => checkCall(call))).toEqual(checked)

  const reads: ReadSet = {
    time: true,
    number: false,
    block: true,
    slots: [[address, slot]],
    accounts: [address, other],
  }
  const nothing = { output: new Uint8Array(0), gasUsed: 0n, reads }
  const results: readonly EvmResult[] = [
    { status: 'ok', output: new Uint8Array([9]), gasUsed: 12_345_678_901n, reads },
    { ...nothing, status: 'missing', missing: { kind: 'slot', address, slot } },
    { ...nothing, status: 'revert', gasUsed: 5n },
    { ...nothing, status: 'unsupported', reason: 'why' },
    {
      ...nothing,
      status: 'halt',
      reads: { time: false, number: true, block: false, slots: [], accounts: [] },
    },
  ]
  expect(unpackResults(packResults(results), results.length)).toEqual(results)
})
