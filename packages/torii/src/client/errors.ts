import { FreshetError } from '@freshet/core'
import type { SyncTick } from './sync-tick.ts'

/**
 * What is stored was written under another schema: the manifest at hand differs,
 * or the world was upgraded on chain. What is held stays readable and nothing is
 * synchronised until the host calls `reset()`.
 */
export class SchemaMismatchError extends FreshetError {
  override readonly name = 'SchemaMismatchError'
  /** What is expected now. */
  readonly manifestHash: string
  /** What the stored rows were written under. */
  readonly storedHash: string

  constructor(what: string, manifestHash: string, storedHash: string) {
    super({
      code: 'torii/schema-mismatch',
      kind: 'conflict',
      message: `${what}: rows were stored under ${storedHash}, now it is ${manifestHash}. They stay readable; call reset() to drop them and read the world again.`,
    })
    this.manifestHash = manifestHash
    this.storedHash = storedHash
  }
}

/** The server runs another release than the one the rows came from. Synchronising goes on. */
export class ToriiVersionChangedError extends FreshetError {
  override readonly name = 'ToriiVersionChangedError'
  readonly previous: string
  readonly current: string

  constructor(previous: string, current: string) {
    super({
      code: 'torii/version-changed',
      kind: 'remote',
      retryable: true,
      message: `The Torii was updated from ${previous} to ${current}. Nothing needs to be done; reset() reads everything anew if in doubt.`,
    })
    this.previous = previous
    this.current = current
  }
}

/** The indexer began anew and may not have read the whole chain yet. Everything is compared with it. */
export class ToriiEpochChangedError extends FreshetError {
  override readonly name = 'ToriiEpochChangedError'
  /** When the indexer had begun, in Unix seconds. */
  readonly previous: number
  readonly current: number

  constructor(previous: number, current: number) {
    super({
      code: 'torii/epoch-changed',
      kind: 'remote',
      retryable: true,
      message: `The indexer began anew at ${current} (before: ${previous}, Unix seconds). Everything is read again; entities it has not reached yet are missing for a while.`,
    })
    this.previous = previous
    this.current = current
  }
}

/**
 * A model, or a kind of record, cannot be read and is left out; everything else
 * goes on. What was held of it stays readable. `resume()` after `pause()` tries it again.
 */
export class TargetQuarantinedError extends FreshetError {
  override readonly name = 'TargetQuarantinedError'
  /** A tag, or a kind of record such as `tokens`. */
  readonly table: string
  readonly reason: FreshetError

  constructor(table: string, reason: FreshetError) {
    super({
      code: 'torii/target-quarantined',
      kind: reason.kind,
      message: `${table} cannot be read and is left out: ${reason.message} Leave it out of what is synchronised, or mend it and call pause() and resume().`,
      cause: reason,
    })
    this.table = table
    this.reason = reason
  }
}

/** Synchronising has stopped and needs the host; `reason` says why. What is held stays readable. */
export class SyncFatalError extends FreshetError {
  override readonly name = 'SyncFatalError'
  readonly reason: FreshetError
  readonly lastTick: SyncTick

  constructor(reason: FreshetError, lastTick: SyncTick) {
    super({
      code: 'torii/sync-fatal',
      kind: reason.kind,
      message: `Synchronising has stopped: ${reason.message}`,
      cause: reason,
    })
    this.reason = reason
    this.lastTick = lastTick
  }
}

/** A pending change did not show in the world in time and was undone. */
export class OverlayTimeoutError extends FreshetError {
  override readonly name = 'OverlayTimeoutError'
  readonly transactionId: string
  readonly entityId: string
  readonly guardDescription: string

  constructor(transactionId: string, entityId: string, guardDescription: string) {
    super({
      code: 'torii/overlay-timeout',
      kind: 'remote',
      message: `Transaction ${transactionId} on entity ${entityId} did not show in time (${guardDescription}) and was undone here. Whether the chain took it is not known: look before it is sent again.`,
    })
    this.transactionId = transactionId
    this.entityId = entityId
    this.guardDescription = guardDescription
  }
}

/** What is told on the `errors` stream. */
export type ReactiveError =
  | SchemaMismatchError
  | ToriiVersionChangedError
  | ToriiEpochChangedError
  | TargetQuarantinedError
  | SyncFatalError
  | OverlayTimeoutError
