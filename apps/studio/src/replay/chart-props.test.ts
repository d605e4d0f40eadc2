import type { ReplayMarker, ReplaySeries } from '@freshet/raindex/client'
import { floatToHex, parse } from '@freshet/raindex/float'
import { expect, test } from 'vitest'
import { chartProps, markerWords, pointAt } from './chart-props.ts'

const hash = `0x${'1'.repeat(64)}` as const
const word = (text: string): `0x${string}` => floatToHex(parse(text))

function seriesOf(
  ratio: readonly number[],
  { marks = [], markers = [] }: { marks?: readonly number[]; markers?: readonly ReplayMarker[] } = {},
): ReplaySeries {
  const length = ratio.length
  return {
    inputIOIndex: 0,
    outputIOIndex: 0,
    columns: {
      time: Float64Array.from({ length }, (_, i) => 1_000 + i),
      blockNumber: new Float64Array(length),
      ratio: Float64Array.from(ratio),
      outputMax: Float64Array.from(ratio, (value) => value / 10),
      result: new Uint32Array(length),
      marks: Uint8Array.from({ length }, (_, i) => marks[i] ?? 0),
    },
    results: [],
    markers,
  }
}

test('[SR2] points become columns with no number where there is no quote', () => {
  const props = chartProps(seriesOf([5, 5, NaN, 6]), 'USDC per WETH')
  expect([...props.times]).toEqual([1_000, 1_001, 1_002, 1_003])
  expect([...props.ratio]).toEqual([5, 5, NaN, 6])
  expect([...props.outputMax]).toEqual([0.5, 0.5, NaN, 0.6])
  expect(props.label).toBe('USDC per WETH')
  expect(props.outputRange).toEqual([0, 0.6 * 1.1])
  expect(chartProps(seriesOf([NaN]), '').outputRange).toEqual([0, 1.1])
})

test('[SR2] events carry words, and trades their place on the scale, which has room for them', () => {
  const place = { time: 1_001, blockNumber: 77, logIndex: 0, transactionHash: hash }
  const markers: readonly ReplayMarker[] = [
    { ...place, kind: 'deposit' },
    { ...place, kind: 'take', price: word('7.25'), amount: word('0.5') },
  ]
  const props = chartProps(seriesOf([5, 6], { markers }), '')
  expect(props.markers.map(({ kind, time, price }) => [kind, time, price])).toEqual([
    ['deposit', 1_001, undefined],
    ['take', 1_001, 7.25],
  ])
  expect(props.markers.map(markerWords)).toEqual(['Deposit, block 77', 'Take of 0.5 at 7.25, block 77'])
  expect(props.ratioRange).toEqual([5 - 2.25 / 20, 7.25 + 2.25 / 20])
})

test('[SR2] marked points become stretches with their reasons', () => {
  const { markedSpans } = chartProps(seriesOf([1, 1, 1, 1, 1], { marks: [0, 1, 1, 2, 0] }), '')
  expect(markedSpans).toEqual([
    { from: 1_001, to: 1_002, marks: ['signed-context'] },
    { from: 1_003, to: 1_003, marks: ['wallet'] },
  ])
})

test('[SR2] a constant ratio lies in the middle, and no ratio has no range', () => {
  expect(chartProps(seriesOf([100, 100]), '').ratioRange).toEqual([95, 105])
  expect(chartProps(seriesOf([0]), '').ratioRange).toEqual([-0.05, 0.05])
  expect(chartProps(seriesOf([NaN, NaN]), '').ratioRange).toBeUndefined()
})

test('[SR2] the point of a time is the last at or before it', () => {
  const times = Float64Array.from([100, 110, 120])
  expect([99, 100, 109.9, 110, 500].map((time) => pointAt(times, time))).toEqual([0, 0, 0, 1, 2])
  expect(pointAt(Float64Array.from([100]), 150)).toBe(0)
})
