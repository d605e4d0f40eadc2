import type { ModelTick, SyncTick } from '@freshet/torii'
import { expect, test } from 'vitest'
import { describeFreshness } from '../strip/describe-freshness.ts'
import { freshnessOfTick } from './freshness-of-tick.ts'
import { describeLag } from './lag-words.ts'

const model: ModelTick = {
  ...{ model: 'ns-Position', status: 'bootstrapping', lastCursor: undefined, lastTimestamp: undefined },
  ...{ lastBatchSize: 0, consecutiveFailures: 0, nextPollInMs: 0, overlayPending: 0, throughputPerSec: 0 },
}
const at = 1_000_000

function tickOf(overall: Partial<SyncTick['overall']>, of: Partial<ModelTick> = {}): SyncTick {
  return {
    clock: at,
    overall: {
      ...{ state: 'bootstrapping', lastSyncedAt: undefined, lagMs: undefined, pendingOverlayCount: 0 },
      ...{ progress: undefined, lastError: undefined, head: undefined, headAtUnixMs: undefined },
      ...overall,
    },
    models: [{ ...model, ...of }, model],
  }
}

function said(overall: Partial<SyncTick['overall']>, of: Partial<ModelTick> = {}, later = 0) {
  return describeFreshness(freshnessOfTick(tickOf(overall, of)), at + later)
}

test('[SD3] the strip tells the first reading with how far it is, and what is read after a gap', () => {
  expect(said({ progress: 0.25 })).toMatchObject({ state: 'bootstrapping 25 %', age: 'nothing read yet' })
  expect(said({ lastSyncedAt: at - 9_000, lagMs: 4_000 }, {}, 1_000)).toMatchObject({
    state: 'catching up',
    source: 'cache',
    age: expect.stringMatching(/^stale since .* \(5 s\)$/),
  })
})

test('[SD3] a connection that is lost says since when, why, and when the next attempt is', () => {
  const lost = {
    lastSyncedAt: at - 9_000,
    lagMs: 2_000,
    lastError: { code: 'torii/unreachable', message: 'Gone.' },
  }
  expect(said(lost, { status: 'retrying', nextPollInMs: 4_000 }, 1_000)).toMatchObject({
    tone: 'waiting',
    state: 'retrying',
    age: expect.stringMatching(/\(3 s\)$/),
    trouble: 'Gone.',
  })
})

test('[SD3] while it streams what is shown is current', () => {
  const live = { state: 'streaming', lastSyncedAt: at - 2_000, lagMs: 0 } as const
  expect(said(live)).toMatchObject({
    tone: 'live',
    source: 'remote',
    age: 'checked 2 s ago',
    next: undefined,
  })
  expect(said({ ...live, state: 'pausing' })).toMatchObject({ state: 'paused' })
  expect(said({ ...live, state: 'halted' })).toMatchObject({ tone: 'failed', state: 'halted' })
  expect(said({ state: 'idle' })).toMatchObject({ state: 'idle' })
})

test('[SD2] the lag is that of the tick, and grows where the world is not current', () => {
  expect(describeLag(tickOf({}), at)).toBe('lag unknown')
  expect(describeLag(tickOf({ state: 'streaming', lagMs: 0 }), at + 5_000)).toBe('lag 0 s')
  expect(describeLag(tickOf({ lagMs: 4_000 }), at + 5_000)).toBe('lag 9 s')
})
