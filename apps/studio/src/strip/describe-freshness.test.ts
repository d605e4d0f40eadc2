import { FreshetError, type Status } from '@freshet/core'
import { expect, test } from 'vitest'
import { describeFreshness, spanWords } from './describe-freshness.ts'

const live: Status = {
  state: 'live',
  role: 'leader',
  pending: [],
  degraded: undefined,
  freshness: {
    freshAtUnixMs: 1_000,
    staleSinceUnixMs: undefined,
    lastError: undefined,
    nextAttemptAtUnixMs: undefined,
  },
  progress: undefined,
}

test('[SU12] live rows come from the remote and say when they were last checked', () => {
  expect(describeFreshness(live, 13_500)).toMatchObject({
    tone: 'live',
    state: 'live',
    source: 'remote',
    age: 'checked 12 s ago',
    trouble: undefined,
  })
})

test('[SU12] rows of a database out of reach are stale since then, with the next attempt and the trouble', () => {
  const lastError = new FreshetError({ code: 'table/unreachable', kind: 'remote', message: 'Gone.' })
  const freshness = {
    freshAtUnixMs: 1_000,
    staleSinceUnixMs: 60_000,
    lastError,
    nextAttemptAtUnixMs: 192_001,
  }
  const words = describeFreshness({ ...live, state: 'retrying', freshness }, 190_000)
  expect(words).toMatchObject({
    tone: 'waiting',
    source: 'cache',
    next: 'next attempt in 3 s',
    trouble: 'Gone.',
  })
  expect(describeFreshness({ ...live, state: 'catching-up', freshness }, 190_000).tone).toBe('waiting')
  expect(words.age).toMatch(/^stale since \d\d:\d\d:\d\d \(2 min\)$/)
})

test('[SU12] a store that fails is said while the rows are live', () => {
  const degraded = new FreshetError({ code: 'storage/full', kind: 'storage', message: 'The disk is full.' })
  expect(describeFreshness({ ...live, degraded }, 2_000).trouble).toBe('The disk is full.')
  expect(
    describeFreshness(
      { ...live, state: 'bootstrapping', freshness: { ...live.freshness, freshAtUnixMs: undefined } },
      0,
    ).age,
  ).toBe('nothing read yet')
})

test('[SU12] spans are said in the one unit that says enough', () => {
  expect([0, 89_000, 90_000, 90 * 60_000, 72 * 3_600_000].map(spanWords)).toEqual([
    '0 s',
    '89 s',
    '1 min',
    '1 h',
    '3 days',
  ])
})
