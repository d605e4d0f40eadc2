import { fetchHeaders } from '../chain/timestamps.ts'
import type { RpcPool } from '../chain/rpc-pool.ts'
import { beginFromSnapshot, type LocalBook } from '../database/index.ts'
import type { SharedBook } from './shared-books.ts'

/**
 * Begins an empty book from the newest snapshot of the others whose block the chain still has. One that is not empty
 * stays as it is.
 *
 * @throws {RpcFault} when no node tells the block.
 */
export async function beginFromShared(
  local: LocalBook,
  shared: SharedBook,
  pool: RpcPool,
  signal: AbortSignal,
): Promise<void> {
  if ((await local.tip()) !== undefined) return
  for (let atOrBefore = Number.MAX_SAFE_INTEGER; ;) {
    const snapshot = await shared.snapshot(atOrBefore)
    if (snapshot === undefined) return
    const { block } = snapshot
    const [header] = await fetchHeaders(pool, [block.number], signal)
    if (header?.hash === block.hash) return void (await beginFromSnapshot(local, snapshot.bundle, block))
    atOrBefore = block.number - 1
  }
}
