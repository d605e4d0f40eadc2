import type { Value } from '@freshet/core'
import type { Address } from '../../engine/index.ts'
import type { LiveVirtualRaindex } from '../../live/index.ts'
import type { RpcPool } from '../chain/index.ts'
import { fetchRpcQuotes } from '../quotes/index.ts'
import type { ChainRaindex } from './open-chain-raindex.ts'
import type { RegisteredRaindex } from './virtual-raindex-registry.ts'

/** A book that keeps itself true to its chain, whose nodes also answer `quote2`. */
export function chainRaindex(
  raindex: ChainRaindex,
  { pool, orderbook }: { readonly pool: RpcPool; readonly orderbook: Address },
): RegisteredRaindex {
  return {
    // Of a shared book it may become another.
    get live() {
      return raindex.live
    },
    position() {
      const { live } = raindex
      if (live.cursor === undefined) return undefined
      const { block: number, hash } = live.cursor
      return { number, hash, timestamp: live.state.env.timestamp }
    },
    counts: () => raindex.counts,
    askChain: (request) => fetchRpcQuotes({ pool, orderbook }, request),
    catchUp: (signal) => raindex.caughtUp(signal),
    close: () => raindex.close(),
  }
}

/** A book whose engine is polled when somebody wants it to be up to date: a script, a database that others fill. */
export function polledRaindex<C extends Value>(live: LiveVirtualRaindex<C>): RegisteredRaindex {
  return {
    // Nobody who holds it gives it a cursor.
    live: live as unknown as LiveVirtualRaindex<Value>,
    position() {
      const { blockNumber: number, timestamp } = live.state.env
      return live.cursor === undefined ? undefined : { number, timestamp }
    },
    async catchUp(signal) {
      while ((await live.syncOnce()).phase === 'Syncing') signal?.throwIfAborted()
    },
    close: () => live.close(),
  }
}
