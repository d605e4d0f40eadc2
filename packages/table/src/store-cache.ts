import {
  coverages,
  FreshetError,
  noTelemetry,
  openReplica,
  storeTables,
  type Clock,
  type Store,
  type StoreTable,
  type Telemetry,
} from '@freshet/core'
import { splitKey, type Cache, type CacheClaim, type CachedPages } from './cache.ts'
import { createCachedPages } from './cached-pages.ts'
import { rowsTable } from './live-settings.ts'
import { keySegment } from './cache.ts'

/** The stores behind a cache, one for each cache key. */
export interface CacheStores {
  open(root: string, tables: readonly StoreTable[]): Promise<Store>
  /** The roots that something is kept of. */
  roots(): Promise<readonly string[]>
}

export type CacheOptions = {
  readonly clock?: Clock | undefined
  /** Told how long each `get`, `put` and `invalidatePrefix` takes. */
  readonly telemetry?: Telemetry | undefined
}

type Slot = { readonly pages: CachedPages; close(): Promise<void>; readonly claimed: boolean }

/** A cache over stores: a façade with no persistence of its own. */
export function createStoreCache(stores: CacheStores, options: CacheOptions = {}): Cache {
  const { telemetry = noTelemetry } = options
  const slots = new Map<string, Promise<Slot>>()
  const tables = storeTables([{ name: rowsTable }])

  const openSlot = async (root: string): Promise<Slot> => {
    const store = await stores.open(root, tables)
    const replica = await openReplica({
      name: root,
      tables: [{ name: rowsTable }],
      coverages,
      store,
      clock: options.clock,
    })
    return {
      pages: createCachedPages({ replica }),
      claimed: false,
      async close() {
        await replica.flushed()
        await replica.close()
        await store.close()
      },
    }
  }
  const slotOf = (root: string): Promise<Slot> => {
    const known = slots.get(root)
    if (known !== undefined) return known
    const slot = openSlot(root)
    slots.set(root, slot)
    slot.catch(() => slots.delete(root))
    return slot
  }
  const takeFree = async (root: string): Promise<void> => {
    const known = slots.get(root)
    if (known === undefined) return
    const slot = await known
    if (slot.claimed) throw busy(root)
    slots.delete(root)
    await slot.close()
  }

  const timed = async <T>(op: string, key: string, work: () => Promise<T>): Promise<T> => {
    const span = telemetry.span('freshet.table.cache', { op, key })
    try {
      const result = await work()
      span.end()
      return result
    } catch (error) {
      span.end(error)
      throw error
    }
  }

  const cache: Cache = {
    async get(key) {
      const { root, sub } = splitKey(key)
      if (!slots.has(root) && !(await stores.roots()).includes(root)) return undefined
      return (await slotOf(root)).pages.get(sub)
    },
    async put(key, cached) {
      const { root, sub } = splitKey(key)
      const { pages } = await slotOf(root)
      pages.put(sub, cached)
      await pages.flushed()
    },
    async invalidatePrefix(prefix) {
      const known = new Set([...slots.keys(), ...(await stores.roots())])
      const { root, sub } = splitKey(prefix)
      const asked = prefix === '' ? [...known] : [root].filter((each) => known.has(each))
      for (const each of asked) {
        const { pages } = await slotOf(each)
        pages.invalidate(sub)
        await pages.flushed()
      }
    },
    async claim(cacheKey, claimedTables): Promise<CacheClaim> {
      const root = keySegment(cacheKey)
      await takeFree(root)
      const store = await stores.open(root, claimedTables)
      let attached = (_: CachedPages): void => {}
      const pages = new Promise<CachedPages>((resolve) => {
        attached = resolve
      })
      slots.set(
        root,
        pages.then((ready) => ({ pages: ready, claimed: true, close: async () => {} })),
      )
      return {
        store,
        attach: (ready) => attached(ready),
        async release() {
          slots.delete(root)
          await store.close()
        },
      }
    },
    async close() {
      for (const [root, known] of [...slots]) {
        const slot = await known
        if (slot.claimed) continue
        slots.delete(root)
        await slot.close()
      }
    },
  }
  return {
    ...cache,
    get: (key) => timed('get', key, () => cache.get(key)),
    put: (key, cached) => timed('put', key, () => cache.put(key, cached)),
    invalidatePrefix: (prefix) => timed('invalidate_prefix', prefix, () => cache.invalidatePrefix(prefix)),
  }
}

function busy(root: string): FreshetError {
  return new FreshetError({
    code: 'table/cache-key-busy',
    kind: 'usage',
    message: `A live table with the cache key ${root} is open on this cache. Use that one, close it, or choose another key.`,
  })
}
