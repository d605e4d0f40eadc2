import type { Query, Row, StoreRecord } from '@freshet/core'
import type { ReactiveClientOptions } from '../client/client-options.ts'
import type { SyncTick } from '../client/sync-tick.ts'
import type { ModelSchema } from '../schema/model-type.ts'
import type { SyncTarget } from '../sync/sync-target.ts'
import type { PlainError, PlainFault } from './plain-errors.ts'

/** What a worker is told to synchronise: those of the options that are plain data, as it crosses to another thread. */
export type SyncInit = Pick<ReactiveClientOptions, SyncInitOption> & {
  /** Name of the IndexedDB database, or path of the SQLite file. Default: memory alone. */
  readonly database?: string | undefined
}

type SyncInitOption =
  | ('toriiUrl' | 'manifest' | 'worldAddress' | 'models' | 'targets' | 'indexes')
  | ('pageSize' | 'reconcileMs' | 'silenceMs' | 'pollMs' | 'stallMs' | 'backoff' | 'maxRows' | 'backPressure')

/** What the application's thread tells the worker. */
export type ToSyncWorker =
  /**
   * The first message. The worker needs the whole manifest; its hash shows that both sides understand it alike.
   * `rows` is false for one that only keeps the durable copy.
   */
  | {
      readonly kind: 'INIT'
      readonly init: SyncInit
      readonly manifestHash: string
      readonly rows: boolean
    }
  /** A batch of rows was taken; another may be sent. */
  | { readonly kind: 'CREDIT' }
  | { readonly kind: 'REQUEST'; readonly id: number; readonly request: SyncRequest }
  /** Stop, close the store, and say so. */
  | { readonly kind: 'SHUTDOWN' }

/** What is asked of a worker while it runs. */
export type SyncRequest =
  | { readonly ask: 'pause' }
  | { readonly ask: 'resume' }
  | { readonly ask: 'reset' }
  | { readonly ask: 'prune' }
  | { readonly ask: 'changed-by'; readonly model: string; readonly entityId: string }
  | { readonly ask: 'add-target'; readonly target: SyncTarget }
  | { readonly ask: 'remove-target'; readonly table: string }
  /** The first rows of a query, from the disk, though they are not loaded yet. */
  | { readonly ask: 'first-window'; readonly model: string; readonly query: Query }

/** What the worker tells. */
export type FromSyncWorker =
  | { readonly kind: 'INIT_ACK'; readonly manifestHash: string }
  | { readonly kind: 'SCHEMAS'; readonly schemas: readonly ModelSchema[] }
  | RowBatch
  /** All that is known so far was sent, and it is a consistent state; or why there will be none. */
  | { readonly kind: 'READY'; readonly fault?: PlainFault | undefined }
  | { readonly kind: 'SYNC_TICK'; readonly tick: SyncTick }
  /** What the host should know or decide. */
  | { readonly kind: 'SYNC_ERROR'; readonly error: PlainError }
  /** The connection was lost; it is made again by itself. */
  | { readonly kind: 'SYNC_ERROR'; readonly fault: PlainFault; readonly retryInMs: number }
  /** Synchronising has stopped and needs the host. */
  | { readonly kind: 'SYNC_FATAL'; readonly error: PlainError }
  | { readonly kind: 'REPLY'; readonly id: number; readonly reply: SyncReply }
  /** Everything is closed. */
  | { readonly kind: 'SHUTDOWN' }

/** Rows as they are now, at most so many that taking them does not hold up the thread that shows them. */
export type RowBatch = {
  readonly kind: 'ROWS'
  /** Everything that was told before is dropped first. */
  readonly reset: boolean
  readonly changes: readonly TableRows[]
  /** Of which tables everything is told from here on, or is not any more. */
  readonly complete: { readonly [table: string]: boolean }
}

export type TableRows = {
  readonly table: string
  readonly ids: readonly string[]
  /** In the order of `ids`; `null` for a row that is gone. */
  readonly rows: readonly (Row | null)[]
}

/** Records for a first window, a hash for `changed-by`, nothing for what is only done. */
export type SyncAnswer = readonly StoreRecord[] | string | undefined

export type SyncReply =
  | { readonly kind: 'done'; readonly value?: SyncAnswer }
  | { readonly kind: 'failed'; readonly error: PlainFault }
