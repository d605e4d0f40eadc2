import type { Bytes32 } from '../../engine/index.ts'
import type { ChainStepsOptions } from './chain-steps.ts'
import type { BlockId } from './ledger.ts'
import type { BlockHeader } from './read-header.ts'
import type { RpcPool } from './rpc-pool.ts'
import { fetchHeaders } from './timestamps.ts'

type ForkContext = {
  readonly options: Pick<ChainStepsOptions, 'pool' | 'ledger'>
  /** Hashes of blocks that were read while they could still be reorganised. */
  readonly unfinal: ReadonlyMap<number, Bytes32>
  readonly signal: AbortSignal
}

/** Whether a block is still of the chain with this head, as far as can be told. */
export async function isCanonical(
  { options, unfinal, signal }: ForkContext,
  block: BlockId,
  head: BlockHeader,
): Promise<boolean> {
  if (head.number === block.number) return head.hash === block.hash
  if (head.number === block.number + 1) return head.parentHash === block.hash
  if (head.number > block.number) {
    const [header] = await fetchHeaders(options.pool, [block.number], signal)
    return header?.hash === block.hash
  }
  // The head is behind: a node that lags, unless it names another block than the one that was read.
  const [kept] = await options.ledger.blocks(head.number, 1)
  const known = unfinal.get(head.number) ?? (kept?.number === head.number ? kept.hash : undefined)
  return known === undefined || known === head.hash
}

/** Of kept blocks, the newest that the chain still has: where histories part [S8]. */
export async function newestCanonical(
  pool: RpcPool,
  pageOf: (atOrBefore: number, limit: number) => Promise<readonly BlockId[]>,
  atOrBefore: number,
  signal: AbortSignal,
): Promise<BlockId | undefined> {
  let below = atOrBefore
  for (let limit = 8; ; limit = Math.min(2 * limit, 256)) {
    const page = await pageOf(below, limit)
    const oldest = page.at(-1)
    if (oldest === undefined) return undefined
    const headers = await fetchHeaders(
      pool,
      page.map(({ number }) => number),
      signal,
    )
    const found = page.find(({ hash }, at) => headers[at]?.hash === hash)
    if (found !== undefined) return found
    below = oldest.number - 1
  }
}
