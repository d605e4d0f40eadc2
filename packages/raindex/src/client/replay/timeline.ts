import { FreshetError, type Draft, type Row } from '@freshet/core'
import {
  createRaindexProjection,
  envId,
  rowState,
  type EnvRow,
  type OrderbookState,
} from '../../engine/index.ts'
import { orderEvents, type PlacedEvent } from './order-event.ts'
import type { HistoryBlock, HistoryHead, ReplayHistory } from './replay-history.ts'
import type { ReplayScope } from './replay-scope.ts'

/** The place of a block in a timeline, from 0; -1 is the time before the first. */
export type Place = number

/** The values one row has had: from `places[i]` on it is `rows[i]`, which is undefined where it was deleted. */
export type RowVersions = { readonly places: readonly Place[]; readonly rows: readonly (Row | undefined)[] }

/**
 * Every row of an order book at every time of its history.
 *
 * A row keeps its versions, so that the state of any moment is read without
 * folding the history up to it, and any range can be replayed by itself.
 */
export interface Timeline {
  readonly history: ReplayHistory
  readonly blockNumbers: readonly number[]
  readonly timestamps: readonly number[]
  readonly events: readonly (readonly PlacedEvent[])[]
  /** The last block at or before a second. */
  placeAt(second: number): Place
  /**
   * The state after a block.
   *
   * @param at - Read at each look, so that one state can be moved through time.
   * @param onRead - Told the versions of each row that is looked at and was ever there.
   */
  state(
    at: { readonly place: Place; readonly env: EnvRow },
    onRead?: (row: RowVersions) => void,
  ): OrderbookState
  /** Rows of a table that were ever there, by id. */
  rows(table: string): ReadonlyMap<string, RowVersions>
}

/**
 * Reads a history to its end.
 *
 * @param scope - What is remembered of it. Default everything.
 * @throws {FreshetError} `replay/bad-history`: its blocks do not ascend, or lie beyond its head.
 * @throws {RaindexError} `NegativeVaultBalance`: it does not begin at the order book's first block.
 */
export async function readTimeline(
  history: ReplayHistory,
  scope?: ReplayScope,
  signal?: AbortSignal,
): Promise<Timeline> {
  const blockNumbers: number[] = []
  const timestamps: number[] = []
  const events: (readonly PlacedEvent[])[] = []
  const log = createVersionLog(scope)
  const projection = createRaindexProjection(history.orderbook.version)
  projection.apply(log.draft, [{ kind: 'setTokenDecimals', tokens: history.tokens }])
  for await (const block of history.blocks()) {
    signal?.throwIfAborted()
    assertAfter(blockNumbers.at(-1), timestamps.at(-1), block)
    assertKnown(block, history.head)
    log.place = blockNumbers.push(block.number) - 1
    timestamps.push(block.timestamp)
    events.push(keptEvents(block, scope))
    projection.apply(log.draft, block.mutations)
  }
  return {
    history,
    blockNumbers,
    timestamps,
    events,
    placeAt: (second) => lastAtOrBefore(timestamps, second),
    state(at, onRead) {
      const read = (table: string, id: string): Row | undefined => {
        if (table === 'env') return at.env
        const row = log.rows(table).get(id)
        if (row === undefined) return undefined
        onRead?.(row)
        return versionAt(row, at.place)
      }
      return rowState(read, history.wallet)
    },
    rows: (table) => log.rows(table),
  }
}

const noEvents: readonly PlacedEvent[] = []

function keptEvents({ events }: HistoryBlock, scope: ReplayScope | undefined): readonly PlacedEvent[] {
  const own = orderEvents(events)
  const kept = scope === undefined ? own : own.filter((event) => scope.keepsEvent(event))
  return kept.length === 0 ? noEvents : kept
}

/** The value of a row after a block. */
export function versionAt({ places, rows }: RowVersions, place: Place): Row | undefined {
  const last = places.length - 1
  // Most rows change seldom, and most looks are at the end of what has happened to them.
  if (last >= 0 && (places[last] ?? 0) <= place) return rows[last]
  return rows[lastAtOrBefore(places, place)]
}

/** The next block that changes a row; Infinity when none does. */
export function nextChange({ places }: RowVersions, place: Place): Place {
  return places[lastAtOrBefore(places, place) + 1] ?? Infinity
}

/** The index of the last of ascending numbers that is at most `limit`; -1 when there is none. */
export function lastAtOrBefore(ascending: readonly number[], limit: number): number {
  let [low, high] = [0, ascending.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((ascending[middle] ?? Infinity) <= limit) low = middle + 1
    else high = middle
  }
  return low - 1
}

type VersionLog = {
  readonly draft: Draft
  /** The block being written. */
  place: Place
  rows(table: string): ReadonlyMap<string, RowVersions>
}

type OpenVersions = { readonly places: Place[]; readonly rows: (Row | undefined)[] }

function createVersionLog(scope: ReplayScope | undefined): VersionLog {
  const tables = new Map<string, Map<string, OpenVersions>>()
  const tableOf = (table: string): Map<string, OpenVersions> => {
    const known = tables.get(table)
    if (known !== undefined) return known
    const rows = new Map<string, OpenVersions>()
    tables.set(table, rows)
    return rows
  }
  const write = (table: string, id: string, row: Row | undefined): void => {
    // The clock is in the columns of the blocks.
    if (id === envId && table === 'env') return
    if (scope?.keepsRow(table, id) === false) {
      if (row === undefined) tableOf(table).delete(id)
      else tableOf(table).set(id, { places: [log.place], rows: [row] })
      return
    }
    const versions = tableOf(table).get(id) ?? { places: [], rows: [] }
    tableOf(table).set(id, versions)
    const last = versions.places.length - 1
    if (last >= 0 && isSame(table, versions.rows[last], row)) return
    if (versions.places[last] === log.place) {
      versions.rows[last] = row
      return
    }
    versions.places.push(log.place)
    versions.rows.push(row)
  }
  const log: VersionLog = {
    place: -1,
    draft: {
      get: (table, id) => tableOf(table).get(id)?.rows.at(-1),
      put: write,
      delete: (table, id) => write(table, id, undefined),
    },
    rows: (table) => tableOf(table),
  }
  return log
}

/** Whether a write changes nothing: a word set to what it is, an order added that is there. */
function isSame(table: string, before: Row | undefined, after: Row | undefined): boolean {
  if (before === undefined || after === undefined) return before === after
  switch (table) {
    case 'store':
      return before['value'] === after['value']
    case 'vaults':
      return before['balance'] === after['balance']
    case 'orders':
      // The id is the hash of all else.
      return true
    default:
      return false
  }
}

function assertAfter(number: number | undefined, timestamp: number | undefined, block: HistoryBlock): void {
  if (number === undefined || timestamp === undefined) return
  if (block.number > number && block.timestamp >= timestamp) return
  throw badHistory(
    `Block ${block.number} of ${block.timestamp} follows block ${number} of ${timestamp}. Give blocks in their order, each once.`,
  )
}

function assertKnown({ number, timestamp }: HistoryBlock, head: HistoryHead): void {
  if (number <= head.number && timestamp <= head.timestamp) return
  throw badHistory(`Block ${number} is beyond ${head.number}, the head. Give the newest block as the head.`)
}

function badHistory(message: string): FreshetError {
  return new FreshetError({ code: 'replay/bad-history', kind: 'protocol', message })
}
