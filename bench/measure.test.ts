import { expect, test } from 'vitest'
import { benchRow } from './bench-row.ts'
import { interleave, median, quantile } from './measure.ts'
import { renderRows } from './render-rows.ts'

test('contenders take turns, in turning order, and warm-up rounds do not count', async () => {
  const order: string[] = []
  const figures = await interleave(
    {
      a: () => order.push('a'),
      b: () => order.push('b'),
    },
    { rounds: 2, warmUp: 1 },
  )
  expect(order).toEqual(['a', 'b', 'b', 'a', 'a', 'b'])
  expect(figures).toEqual({ a: [4, 5], b: [3, 6] })
})

test('the median of an even count is the mean of the middle two', () => {
  expect(median([4, 1, 3, 2])).toBe(2.5)
  expect(median([9, 1, 5])).toBe(5)
  expect(median([])).toBeNaN()
})

test('a quantile is a sample near the end asked for', () => {
  const samples = Array.from({ length: 101 }, (_, i) => i)
  expect(quantile(samples, 0.95)).toBe(95)
  expect(quantile(samples, 1)).toBe(100)
  expect(quantile(samples, 0)).toBe(0)
})

test('a row holds up to its bound, and a figure that is not a number never does', () => {
  const lower = { name: 'x', bound: 3, better: 'lower' } as const
  expect(benchRow({ ...lower, measured: 3 }).holds).toBe(true)
  expect(benchRow({ ...lower, measured: 3.01 }).holds).toBe(false)
  expect(benchRow({ ...lower, measured: NaN }).holds).toBe(false)
  expect(benchRow({ ...lower, better: 'higher', measured: 2.9 }).holds).toBe(false)
})

test('rows print as an aligned table', () => {
  const rows = [
    benchRow({
      name: 'hot change p50',
      measured: 2.4567,
      bound: 3,
      better: 'lower',
      note: '4.1 against 1.7 µs',
    }),
    benchRow({ name: 'inserts', measured: 98_765.4, bound: 120_000, better: 'higher' }),
  ]
  expect(renderRows(rows)).toMatchInlineSnapshot(`
    "  what            measured      bound                 note
      hot change p50      2.46        ≤ 3  holds          4.1 against 1.7 µs
      inserts         98,765.4  ≥ 120,000  DOES NOT HOLD"
  `)
})
