import {
  createIntake,
  createReplica,
  createSync,
  type Log,
  type Projection,
  type Random,
  type StatusCell,
  type Sync,
} from '@freshet/core'
import { createChainRecorder, type ChainSourceOptions } from './chain-source.ts'
import type { Ledger } from './ledger.ts'

export type BookSyncOptions = ChainSourceOptions & {
  readonly ledger: Ledger
  readonly random?: Random | undefined
  readonly log?: Log | undefined
}

/** Keeps a ledger, such as an order book's part of a local database, equal to its chain. */
export type BookSync = Pick<Sync, 'start' | 'stop' | 'pause'> & {
  /** How far it is and what it waits for: `live` once the ledger has reached the chain's head. */
  readonly status: StatusCell
}

/** The ledger keeps all there is to keep, so that the replica of the sync loop has no rows. */
const nothing: Projection<never> = { keys: () => [], apply: () => undefined }

/**
 * Fills a ledger from a chain until stopped, through the one sync loop: retries, backoff, progress and halts are its.
 *
 * Who reads the ledger is told of news by `onNotice`.
 */
export function createBookSync(options: BookSyncOptions): BookSync {
  const { orderbook, clock, random, log } = options
  const replica = createReplica<never>({
    name: `ledger:${orderbook.address}`,
    tables: [],
    intake: createIntake({ projection: nothing }),
    clock,
    log,
  })
  const sync = createSync({ replica, source: createChainRecorder(options), clock, random, log })
  return { start: sync.start, stop: sync.stop, pause: sync.pause, status: replica.status }
}
