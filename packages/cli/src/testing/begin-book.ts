import {
  beginFromSnapshot,
  createBookSync,
  createLocalDbSyncEngine,
  createRpcPool,
} from '@freshet/raindex/client'
import { openLocalDatabase } from '@freshet/raindex/client/sqlite'
import { createStaticCodeCache } from '@freshet/raindex/engine'
import { openLiveVirtualRaindex } from '@freshet/raindex/live'
import type { LocalBook } from '@freshet/raindex/testing'

/**
 * Makes a local database whose book begins from a snapshot of the chain as it is now, without an event.
 *
 * @returns the block of the snapshot.
 */
export async function beginBook(onChain: LocalBook, path: string): Promise<number> {
  const { chainId, orderbook, url, deployedAt: fromBlock } = onChain
  const { number } = await onChain.head()
  const whole = await openLocalDatabase({ path: ':memory:' })
  const ledger = whole.book({ chainId, orderbook })
  const pool = createRpcPool({ chainId, rpcs: [url] })
  const sync = createBookSync({ pool, orderbook, ledger, fromBlock })
  const { promise: isThere, resolve } = Promise.withResolvers<void>()
  sync.status.subscribe(() => {
    if (sync.status.get().state === 'live') resolve()
  })
  sync.start()
  await isThere
  await sync.stop()
  const live = await openLiveVirtualRaindex({
    ...{ chainId, orderbook },
    syncEngine: createLocalDbSyncEngine({ book: ledger }),
    codeCache: createStaticCodeCache(),
    host: { evaluate: () => ({ kind: 'ok', stack: [], writes: [] }) },
  })
  while (live.cursor?.block !== number) await live.syncOnce()
  const begun = await openLocalDatabase({ path })
  await beginFromSnapshot(begun.book({ chainId, orderbook }), JSON.stringify(live.snapshot()))
  await Promise.all([live.close(), whole.close(), begun.close()])
  return number
}
