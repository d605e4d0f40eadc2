import type { Replica } from '@freshet/core'
import { SchemaMismatchError, SyncFatalError, type ReactiveError } from './errors.ts'
import { readCheckpoint } from '../sync/checkpoint.ts'
import type { SyncStatus } from './sync-status.ts'

/** Resolves with the first consistent state; rejects when synchronising halts before. */
export function whenReady(replica: Replica, tables: readonly string[]): Promise<void> {
  const ready = new Promise<void>((resolve, reject) => {
    const look = (): boolean => {
      const { state, role, freshness } = replica.status.get()
      // The leader tells that it is fresh before what it has read is committed and seen here.
      const isHere = role === 'leader' || tables.every((table) => replica.collection(table).complete)
      if (freshness.freshAtUnixMs !== undefined && isHere) resolve()
      else if (state === 'halted') reject(freshness.lastError)
      else return false
      return true
    }
    if (look()) return
    const stop = replica.status.subscribe(() => {
      if (look()) stop()
    })
  })
  // Nobody has to wait for it.
  ready.catch(() => {})
  return ready
}

/** Tells each halt that was not told already. Returns how to stop. */
export function reportHalts(
  replica: Replica,
  status: Pick<SyncStatus, 'get'>,
  emit: (error: ReactiveError) => void,
): () => void {
  let halted = false
  return replica.status.subscribe(({ state, freshness: { lastError } }) => {
    const isNew = state === 'halted' && !halted
    halted = state === 'halted'
    if (isNew && lastError && !(lastError instanceof SchemaMismatchError))
      emit(new SyncFatalError(lastError, status.get()))
  })
}

/**
 * Tells where a tab that follows is shown rows of another manifest, as of a page
 * of another release: only who synchronises compares them itself. Returns how to stop.
 */
export function reportForeignRows(
  replica: Replica,
  manifestHash: string,
  emit: (error: ReactiveError) => void,
): () => void {
  let told = manifestHash
  return replica.status.subscribe(({ role }) => {
    const storedUnder = readCheckpoint(replica.checkpoint)?.manifestHash
    if (role === 'leader' || storedUnder === undefined || storedUnder === told) return
    told = storedUnder
    if (storedUnder !== manifestHash)
      emit(new SchemaMismatchError('Another tab has another manifest', manifestHash, storedUnder))
  })
}
