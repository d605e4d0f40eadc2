import { FreshetError } from '@freshet/core'
import { makeCacheFolder, openSqliteStore } from '@freshet/storage/sqlite'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Cache } from '../cache.ts'
import { createStoreCache, type CacheOptions } from '../store-cache.ts'

const suffix = '.freshet.sqlite'

/** A cache on disk, one SQLite file for each cache key. One process at a time has a file. */
export const SqliteCache = { open }

/**
 * Opens the cache in a folder, making it where there is none. Files are opened when they are asked for.
 *
 * @throws {FreshetError} `storage/unavailable`: the folder cannot be made or read. Choose another, or mend its rights.
 */
async function open(folder: string, options: CacheOptions = {}): Promise<Cache> {
  await makeCacheFolder(folder)
  return createStoreCache(
    {
      open: (root, tables) =>
        openSqliteStore({ path: join(folder, fileName(root)), tables, lock: 'exclusive' }),
      async roots() {
        const files = await readdir(folder)
        return files.flatMap((file) => (file.endsWith(suffix) ? [rootOf(file)] : []))
      },
    },
    options,
  )
}

function fileName(root: string): string {
  const name = `_${encodeURIComponent(root).replaceAll('*', '%2A')}`
  if (name.length <= 200) return name + suffix
  throw new FreshetError({
    code: 'table/cache-key-long',
    kind: 'usage',
    message: `The cache key is too long for a file name (${name.length} characters). Choose one of at most 200.`,
  })
}

function rootOf(file: string): string {
  return decodeURIComponent(file.slice(1, -suffix.length))
}
