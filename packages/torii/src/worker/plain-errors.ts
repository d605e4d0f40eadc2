import { FreshetError } from '@freshet/core'
import {
  SchemaMismatchError,
  SyncFatalError,
  TargetQuarantinedError,
  ToriiEpochChangedError,
  ToriiVersionChangedError,
  type OverlayTimeoutError,
  type ReactiveError,
} from '../client/errors.ts'
import type { SyncTick } from '../client/sync-tick.ts'

/** A `FreshetError` as data: an error that crosses to another thread loses its class. */
export type PlainFault = Pick<FreshetError, 'code' | 'kind' | 'retryable' | 'message'>

/** What a synchroniser tells on the `errors` stream, as data. */
export type PlainError =
  | {
      readonly name: 'SchemaMismatchError'
      readonly fault: PlainFault
      readonly manifestHash: string
      readonly storedHash: string
    }
  | {
      readonly name: 'ToriiVersionChangedError'
      readonly fault: PlainFault
      readonly previous: string
      readonly current: string
    }
  | {
      readonly name: 'ToriiEpochChangedError'
      readonly fault: PlainFault
      readonly previous: number
      readonly current: number
    }
  | {
      readonly name: 'TargetQuarantinedError'
      readonly fault: PlainFault
      readonly table: string
      readonly reason: PlainFault
    }
  | {
      readonly name: 'SyncFatalError'
      readonly fault: PlainFault
      readonly reason: PlainFault
      readonly lastTick: SyncTick
    }

/** Pending changes stay in the application's thread, and so do their errors. */
export type SyncError = Exclude<ReactiveError, OverlayTimeoutError>

export function toPlainError(error: SyncError): PlainError {
  const fault = toPlainFault(error)
  switch (error.name) {
    case 'SchemaMismatchError':
      return { name: error.name, fault, manifestHash: error.manifestHash, storedHash: error.storedHash }
    case 'ToriiVersionChangedError':
      return { name: error.name, fault, previous: error.previous, current: error.current }
    case 'ToriiEpochChangedError':
      return { name: error.name, fault, previous: error.previous, current: error.current }
    case 'TargetQuarantinedError':
      return { name: error.name, fault, table: error.table, reason: toPlainFault(error.reason) }
    case 'SyncFatalError':
      return { name: error.name, fault, reason: toPlainFault(error.reason), lastTick: error.lastTick }
  }
}

export function fromPlainError(plain: PlainError): SyncError {
  const { message } = plain.fault
  switch (plain.name) {
    case 'SchemaMismatchError':
      return Object.assign(new SchemaMismatchError('', plain.manifestHash, plain.storedHash), { message })
    case 'ToriiVersionChangedError':
      return Object.assign(new ToriiVersionChangedError(plain.previous, plain.current), { message })
    case 'ToriiEpochChangedError':
      return Object.assign(new ToriiEpochChangedError(plain.previous, plain.current), { message })
    case 'TargetQuarantinedError':
      return new TargetQuarantinedError(plain.table, new FreshetError(plain.reason))
    case 'SyncFatalError':
      return new SyncFatalError(new FreshetError(plain.reason), plain.lastTick)
  }
}

export function toPlainFault({ code, kind, retryable, message }: FreshetError): PlainFault {
  return { code, kind, retryable, message }
}
