import type { Clock, Log, Random, ReplicaOptions, RowFact, Telemetry } from '@freshet/core'
import type { LiveStream } from './live-stream.ts'
import type { Master } from './master.ts'

/** The one table of a live table's replica. */
export const rowsTable = 'rows'

/** Rules a convergence run can switch off, to show that it would notice. All are on outside of such a run. */
export type LiveRules = {
  /** The rules of the kernel. */
  readonly kernel?: ReplicaOptions<RowFact>['rules']
  /** LT18: what a change of a row does to a result. */
  readonly upkeep: boolean
  /** LT7: changes that a read crossed are looked at when it arrives. */
  readonly crossedReads: boolean
  /** LT19: results of the connection before are read again. */
  readonly staleResults: boolean
}

export const allLiveRules: LiveRules = { upkeep: true, crossedReads: true, staleResults: true }

/** The options of a live table with nothing left out. */
export type LiveSettings = {
  readonly cacheKey: string
  readonly preload: boolean
  readonly liveStream: LiveStream | undefined
  readonly customWriteTarget: Master | undefined
  readonly invalidateOnCustomWrite: boolean
  readonly invalidation: 'rows' | 'prefix'
  readonly writeCapacity: number
  readonly waitsForMaster: boolean
  readonly connectWaitMs: number
  readonly drainMs: number
  readonly reconcileMs: number
  readonly isLookedAt: (() => boolean) | undefined
  readonly rules: LiveRules
  readonly maxBytes: number
  readonly maxAgeMs: number
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly telemetry: Telemetry
}
