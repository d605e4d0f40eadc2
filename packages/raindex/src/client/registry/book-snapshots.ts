import { RaindexError, readSnapshot, type SnapshotBundle } from '../../engine/index.ts'
import type { SnapshotStore } from '../../live/index.ts'
import type { LocalBook, LocalDbCursor, StoredSnapshot } from '../database/index.ts'

export type BookSnapshotsOptions = {
  /** A new snapshot is written when this many blocks lie behind the last one. Default 500. */
  readonly everyBlocks?: number | undefined
  /** How many are kept. Default 3, so that one before a fork is among them. */
  readonly keep?: number | undefined
}

export type BookSnapshots = SnapshotStore & {
  /** Takes up the newest of a block at or before this one that is whole and that no fork has undone. */
  loadBefore(atOrBefore: number): Promise<SnapshotBundle | undefined>
  /** How many were taken up. */
  readonly loaded: number
}

/**
 * Keeps snapshots of a live order book in its part of a local database: beside the events they were made of, so that a
 * restart reads only what came after the last one.
 *
 * Not every state is written: events that came after the newest snapshot are in the database anyway.
 */
export function createBookSnapshots(book: LocalBook, options: BookSnapshotsOptions = {}): BookSnapshots {
  const { everyBlocks = 500, keep = 3 } = options
  let writtenAt: number | undefined
  let loaded = 0
  const takeUp = ({ block, bundle }: StoredSnapshot): SnapshotBundle => {
    writtenAt = block.number
    loaded++
    // Text of a bundle that was written below. Whoever reads it checks its checksum.
    return JSON.parse(bundle) as SnapshotBundle
  }
  return {
    get loaded() {
      return loaded
    },
    async loadSnapshot() {
      const stored = await book.snapshot(Number.MAX_SAFE_INTEGER)
      return stored && takeUp(stored)
    },
    async loadBefore(atOrBefore) {
      for (let at = atOrBefore; ;) {
        const stored = await book.snapshot(at)
        if (stored === undefined) break
        if (await isSound(book, stored)) return takeUp(stored)
        at = stored.block.number - 1
      }
      writtenAt = undefined
      return undefined
    },
    // Behind a fork it may go back.
    isDue: (blockNumber) => writtenAt === undefined || Math.abs(blockNumber - writtenAt) >= everyBlocks,
    async persistSnapshot(bundle) {
      const cursor = cursorOf(bundle)
      if (cursor === undefined) return
      const block = { number: cursor.block, hash: cursor.hash }
      const { timestamp } = bundle.env
      const { checksum } = bundle
      await book.putSnapshot(
        { block, timestamp, checksum, bundle: JSON.stringify(bundle) },
        keep,
        cursor.rewinds,
      )
      writtenAt = block.number
    },
  }
}

async function isSound(book: LocalBook, { block, bundle }: StoredSnapshot): Promise<boolean> {
  const { chainId, orderbook } = book.id
  try {
    const cursor = cursorOf(readSnapshot(bundle, { chainId, orderbook: orderbook.address }).bundle)
    const { toBlock = block.number } = await book.rewindsSince(cursor?.rewinds ?? 0)
    return toBlock >= block.number
  } catch (error) {
    // One that is damaged is none.
    if (error instanceof RaindexError) return false
    throw error
  }
}

/** The cursor is that of the engine that reads the same database. */
function cursorOf({ cursor }: SnapshotBundle): LocalDbCursor | undefined {
  return cursor === null ? undefined : (JSON.parse(cursor) as LocalDbCursor)
}
