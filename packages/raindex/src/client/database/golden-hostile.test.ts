import { createSync } from '@freshet/core'
import { createSeededRandom } from '@freshet/core/testing'
import { expect, test } from 'vitest'
import { createBookReplica } from '../../testing/book-replica.ts'
import { recordedChain, type FakeChain } from '../../testing/fake-node-chain.ts'
import { goldenChain } from '../../testing/fake-node-golden.ts'
import { createFakeNode, noNodeFaults } from '../../testing/fake-node.ts'
import { createImpatientClock } from '../../testing/impatient-clock.ts'
import { differingRows, naiveRows, replicaRows } from '../../testing/naive-rows.ts'
import { createChainHeads } from '../chain/chain-heads.ts'
import type { ChainNotice } from '../chain/chain-notice.ts'
import { createChainSource } from '../chain/chain-source.ts'
import { createRpcPool } from '../chain/rpc-pool.ts'
import { openLocalDatabase } from './open-local-database.ts'

// The recorded runs, from nodes that show them bit by bit, behind forks that never came to be, and lie and stall
// meanwhile.

const chance = 0.06

test.each(['v5-run-1', 'v5-run-2', 'v5-run-3', 'v6-run'])(
  '[CN3] a recorded run comes out whole behind forks, lies and silences (%s)',
  { timeout: 60_000 },
  async (name) => {
    const golden = goldenChain(name)
    if (golden === undefined) return
    const { chain: recorded, orderbook } = golden
    recorded.revealTo(Infinity)
    const seen = seenThrough(recorded)
    const clock = createImpatientClock()
    const random = createSeededRandom(5)
    const faults = new Set<string>()
    const nodes = [1, 2].map((seed) =>
      createFakeNode({ chain: seen.chain, clock, random: createSeededRandom(seed), maxLogs: 800 }),
    )
    const pool = createRpcPool({
      ...{ chainId: recorded.chainId, rpcs: ['http://node-0', 'http://node-1'], clock, random, attempts: 8 },
      onFault: ({ fault }) => void faults.add(fault.fault),
      fetch: async (input, init) => {
        const url = input instanceof Request ? input.url : input.toString()
        const at = url.includes('node-1') ? 1 : 0
        const node = nodes[at]
        if (node === undefined) throw new TypeError('fetch failed')
        return node.fetch(input, init)
      },
    })
    const database = await openLocalDatabase({ path: ':memory:', clock })
    const ledger = database.book({ chainId: recorded.chainId, orderbook })
    const notices: ChainNotice[] = []
    const source = createChainSource({
      ...{
        pool,
        orderbook,
        ledger,
        clock,
        fromBlock: recorded.firstBlock,
        onNotice: (it) => notices.push(it),
      },
      ...{ finalityDepth: 16, firstWindowBlocks: 25, maxClockAheadMs: Infinity },
      heads: createChainHeads({ pollMs: 1_000, clock }),
    })
    const replica = createBookReplica(orderbook)
    const sync = createSync({ replica, source, clock, random })

    const last = recorded.head?.number ?? 0
    const { firstBlock } = recorded
    for (let part = 1; part <= 8; part++) {
      seen.showFork(
        firstBlock + Math.floor(((last - firstBlock) * part) / 8),
        1 + Math.floor(random.next() * 12),
      )
      for (const node of nodes)
        node.faults = {
          ...{ rateLimit: chance, html: chance / 2, serverError: chance, stall: chance / 4, lie: chance / 2 },
          ...{ dropLogs: chance * 3, duplicateLogs: chance * 3, lag: chance },
        }
      // What a lying node has halted is begun again by whoever looks after it.
      sync.start()
      await clock.advance(40_000)
    }
    seen.showAll()
    for (const node of nodes) node.faults = noNodeFaults
    for (let wait = 0; wait < 20 && (await ledger.tip())?.hash !== recorded.head?.hash; wait++) {
      sync.start()
      await clock.advance(30_000)
    }
    // The replica is told what the ledger has taken in.
    await clock.advance(10_000)
    expect(await ledger.tip()).toEqual({ number: last, hash: recorded.head?.hash })
    expect(differingRows(replicaRows(replica), naiveRows(recorded, orderbook))).toEqual([])
    expect(notices.some(({ kind }) => kind === 'reorg' || kind === 'deep-reorg')).toBe(true)
    expect(faults.size).toBeGreaterThan(2)
    const stopped = sync.stop()
    await clock.advance(2_000)
    await stopped
    await database.close()
  },
)

/** A chain of which others see as much as is shown, at first its first block. */
function seenThrough(truth: FakeChain) {
  const blocks = truth.blocks()
  const chainOf = (shown: typeof blocks): FakeChain => {
    const logs = shown.flatMap((block) => block.logs)
    const chain = recordedChain(truth.chainId, shown, logs)
    chain.revealTo(Infinity)
    return chain
  }
  let current = chainOf(blocks.slice(0, 1))
  const chain: FakeChain = {
    ...truth,
    get head() {
      return current.head
    },
    block: (number) => current.block(number),
    blockByHash: (hash) => current.blockByHash(hash),
    blocks: () => current.blocks(),
  }
  return {
    chain,
    showAll: () => void (current = truth),
    /** The chain up to a block, its newest blocks replaced by others in which nothing happens. */
    showFork(upTo: number, depth: number): void {
      const shown = blocks.filter(({ number }) => number <= upTo)
      const kept = shown.slice(0, Math.max(1, shown.length - depth))
      let parentHash = kept.at(-1)?.hash ?? shown[0]?.parentHash
      const others = shown.slice(kept.length).map((block) => {
        // The same bytes in another order: a hash that no other block has.
        const hash: typeof block.hash = `0x${block.hash.slice(2).split('').toReversed().join('')}`
        const other = { ...block, hash, parentHash: parentHash ?? block.parentHash, logs: [] }
        parentHash = hash
        return other
      })
      current = chainOf([...kept, ...others])
    },
  }
}
