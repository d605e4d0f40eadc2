import { FreshetError } from '@freshet/core'
import type { Artifact, ChainLog, Orderbook, TokenRow } from '@freshet/raindex/engine'
import type { KeptEvents, ServedBook } from './served-book.ts'

/** A part of the events that are kept of a book, as a replay takes them. Plain JSON. */
export type HistoryPage = {
  readonly chainId: number
  readonly orderbook: Orderbook
  /** Nothing is known of later blocks. */
  readonly head: { readonly number: number; readonly timestamp: number }
  /** Another number than that of the page before: the chain was reorganised, begin again. */
  readonly rewinds: number
  readonly tokens: readonly TokenRow[]
  readonly code: readonly Artifact[]
  /** Each with the time of its block. */
  readonly logs: readonly ChainLog[]
  /** The block behind which the next page begins; null: this is the last. */
  readonly next: number | null
}

const logsOfPage = 2_000

/**
 * The events behind a block, some thousand at a time.
 *
 * @throws {FreshetError} `serve/no-history`: nothing is kept yet, or not all of it.
 */
export async function historyPage(
  { chainId, orderbook, kept }: ServedBook,
  after: number,
): Promise<HistoryPage> {
  const whyNone = await kept.whyNone?.()
  if (whyNone !== undefined) throw noHistory(whyNone)
  const first = await kept.completeFrom()
  if (after < first - 1) throw noHistory(beginsAt(first))
  const [missing] = await kept.incompleteStores()
  if (missing !== undefined)
    throw noHistory(`Logs of the store ${missing} are still to be read. Try again later.`)
  const tip = await kept.tip()
  if (tip === undefined) throw noHistory('Nothing of the order book is kept yet. Try again later.')
  const { last: rewinds } = await kept.rewindsSince(0)
  const timestamp = await timeOf(kept, tip.number)
  const page = await kept.read(after, logsOfPage)
  const logs: ChainLog[] = []
  for (const log of page.logs) {
    if (log.blockNumber > tip.number) continue
    logs.push({ ...log, blockTimestamp: log.blockTimestamp ?? (await timeOf(kept, log.blockNumber)) })
  }
  if ((await kept.rewindsSince(0)).last !== rewinds)
    throw noHistory('The chain was reorganised meanwhile. Try again.')
  const tokens = (await kept.tokens()).flatMap(({ address: token, decimals }) =>
    decimals === 'none' ? [] : [{ token, decimals }],
  )
  return {
    ...{ chainId, orderbook, tokens, logs, rewinds },
    head: { number: tip.number, timestamp },
    code: await kept.code(),
    next: page.upTo.number < tip.number ? page.upTo.number : null,
  }
}

function beginsAt(first: number): string {
  return `This server began from a snapshot and keeps what came after it, from block ${first} on. Ask for what is behind block ${first - 1}, or stop it and fill in the older events with freshet raindex sync --from BLOCK.`
}

async function timeOf(kept: KeptEvents, block: number): Promise<number> {
  const timestamp = await kept.timestampOf(block)
  if (timestamp === undefined) throw noHistory(`The time of block ${block} is not kept. Try again later.`)
  return timestamp
}

function noHistory(what: string): FreshetError {
  const message = `The history cannot be given. ${what}`
  return new FreshetError({ code: 'serve/no-history', kind: 'remote', retryable: true, message })
}
