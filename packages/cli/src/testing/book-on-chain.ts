import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findAnvil, startLocalBook, type LocalBook } from '@freshet/raindex/testing'

export const anvil = findAnvil()

/** Ends the title of a test that is skipped where there is no local chain. */
export const skipped =
  anvil === undefined ? ' (skipped: no anvil; it comes with npm on Linux x64, or set FRESHET_ANVIL)' : ''

export type BookOnChain = {
  /** Absent where there is no anvil. */
  readonly book: LocalBook | undefined
  /** For files of a test. */
  readonly folder: string
  close(): Promise<void>
}

/** A real local chain with an order book on it, and an empty folder whose name begins with `prefix`. */
export async function openBookOnChain(prefix: string): Promise<BookOnChain> {
  const folder = await mkdtemp(join(tmpdir(), prefix))
  const book =
    anvil === undefined
      ? undefined
      : await startLocalBook({ anvil, startsAt: Math.floor(Date.now() / 1000) - 600 })
  return {
    book,
    folder,
    async close() {
      await book?.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
