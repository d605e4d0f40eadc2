import type { ReplaySeries } from '@freshet/raindex/client'
import { expect, test } from 'vitest'
import { chartProps } from './chart-props.ts'
import { createRevealedRanges } from './revealed-range.ts'

function rangesOf(ratio: readonly number[], price?: readonly [at: number, price: number]) {
  const length = ratio.length
  const series: ReplaySeries = {
    inputIOIndex: 0,
    outputIOIndex: 0,
    columns: {
      time: Float64Array.from({ length }, (_, i) => 1_000 + i),
      blockNumber: new Float64Array(length),
      ratio: Float64Array.from(ratio),
      outputMax: Float64Array.from(ratio, (value) => value / 100),
      result: new Uint32Array(length),
      marks: new Uint8Array(length),
    },
    results: [],
    markers: [],
  }
  const props = chartProps(series, '')
  const place = { blockNumber: 1, logIndex: 0, transactionHash: '0x' } as const
  const markers =
    price === undefined
      ? []
      : [
          {
            kind: 'take',
            time: 1_000 + price[0],
            price: price[1],
            event: { ...place, kind: 'take', time: 0 },
          } as const,
        ]
  return createRevealedRanges({ ...props, markers })
}

test('[SR4] the scale knows of no point and no trade that comes later', () => {
  const ranges = rangesOf([50, 51, 52, NaN, 99, 10], [4, 120])
  expect(ranges(1_002).ratio).toEqual([49, 53])
  // A point that is no number changes nothing.
  expect(ranges(1_003).ratio).toEqual([49, 53])
  expect(ranges(1_004).ratio).toEqual([40, 130])
  expect(ranges(1_005).ratio).toEqual([0, 200])
  expect(ranges(1_002).output[1]).toBeCloseTo(0.6)
  expect(rangesOf([NaN, 5])(1_000)).toEqual({ ratio: [0, 1], output: [0, 1] })
})

test('[SR4] the scale stays for most points', () => {
  const ratio = Array.from({ length: 1_000 }, (_, i) => 3_200 - i * 0.05)
  const ranges = rangesOf(ratio)
  const seen = new Set(ratio.map((_, i) => ranges(1_000 + i).ratio.join()))
  expect(seen.size).toBeLessThan(30)
})
