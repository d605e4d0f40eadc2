import {
  noTelemetry,
  silentLog,
  systemClock,
  systemRandom,
  filterKey,
  type Clock,
  type Log,
  type Random,
  type Store,
  type StoreTable,
  type TabEnvironment,
  type Telemetry,
} from '@freshet/core'
import type { Cache } from './cache.ts'
import { allLiveRules, type LiveRules, type LiveSettings } from './live-settings.ts'
import type { ReadMode } from './live-reads.ts'
import type { LiveStream } from './live-stream.ts'
import { fingerprint } from './master-shape.ts'
import type { Master } from './master.ts'

export type LiveTableOptions = {
  /**
   * Names what is kept. Tables that show different rows need different keys.
   * Default: the master's name, with a fingerprint of its filter where it has one.
   */
  readonly cacheKey?: string | undefined
  /** Hold the whole table, so that every query is answered locally. Default false: results are read on demand. */
  readonly preload?: boolean | undefined
  /** How reads are answered unless they say otherwise. Default `cache-first`. */
  readonly mode?: ReadMode | undefined
  /** Events from elsewhere, instead of the master's own watch. */
  readonly liveStream?: LiveStream | undefined
  /** Where writes go instead of the master. Rows read stay the master's, so a write does not show in them. */
  readonly customWriteTarget?: Master | undefined
  /** Whether a write to the custom target makes everything be read again. Default false. */
  readonly invalidateOnCustomWrite?: boolean | undefined
  /** `rows`: a write or event touches what it names. `prefix`: it makes everything be read again. Default `rows`. */
  readonly invalidation?: 'rows' | 'prefix' | undefined
  /** Rows the master gives at most in one page, for those who page by it. Kept, not used. */
  readonly masterIpp?: number | undefined
  /** Writes that may wait before a writer must. Default 256. */
  readonly writeCapacity?: number | undefined
  /**
   * Whether writes wait for a master out of reach. Default: as there is a store
   * to keep them. If not, they fail.
   */
  readonly offlineWrites?: boolean | undefined
  /** How long a first read waits for the connection before it goes on without. Default 5,000. */
  readonly connectWaitMs?: number | undefined
  /** How long `close` waits for accepted writes to be sent. Default 5,000. */
  readonly drainMs?: number | undefined
  /** How often everything is held to be old where the master may miss to push. Default 60,000. */
  readonly reconcileMs?: number | undefined
  /**
   * Whether anyone looks, such as `() => document.visibilityState === 'visible'`. While not,
   * nothing is read again for that; it is soon after someone does. Default: someone does.
   */
  readonly isLookedAt?: (() => boolean) | undefined
  /** What rows read on demand may take in memory, estimated. Default 64 MB; the least recently used leave first. */
  readonly maxBytes?: number | undefined
  /** Results that were read longer ago than this are not taken over from the store. Default 30 days. */
  readonly maxAgeMs?: number | undefined
  readonly clock?: Clock | undefined
  readonly random?: Random | undefined
  readonly log?: Log | undefined
  readonly telemetry?: Telemetry | undefined
  /** Only for convergence runs. */
  readonly rules?: LiveRules | undefined
}

export type OpenLiveTableOptions = LiveTableOptions & {
  /** Where rows and writes survive a restart: opened with the given tables, and closed with the live table. */
  readonly store?: ((tables: readonly StoreTable[]) => Promise<Store>) | undefined
  /** A cache shared by several tables, instead of a store. */
  readonly cache?: Cache | undefined
  /**
   * The tabs of the browser that open the same table on the same store: one of
   * them talks to the remote, the others follow it and hand it their writes. Needs `preload`.
   * In a browser: `{ locks: navigator.locks, openChannel: (name) => new BroadcastChannel(name) }`.
   */
  readonly tabs?: TabEnvironment | undefined
  /** What a store that cannot be opened means. Default `degrade`: the table works in memory and says so. */
  readonly onStoreFault?: 'degrade' | 'fail' | undefined
}

export function liveSettings(master: Master, options: LiveTableOptions, durable: boolean): LiveSettings {
  return {
    cacheKey: options.cacheKey ?? defaultCacheKey(master),
    preload: options.preload ?? false,
    liveStream: options.liveStream,
    customWriteTarget: options.customWriteTarget,
    invalidateOnCustomWrite: options.invalidateOnCustomWrite ?? false,
    invalidation: options.invalidation ?? 'rows',
    writeCapacity: options.writeCapacity ?? 256,
    waitsForMaster: options.offlineWrites ?? durable,
    connectWaitMs: options.connectWaitMs ?? 5_000,
    drainMs: options.drainMs ?? 5_000,
    reconcileMs: options.reconcileMs ?? 60_000,
    isLookedAt: options.isLookedAt,
    maxBytes: options.maxBytes ?? 64 * 1024 * 1024,
    maxAgeMs: options.maxAgeMs ?? 30 * 86_400_000,
    rules: options.rules ?? allLiveRules,
    clock: options.clock ?? systemClock,
    random: options.random ?? systemRandom,
    log: options.log ?? silentLog,
    telemetry: options.telemetry ?? noTelemetry,
  }
}

/** The name, and which of its rows where not all. A schema that changes keeps the key, and so what waits to be sent. */
function defaultCacheKey({ name, filter }: Master): string {
  return filter === undefined ? name : `${name}-${fingerprint(filterKey(filter))}`
}
