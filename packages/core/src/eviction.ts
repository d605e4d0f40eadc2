import type { Coverage } from './coverage.ts'
import { releaseRows } from './release-rows.ts'
import type { Replica } from './replica.ts'
import { isRecord, Tagged, type Row, type Value } from './value.ts'

export type EvictionOptions<F> = {
  readonly replica: Replica<F>
  readonly table: string
  /** What rows read on demand may take in memory, estimated. Default 64 MB [R9]. */
  readonly maxBytes?: number | undefined
  /** Results read longer ago than this leave when `expire` is called. Default 30 days. */
  readonly maxAgeMs?: number | undefined
  /** Whether a row is on screen or being edited, and so stays. */
  isPinned(id: string): boolean
  /** Whether a whole result is on screen, and so stays. */
  isOpen(coverageKey: string): boolean
}

/** Keeps what was read on demand within bounds: the least recently used result goes first [R9]. */
export interface Eviction {
  /** A result was served; it is now the most recently used. */
  used(coverageKey: string): void
  /** Releases results until the rest fits; returns how many rows left. */
  shrink(): number
  /** Releases results that are too old to keep; returns how many rows left. */
  expire(nowUnixMs: number): number
}

const dayMs = 86_400_000

/** Rows looked at to estimate the size of all. */
const sampleRows = 64

export function createEviction<F>(options: EvictionOptions<F>): Eviction {
  const { replica, table, isPinned, isOpen } = options
  const { maxBytes = 64 * 1024 * 1024, maxAgeMs = 30 * dayMs } = options
  const collection = replica.collection(table)
  const usedAt = new Map<string, number>()
  let uses = 0

  const closed = (): Coverage[] =>
    replica.coverages.ofTable(table).filter(({ key, ids }) => ids !== undefined && !isOpen(key))
  /** Of these rows, those that neither a result that stays nor a person holds. */
  const unneeded = (ids: Iterable<string>, leaving: readonly Coverage[]): string[] => {
    const staying = replica.coverages.ofTable(table).filter((coverage) => !leaving.includes(coverage))
    const named = new Set(staying.flatMap((coverage) => coverage.ids ?? []))
    return [...ids].filter((id) => !named.has(id) && !isPinned(id))
  }
  const release = (leaving: readonly Coverage[]): number => {
    for (const { key } of leaving) usedAt.delete(key)
    const ids = new Set(leaving.flatMap((coverage) => coverage.ids ?? []))
    const keys = leaving.map(({ key }) => key)
    return releaseRows(replica, table, keys, unneeded(ids, leaving))
  }

  return {
    used(coverageKey) {
      usedAt.set(coverageKey, ++uses)
    },
    shrink() {
      // A collection that is held whole is bounded by `maxRows` instead.
      if (collection.complete) return 0
      const bytesPerRow = averageBytes(collection.entries())
      const oldestFirst = closed().sort((a, b) => (usedAt.get(a.key) ?? 0) - (usedAt.get(b.key) ?? 0))
      const fits = (): boolean => collection.size * bytesPerRow <= maxBytes
      // First the rows that came by themselves and that no result names.
      let released = fits() ? 0 : releaseRows(replica, table, [], unneeded(collection.ids(), []))
      for (const coverage of oldestFirst) {
        if (fits()) break
        released += release([coverage])
      }
      return released
    },
    expire(nowUnixMs) {
      return release(closed().filter(({ fetchedAtUnixMs }) => fetchedAtUnixMs < nowUnixMs - maxAgeMs))
    },
  }
}

function averageBytes(entries: Iterable<[string, Row]>): number {
  let rows = 0
  let bytes = 0
  for (const [id, row] of entries) {
    bytes += 2 * id.length + approximateBytes(row)
    if (++rows === sampleRows) break
  }
  return rows === 0 ? 0 : bytes / rows
}

/** About what a value takes on the heap of V8: a pointer or number is 8 bytes, an object 24 more. */
export function approximateBytes(value: Value): number {
  return bytesAt(value, 0)
}

function bytesAt(value: Value, depth: number): number {
  if (typeof value === 'string') return 16 + value.length
  if (value instanceof Uint8Array) return 80 + value.byteLength
  if (value instanceof Tagged) return 48 + value.text.length
  if (value instanceof Date) return 48
  if (depth > 20) return 24
  const members = isRecord(value) ? Object.values(value) : isList(value) ? value : []
  return members.reduce<number>((sum, member) => sum + bytesAt(member, depth + 1), 24 + 8 * members.length)
}

function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value)
}
