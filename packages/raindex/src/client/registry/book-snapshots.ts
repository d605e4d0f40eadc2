import type { SnapshotBundle } from '../../engine/index.ts'
import type { SnapshotStore } from '../../live/index.ts'
import type { BlockId } from '../chain/ledger.ts'
import type { LocalBook } from '../database/index.ts'

export type BookSnapshotsOptions = {
  /** A new snapshot is written when this many blocks lie behind the last one. Default 500. */
  readonly everyBlocks?: number | undefined
  /** How many are kept. Default 3, so that one before a fork is among them. */
  readonly keep?: number | undefined
}

export type BookSnapshots = SnapshotStore & {
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
  return {
    get loaded() {
      return loaded
    },
    async loadSnapshot() {
      const stored = await book.snapshot(Number.MAX_SAFE_INTEGER)
      if (stored === undefined) return undefined
      writtenAt = stored.block.number
      loaded++
      // Text of a bundle that was written below. Whoever reads it checks its checksum.
      return JSON.parse(stored.bundle) as SnapshotBundle
    },
    // Behind a fork it may go back.
    isDue: (blockNumber) => writtenAt === undefined || Math.abs(blockNumber - writtenAt) >= everyBlocks,
    async persistSnapshot(bundle) {
      const block = blockOf(bundle)
      if (block === undefined) return
      const { timestamp } = bundle.env
      const { checksum } = bundle
      await book.putSnapshot({ block, timestamp, checksum, bundle: JSON.stringify(bundle) }, keep)
      writtenAt = block.number
    },
  }
}

/** The cursor is that of the engine that reads the same database. */
function blockOf({ cursor }: SnapshotBundle): BlockId | undefined {
  if (cursor === null) return undefined
  const { block, hash } = JSON.parse(cursor) as { readonly block: number; readonly hash: BlockId['hash'] }
  return { number: block, hash }
}
