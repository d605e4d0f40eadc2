import type { ArtifactId } from '../engine/index.ts'

/**
 * - `Idle`: nothing to do; everything is there.
 * - `Syncing`: the last poll brought changes or code.
 * - `PendingArtifacts`: changes or orders wait for code.
 * - `Errored`: code or changes were refused; nothing moves until `reset`.
 */
export type LivePhase = 'Idle' | 'Syncing' | 'PendingArtifacts' | 'Errored'

/** What to tell people. */
export type Advisory = 'WarmingUp' | 'Ready' | { readonly Degraded: { readonly reason: string } }

export type LiveStatus = {
  readonly phase: LivePhase
  readonly pending: {
    /** In the order in which they were first missed. */
    readonly artifacts: readonly ArtifactId[]
  }
  readonly advisories: readonly Advisory[]
  /** The last poll or its saving failed: what is shown may be behind. */
  readonly stale: boolean
}

/** What one poll did. */
export type SyncProgress = {
  /** Envelopes applied, those that had waited included. */
  readonly appliedBatches: number
  /** Mutations in them, batches counted as one. */
  readonly mutationCount: number
  /** Pieces of code in the poll. */
  readonly cachedArtifacts: number
  /** Envelopes that wait now. */
  readonly deferredMutations: number
}

/** An advisory in words. */
export function advisoryText(advisory: Advisory): string {
  if (advisory === 'WarmingUp') return 'warming up'
  return advisory === 'Ready' ? 'ready' : `degraded: ${advisory.Degraded.reason}`
}
