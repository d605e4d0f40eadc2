import { expect, test } from 'vitest'
import { rowWindow, topToShow } from './row-window.ts'

test('[SB11] whatever the place, the rows on screen are in the window, and few others', () => {
  const wrong: unknown[] = []
  for (const count of [0, 1, 9, 40, 10_000]) {
    for (const height of [90, 295, 2_000]) {
      for (let top = 0; top <= Math.max(0, count * 30 - height); top += 37) {
        const { from, to } = rowWindow(top, height, 30, count)
        const [first, last] = [Math.floor(top / 30), Math.min(count, Math.ceil((top + height) / 30))]
        const isWithin = from >= 0 && to <= count && to - from <= height / 30 + 40
        if (from > first || to < last || !isWithin) wrong.push({ count, height, top, from, to })
      }
    }
  }
  expect(wrong).toEqual([])
})

test('[SB11] most scrolling leaves the window as it is', () => {
  const places = Array.from({ length: 240 }, (_, top) => rowWindow(3_000 + top, 300, 30, 10_000).from)
  expect(new Set(places).size).toBeLessThanOrEqual(2)
})

test('[SB7] a row that is reached by a key is scrolled into sight, and no farther', () => {
  expect(topToShow(5, 0, 300, 30)).toBe(0)
  expect(topToShow(10, 0, 300, 30)).toBe(30)
  expect(topToShow(2, 90, 300, 30)).toBe(60)
})
