import { createMemoryDisk, openMemoryStore, type MemoryDisk } from '@freshet/storage/memory'
import type { Cache } from './cache.ts'
import { createStoreCache, type CacheOptions } from './store-cache.ts'

/** A cache in memory: it outlives the tables on it and ends with the program. For tests and short-lived processes. */
export const MemCache = { create: createMemCache }

function createMemCache(options: CacheOptions = {}): Cache {
  const disks = new Map<string, MemoryDisk>()
  return createStoreCache(
    {
      async open(root, tables) {
        const disk = disks.get(root) ?? createMemoryDisk()
        disks.set(root, disk)
        return openMemoryStore({ tables, disk })
      },
      roots: async () => [...disks.keys()],
    },
    options,
  )
}
