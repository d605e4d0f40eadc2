import type { Resume, Value } from '@freshet/core'
import { toHex } from '../../engine/hex.ts'
import type { BlockId } from './ledger.ts'

/** What the checkpoint of a replica on a chain holds of blocks: its marks do not say what is final. */
export type ChainCheckpoint = { readonly tip: BlockId; readonly final: BlockId | undefined }

/** Blocks at which a replica can stand, ascending: its marks, the newest that is final, and where it is. */
export function keptBlocks(resume: Resume | null): readonly BlockId[] {
  if (resume === null) return []
  const kept = new Map<number, BlockId>()
  for (const { position, mark } of resume.marks) add(kept, position, mark)
  // Written by chainCheckpoint; anything else is as if nothing was known.
  const checkpoint = (resume.checkpoint ?? {}) as { readonly tip?: unknown; readonly final?: unknown }
  for (const block of [checkpoint.tip, checkpoint.final]) {
    if (Array.isArray(block)) add(kept, block[0], block[1])
  }
  return [...kept.values()]
    .filter(({ number }) => number <= resume.position)
    .toSorted((a, b) => a.number - b.number)
}

/** Blocks as they go into a checkpoint. */
export function chainCheckpoint({ tip, final }: ChainCheckpoint): { readonly [field: string]: Value } {
  return { tip: [tip.number, tip.hash], final: final === undefined ? null : [final.number, final.hash] }
}

function add(kept: Map<number, BlockId>, number: unknown, mark: unknown): void {
  const hash = typeof mark === 'string' ? toHex(mark, 32) : undefined
  if (typeof number === 'number' && hash !== undefined) kept.set(number, { number, hash })
}
