import { delay, type Clock } from '@freshet/core'
import type { ChainFreshness } from '../registry/open-chain-raindex.ts'
import type { SharedWriter, WriterNews } from './shared-books.ts'

export type BeatOptions = {
  readonly clock: Clock
  readonly heartbeatMs: number
  /** How often it is looked whether there is news. */
  readonly lookMs: number
  readonly closing: AbortSignal
  readonly freshness: () => ChainFreshness | undefined
  readonly onFailure: (error: unknown) => void
}

/** Says that a writer is there and how it is, until it is not: one that cannot say so is released. */
export async function beat(writer: SharedWriter, options: BeatOptions): Promise<void> {
  const { clock, heartbeatMs, lookMs, closing, freshness, onFailure } = options
  const over = AbortSignal.any([closing, writer.lost])
  let told = ''
  let toldAtUnixMs = 0
  while (!over.aborted) {
    const news = newsOf(freshness())
    const text = JSON.stringify(news)
    if (text !== told || clock.now() - toldAtUnixMs >= heartbeatMs) {
      try {
        await writer.tell(news)
      } catch (error) {
        await writer.release().catch(() => undefined)
        return onFailure(error)
      }
      told = text
      toldAtUnixMs = clock.now()
    }
    await delay(clock, Math.min(heartbeatMs, lookMs), over)
  }
}

function newsOf(freshness: ChainFreshness | undefined): WriterNews {
  const { headBlock, headTimestamp, chain } = freshness ?? {}
  return { state: chain?.state ?? 'bootstrapping', headBlock, headTimestamp }
}
