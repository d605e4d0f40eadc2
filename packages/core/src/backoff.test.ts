import { expect, test } from 'vitest'
import { backoffMs, defaultBackoff } from './backoff.ts'

test('[S9] the wait doubles from its base to its cap, give or take the jitter', () => {
  const bounds = [0, 1, 2, 5, 8, 100, 10_000].map((attempt) =>
    [0, 0.5, 1].map((chance) => backoffMs(defaultBackoff, attempt, { next: () => chance })),
  )
  expect(bounds).toEqual([
    [180, 200, 220],
    [360, 400, 440],
    [720, 800, 880],
    [5_760, 6_400, 7_040],
    [27_000, 30_000, 33_000],
    [27_000, 30_000, 33_000],
    [27_000, 30_000, 33_000],
  ])
})
