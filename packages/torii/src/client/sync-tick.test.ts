import type { Status, SyncState } from '@freshet/core'
import { createVirtualClock } from '@freshet/core/testing'
import { expect, test } from 'vitest'
import { makeSyncTick, type ModelStatus, type OverallState } from './sync-tick.ts'

// A state of the kernel that is not listed does not compile.
const expected: Readonly<Record<SyncState, readonly [OverallState, ModelStatus]>> = {
  idle: ['idle', 'idle'],
  bootstrapping: ['bootstrapping', 'bootstrapping'],
  'catching-up': ['bootstrapping', 'bootstrapping'],
  live: ['streaming', 'streaming'],
  retrying: ['bootstrapping', 'retrying'],
  paused: ['pausing', 'idle'],
  halted: ['halted', 'idle'],
}

const clock = createVirtualClock()
const now = clock.now()

function tickOf(state: SyncState, freshness: Partial<Status['freshness']> = {}) {
  const none = {
    freshAtUnixMs: undefined,
    staleSinceUnixMs: undefined,
    lastError: undefined,
    nextAttemptAtUnixMs: undefined,
  }
  const progress = { done: 1, total: 4, fraction: 0.25 }
  const status: Status = {
    state,
    role: 'leader',
    pending: [],
    degraded: undefined,
    freshness: { ...none, head: 9, headAtUnixMs: now - 700, ...freshness },
    progress,
  }
  const counts = { lastCursor: 'c', lastTimestamp: 7, lastBatchSize: 2, rows: 30, sinceUnixMs: now - 10_000 }
  const models = new Map([['ns-A', counts]])
  return makeSyncTick({
    status,
    clock,
    models,
    failures: 3,
    reconcileAtUnixMs: now + 60_000,
  })
}

test.each(Object.entries(expected))('[TO27] the state %s is told as %j', (state, [overall, model]) => {
  // The keys of the record above are its states.
  const tick = tickOf(state as SyncState)
  expect([tick.overall.state, tick.models[0]?.status]).toEqual([overall, model])
})

test('[TO27] a tick tells age, progress, throughput, failures and what comes next', () => {
  const retrying = tickOf('retrying', {
    freshAtUnixMs: now - 9_000,
    staleSinceUnixMs: now - 4_000,
    nextAttemptAtUnixMs: now + 1_500,
  })
  expect(retrying).toEqual({
    clock: now,
    overall: {
      state: 'bootstrapping',
      lastSyncedAt: now - 9_000,
      lagMs: 4_000,
      pendingOverlayCount: 0,
      progress: 0.25,
      lastError: undefined,
      head: 9,
      headAtUnixMs: now - 700,
    },
    models: [
      {
        model: 'ns-A',
        status: 'retrying',
        lastCursor: 'c',
        lastTimestamp: 7,
        lastBatchSize: 2,
        consecutiveFailures: 3,
        nextPollInMs: 1_500,
        overlayPending: 0,
        throughputPerSec: 3,
      },
    ],
  })
  expect(tickOf('live', { freshAtUnixMs: now }).models[0]?.nextPollInMs).toBe(60_000)
  expect(tickOf('live', { freshAtUnixMs: now }).overall.lagMs).toBe(0)
  expect(tickOf('bootstrapping').overall.lagMs).toBeUndefined()
})
