import { FreshetError, type ErrorKind } from '@freshet/core'
import type { Order, OrderPair } from '../../../engine/index.ts'
import type { ReplayMoment } from '../inspect-moment.ts'
import type { Replay, ReplayProgress, ReplayRun, RunPart } from '../open-replay.ts'
import type { ReplayRequest, ReplaySubject } from '../replay-request.ts'

/** What a worker is asked. Each call has a number, which its answers carry. */
export type ToReplayWorker =
  | { readonly kind: 'open'; readonly call: number; readonly book: unknown }
  | { readonly kind: 'run'; readonly call: number; readonly request: ReplayRequest; readonly part: RunPart }
  | {
      readonly kind: 'inspect'
      readonly call: number
      readonly subject: ReplaySubject & OrderPair
      readonly second: number
    }
  | { readonly kind: 'cancel'; readonly call: number }

/** What a worker says about a book it has opened. */
export type OpenedBook = { readonly range: Replay['range']; readonly orders: readonly Order[] }

export type FromReplayWorker =
  | { readonly kind: 'progress'; readonly call: number; readonly progress: ReplayProgress }
  | { readonly kind: 'done'; readonly call: number; readonly value: OpenedBook | ReplayRun | ReplayMoment }
  | { readonly kind: 'failed'; readonly call: number; readonly error: PlainError }

/** An error as data: its class does not cross to another thread. */
export type PlainError = {
  readonly code: `${string}/${string}`
  readonly errorKind: ErrorKind
  readonly message: string
}

export function toPlainError(error: unknown): PlainError {
  if (error instanceof FreshetError) {
    return { code: error.code, errorKind: error.kind, message: error.message }
  }
  const message = error instanceof Error ? error.message : String(error)
  return { code: 'replay/worker-fault', errorKind: 'internal', message }
}

export function fromPlainError({ code, errorKind, message }: PlainError): FreshetError {
  return new FreshetError({ code, kind: errorKind, message })
}
