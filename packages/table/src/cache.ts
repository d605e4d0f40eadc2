import type { Row, Store, StoreTable } from '@freshet/core'

/** What a cache says about one key. */
export type CachedRows = {
  /** Rows by id, in order. */
  readonly rows: ReadonlyMap<string, Row>
  readonly fetchedAtUnixMs: number
}

/**
 * Where live tables keep what they have read.
 *
 * Keys are paths such as `clients/page_1` and `clients/id/marty`; the first
 * segment is the cache key of a table. It is a view of the rows and results
 * that the tables keep, for looking and for tests: `page_1` and `page_2` share
 * the rows they have in common.
 */
export interface Cache {
  get(key: string): Promise<CachedRows | undefined>
  put(key: string, cached: CachedRows): Promise<void>
  /**
   * Forgets what lies under a key, whole segments only: `client` does not touch
   * `clients/page_1`. The empty prefix is everything.
   */
  invalidatePrefix(prefix: string): Promise<void>
  /**
   * Gives a live table the store of its cache key; `undefined` where nothing is kept.
   *
   * @throws {FreshetError} `table/cache-key-busy`: a live table of this key is open; `storage/*`.
   */
  claim(cacheKey: string, tables: readonly StoreTable[]): Promise<CacheClaim | undefined>
  /** Releases everything that is not claimed. */
  close(): Promise<void>
}

export type CacheClaim = {
  readonly store: Store
  /** Lets the cache answer for the keys of this table from what the table has in memory. */
  attach(pages: CachedPages): void
  /** Closes the store. */
  release(): Promise<void>
}

/** The keys of one table, without its cache key. */
export type CachedPages = {
  get(key: string): CachedRows | undefined
  put(key: string, cached: CachedRows): void
  invalidate(prefix: string): void
  flushed(): Promise<void>
}

/** A caller's text as one segment of a key. */
export function keySegment(text: string): string {
  return text.replaceAll(/[%/|]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`)
}

/** The key of a page of the table, as the cache shows it. */
export function pageCacheKey(cacheKey: string, page: number): string {
  return `${keySegment(cacheKey)}/page_${page}`
}

/** The key of a row of the table, as the cache shows it. */
export function idCacheKey(cacheKey: string, id: string): string {
  return `${keySegment(cacheKey)}/id/${keySegment(id)}`
}

/** The table's part of a key, and the rest. */
export function splitKey(key: string): { readonly root: string; readonly sub: string } {
  const at = key.indexOf('/')
  return at < 0 ? { root: key, sub: '' } : { root: key.slice(0, at), sub: key.slice(at + 1) }
}

/** Whether a key lies under a prefix, counted in whole segments. */
export function isUnder(key: string, prefix: string): boolean {
  return prefix === '' || key === prefix || key.startsWith(`${prefix}/`)
}

/** Keeps nothing: every read goes to the master. For comparing, and for switching a cache off. */
export const NoCache: Cache = {
  get: async () => undefined,
  put: async () => {},
  invalidatePrefix: async () => {},
  claim: async () => undefined,
  close: async () => {},
}
