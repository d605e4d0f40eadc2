import { createVirtualClock } from '@freshet/core/testing'
import { expect, test } from 'vitest'
import { paced, type Pace } from './paced.ts'

/** What is told, and when, of values pushed at the given times. */
async function told(pace: Pace, pushes: readonly (readonly [atMs: number, value: string])[]) {
  const clock = createVirtualClock()
  const from = clock.now()
  const heard: [number, string][] = []
  const { push, stop } = paced<string>(clock, pace, (value) => heard.push([clock.now() - from, value]))
  for (const [atMs, value] of pushes) {
    await clock.advance(from + atMs - clock.now())
    push(value)
  }
  await clock.advance(10_000)
  push('last')
  stop()
  await clock.advance(10_000)
  return heard
}

const typing = [
  [0, 'a'],
  [30, 'b'],
  [60, 'c'],
  [200, 'd'],
] as const

test('[TO21] without a pace everything is told at once', async () => {
  expect(await told({}, typing)).toEqual([...typing, [10_200, 'last']])
})

test('[TO21] throttled, the first is told at once, and then the newest at most once in the time', async () => {
  expect(await told({ throttleMs: 100 }, typing)).toEqual([
    [0, 'a'],
    [100, 'c'],
    [200, 'd'],
    [10_200, 'last'],
  ])
})

test('[TO21] debounced, the newest is told once nothing has changed for the time; what is stopped is not told', async () => {
  expect(await told({ debounceMs: 100 }, typing)).toEqual([
    [160, 'c'],
    [300, 'd'],
  ])
})

test('[TO21] throttled and debounced, what is told waits for both', async () => {
  const pace = { throttleMs: 500, debounceMs: 50 }
  expect(await told(pace, [...typing, [900, 'e']])).toEqual([
    [110, 'c'],
    [610, 'd'],
    [1_110, 'e'],
  ])
})
