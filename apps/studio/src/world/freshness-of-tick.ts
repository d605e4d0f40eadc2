import type { SyncState } from '@freshet/core'
import type { SyncTick } from '@freshet/torii'
import type { ShownStatus } from '../strip/describe-freshness.ts'

/** What a tick says of freshness, as all strips tell it. */
export function freshnessOfTick({ clock, overall, models }: SyncTick): ShownStatus {
  const { lastSyncedAt, lagMs = 0, lastError, progress } = overall
  const state = stateOf(overall, models)
  const waits = models.map(({ nextPollInMs }) => nextPollInMs)
  return {
    state,
    progress: { fraction: progress },
    freshness: {
      freshAtUnixMs: lastSyncedAt,
      staleSinceUnixMs: lagMs > 0 ? clock - lagMs : undefined,
      nextAttemptAtUnixMs: state === 'retrying' ? clock + Math.min(...waits) : undefined,
      lastError,
    },
  }
}

function stateOf(overall: SyncTick['overall'], models: SyncTick['models']): SyncState {
  switch (overall.state) {
    case 'streaming':
      return 'live'
    case 'bootstrapping':
      if (models.some(({ status }) => status === 'retrying')) return 'retrying'
      return overall.lastSyncedAt === undefined ? 'bootstrapping' : 'catching-up'
    case 'pausing':
      return 'paused'
    case 'idle':
    case 'halted':
      return overall.state
  }
}
