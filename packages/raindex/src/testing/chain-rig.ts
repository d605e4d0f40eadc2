import { createSync, type Replica, type Sync } from '@freshet/core'
import { createSeededRandom } from '@freshet/core/testing'
import { createChainHeads, type ChainHeadsOptions } from '../client/chain/chain-heads.ts'
import type { ChainNotice } from '../client/chain/chain-notice.ts'
import { createChainSource, type ChainSourceOptions } from '../client/chain/chain-source.ts'
import {
  createRpcPool,
  type RpcFaultNotice,
  type RpcPool,
  type RpcPoolOptions,
} from '../client/chain/rpc-pool.ts'
import type { Mutation } from '../engine/index.ts'
import { createBookReplica } from './book-replica.ts'
import { createFakeChain, type FakeChain } from './fake-node-chain.ts'
import { createFakeNode, type FakeNode, type FakeNodeOptions } from './fake-node.ts'
import { prepareStory, storyBook, storyCode, storyLogs } from './fake-node-story.ts'
import { createImpatientClock, type ImpatientClock } from './impatient-clock.ts'

/** A chain with a story, nodes on it, and a replica that is fed from them, under one clock. */
export type ChainRig = {
  readonly chain: FakeChain
  readonly nodes: readonly FakeNode[]
  readonly clock: ImpatientClock
  readonly pool: RpcPool
  readonly replica: Replica<Mutation>
  readonly sync: Sync
  readonly notices: ChainNotice[]
  readonly faults: RpcFaultNotice[]
  mine(blocks: number): void
  /** Lets time pass. */
  wait(ms: number): Promise<void>
  stop(): Promise<void>
}

export type ChainRigOptions = {
  readonly blocks?: number | undefined
  /** Default one node. */
  readonly nodes?: readonly Partial<FakeNodeOptions>[] | undefined
  readonly chain?: FakeChain | undefined
  readonly pool?: Partial<RpcPoolOptions> | undefined
  readonly source?: Partial<ChainSourceOptions> | undefined
  readonly heads?: ChainHeadsOptions | undefined
}

export function createChainRig(options: ChainRigOptions = {}): ChainRig {
  const random = createSeededRandom(7)
  const clock = createImpatientClock()
  const chain = options.chain ?? createFakeChain({ chainId: 31_337, firstBlock: 5 })
  prepareStory(chain)
  storyCode(chain)
  const mine = (blocks: number): void => {
    for (let i = 0; i < blocks; i++) chain.mine(storyLogs(random, chain))
  }
  mine(options.blocks ?? 0)
  const nodes = (options.nodes ?? [{}]).map((node) => createFakeNode({ chain, random, clock, ...node }))
  const faults: RpcFaultNotice[] = []
  const notices: ChainNotice[] = []
  const pool = createRpcPool({
    chainId: chain.chainId,
    rpcs: nodes.map((_, at) => `http://node-${at}`),
    fetch: async (input, init) => {
      const at = Number(/node-(\d+)/.exec(input instanceof Request ? input.url : input.toString())?.[1])
      const node = nodes[at]
      if (node === undefined) throw new TypeError('fetch failed')
      return node.fetch(input, init)
    },
    clock,
    random,
    onFault: (fault) => faults.push(fault),
    ...options.pool,
  })
  const replica = createBookReplica(storyBook)
  const source = createChainSource({
    pool,
    orderbook: storyBook,
    fromBlock: chain.firstBlock,
    finalityDepth: 6,
    firstWindowBlocks: 8,
    clock,
    heads: createChainHeads({ pollMs: 1_000, clock, ...options.heads }),
    onNotice: (notice) => notices.push(notice),
    ...options.source,
  })
  const sync = createSync({ replica, source, clock, random })
  return {
    ...{ chain, nodes, clock, pool, replica, sync, notices, faults, mine },
    wait: clock.advance,
    async stop() {
      const stopped = sync.stop()
      await clock.advance(2_000)
      await stopped
    },
  }
}
