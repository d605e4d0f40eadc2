import type { MasterEntry, RowPage } from '../master.ts'

/** The two ways of reading rows in the order of their ids. */
export type WalkReads = {
  /** Rows by their place in the table: cheap, but places shift when rows come and go. */
  byPlace(start: number, limit: number, signal?: AbortSignal): Promise<MasterEntry[]>
  /** Rows after an id: exact, but SurrealDB 3.0 reads the table to its end before it takes the limit. */
  afterId(id: string, limit: number, signal?: AbortSignal): Promise<MasterEntry[]>
}

/** Rows read beyond the place expected on either side, so that a few that came or went are no matter. */
const margin = 32

/** Places of walks that are remembered. */
const maxPlaces = 64

/**
 * Pages of a table by id, each from a single statement.
 *
 * Where the last page ended is remembered by place and looked for by id: found,
 * the rows behind it in the same statement are the rows after that id, whatever
 * changed before. Not found, the rows are asked for by id.
 */
export function createWalk(
  reads: WalkReads,
): (after: string | undefined, limit: number, signal?: AbortSignal) => Promise<RowPage> {
  /** How many rows there were up to and including an id. */
  const places = new Map<string, number>()

  const remember = (id: string, place: number): void => {
    const [oldest] = places.keys()
    if (places.size >= maxPlaces && oldest !== undefined) places.delete(oldest)
    places.set(id, place)
  }
  /** The rows behind `after`, looked for around its place; `undefined` when they cannot be told so. */
  const around = async (
    after: string,
    place: number,
    limit: number,
    signal: AbortSignal | undefined,
  ): Promise<MasterEntry[] | undefined> => {
    const start = Math.max(0, place - 1 - margin)
    const asked = place - start + limit + 1 + margin
    const rows = await reads.byPlace(start, asked, signal)
    const at = rows.findIndex(([id]) => id === after)
    const behind = rows.slice(at + 1)
    const isCutOff = behind.length <= limit && rows.length === asked
    return at === -1 || isCutOff ? undefined : behind
  }
  const rowsAfter = async (
    after: string | undefined,
    limit: number,
    signal: AbortSignal | undefined,
  ): Promise<MasterEntry[]> => {
    if (after === undefined) return reads.byPlace(0, limit + 1, signal)
    const place = places.get(after)
    const found = place === undefined ? undefined : await around(after, place, limit, signal)
    return found ?? reads.afterId(after, limit + 1, signal)
  }

  return async (after, limit, signal) => {
    const found = await rowsAfter(after, limit, signal)
    const rows = found.slice(0, limit)
    const next = found.length > limit ? rows.at(-1)?.[0] : undefined
    if (next === undefined) return { rows }
    const place = after === undefined ? 0 : (places.get(after) ?? 0)
    remember(next, place + rows.length)
    return { rows, next }
  }
}
