import { createSync, type Replica, type Sync } from '@freshet/core'
import { afterEach, expect, test } from 'vitest'
import type { Mutation } from '../../engine/index.ts'
import { createBookReplica } from '../../testing/book-replica.ts'
import { goldenChain } from '../../testing/fake-node-golden.ts'
import { startFakeNode, type RunningNode } from '../../testing/fake-node.ts'
import { differingRows, naiveRows, replicaRows } from '../../testing/naive-rows.ts'
import { createChainHeads } from './chain-heads.ts'
import { createChainSource, type ChainSourceOptions } from './chain-source.ts'
import { createRpcPool } from './rpc-pool.ts'

const running: { node?: RunningNode; sync?: Sync } = {}
afterEach(async () => {
  await running.sync?.stop()
  await running.node?.close()
})

test.each(['v5-run-1', 'v5-run-2', 'v5-run-3', 'v6-run'])(
  '[CN1] a recorded run read from a node over HTTP gives the rows of a replay (%s)',
  async (name) => {
    const golden = goldenChain(name)
    if (golden === undefined) return
    const { chain, orderbook } = golden
    chain.revealTo(Infinity)
    const node = await startFakeNode({ chain, maxRangeBlocks: 60, maxLogs: 800 })
    running.node = node
    const replica = createBookReplica(orderbook)
    running.sync = start(replica, node.url, {
      orderbook,
      chainId: chain.chainId,
      fromBlock: chain.firstBlock,
    })
    await untilAt(replica, chain.head?.number ?? 0)
    expect(differingRows(replicaRows(replica), naiveRows(chain, orderbook))).toEqual([])
  },
)

type StartOptions = Omit<ChainSourceOptions, 'pool'> & { readonly chainId: number }

function start(replica: Replica<Mutation>, url: string, { chainId, ...options }: StartOptions): Sync {
  const pool = createRpcPool({ chainId, rpcs: [url], backoff: { baseMs: 1, capMs: 10, jitter: 0 } })
  const source = createChainSource({ pool, heads: createChainHeads({ pollMs: 5 }), ...options })
  const sync = createSync({ replica, source, backoff: { baseMs: 1, capMs: 10, jitter: 0 } })
  sync.start()
  return sync
}

async function untilAt(replica: Replica<Mutation>, position: number): Promise<void> {
  await expect.poll(() => replica.position, { timeout: 20_000, interval: 5 }).toBe(position)
  const { state, freshness } = replica.status.get()
  expect(freshness.lastError?.message).toBe(undefined)
  expect(state).toMatch(/live|bootstrapping|catching-up/)
}
