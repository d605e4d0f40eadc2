import { afterEach, expect, test } from 'vitest'
import { createChainRig, type ChainRig, type ChainRigOptions } from '../../testing/chain-rig.ts'
import { olderBookCode } from '../../testing/fake-node-golden.ts'
import { createSeededRandom } from '@freshet/core/testing'
import { createFakeNode, noNodeFaults } from '../../testing/fake-node.ts'
import { createFakeChain } from '../../testing/fake-node-chain.ts'
import { storyBook } from '../../testing/fake-node-story.ts'
import { differingRows, naiveRows, replicaRows } from '../../testing/naive-rows.ts'
import { olderTopics, topics } from '../../engine/topics.ts'

const running: ChainRig[] = []
afterEach(async () => {
  await Promise.all(running.splice(0).map((rig) => rig.stop()))
})

function rigOf(options: ChainRigOptions): ChainRig {
  const rig = createChainRig(options)
  running.push(rig)
  return rig
}

/** Answers that replace a node's own, by method. */
function lying(rig: ChainRig, change: (method: string, result: unknown) => unknown): void {
  const [node] = rig.nodes
  const truth = node?.fetch
  if (node === undefined || truth === undefined) return
  node.fetch = async (input, init) => {
    const calls = [JSON.parse(typeof init?.body === 'string' ? init.body : '')].flat()
    // A fake node answers with objects of JSON-RPC.
    const answer = (await (await truth(input, init)).json()) as
      | Record<string, unknown>
      | Record<string, unknown>[]
    const changed = [answer].flat().map((item) => {
      const call = calls.find(({ id }) => id === item['id'])
      return { ...item, result: change(call.method, item['result']) }
    })
    return Response.json(Array.isArray(answer) ? changed : changed[0])
  }
}

const log = {
  address: storyBook.address,
  topics: [topics.Set],
  data: '0x',
  blockNumber: '0x6',
  blockHash: `0x${'ab'.repeat(32)}`,
  transactionHash: `0x${'cd'.repeat(32)}`,
  logIndex: '0x63',
}

test.each([
  ['another chain', (m: string, r: unknown) => (m === 'eth_chainId' ? '0x1' : r), 'wrong-chain', 'usage'],
  [
    'no code at the book',
    (m: string, r: unknown) => (m === 'eth_getCode' ? '0x' : r),
    'no-contract',
    'usage',
  ],
  [
    'code of V4',
    (m: string, r: unknown) => (m === 'eth_getCode' ? olderBookCode : r),
    'unsupported-orderbook',
    'usage',
  ],
  ['a log of another address', withLog({ address: `0x${'66'.repeat(20)}` }), 'bad-answer', 'protocol'],
  ['a log of another topic', withLog({ topics: [`0x${'77'.repeat(32)}`] }), 'bad-answer', 'protocol'],
  ['a log of a negative block', withLog({ blockNumber: '-0x6' }), 'bad-answer', 'protocol'],
  ['a log of a future block', withLog({ blockNumber: '0xffffff' }), 'bad-answer', 'protocol'],
  ['a log that was removed', withLog({ removed: true }), 'bad-answer', 'protocol'],
  [
    'logs that are no list',
    (m: string, r: unknown) => (m === 'eth_getLogs' ? { length: 1 } : r),
    'bad-answer',
    'protocol',
  ],
  ['a head of the far future', header({ timestamp: '0xffffffffff' }), 'bad-answer', 'protocol'],
  ['a head without a hash', header({ hash: '0x12' }), 'bad-answer', 'protocol'],
  [
    'a log of V4',
    withLog({ topics: [olderTopics.AddOrderV2] }, true),
    'unsupported-orderbook-version',
    'usage',
  ],
  [
    'an order that is garbled',
    withLog({ topics: [topics.AddOrderV3], data: '0x1234' }, true),
    'bad-log',
    'protocol',
  ],
] as const)(
  '[CN5] a node with %s is refused by name, and nothing of it is kept',
  async (_, change, code, kind) => {
    const rig = rigOf({ blocks: 20 })
    lying(rig, change)
    rig.sync.start()
    await rig.wait(600_000)
    const { state, freshness } = rig.replica.status.get()
    expect(freshness.lastError).toMatchObject({ code: `raindex/${code}`, kind })
    expect(state).toBe('halted')
    // The first window is clean where it is about one log.
    expect([-1, 12]).toContain(rig.replica.position)
  },
)

test('[CN5] a book of V4 and a first block behind the head are refused in one sentence', async () => {
  const rig = rigOf({ blocks: 3, source: { fromBlock: 1_000 } })
  rig.sync.start()
  await rig.wait(1_000)
  expect(rig.replica.status.get().freshness.lastError).toMatchObject({
    code: 'raindex/bad-range',
    message: "The first block 1000 lies behind the chain's newest, 8. Give an earlier one.",
  })
})

test('[CN5] what a lying node says is asked of the next one', async () => {
  const rig = rigOf({ blocks: 30, nodes: [{}, {}] })
  lying(rig, withLog({ address: `0x${'66'.repeat(20)}` }))
  rig.sync.start()
  await rig.wait(60_000)
  expect(rig.replica.status.get().state).toBe('live')
  expect(differingRows(replicaRows(rig.replica), naiveRows(rig.chain, storyBook))).toEqual([])
  // Tokens without a name refuse to tell it.
  const told = rig.faults.filter(({ fault }) => fault.fault !== 'refused')
  expect(new Set(told.map(({ node, fault }) => `${node} ${fault.fault}`))).toEqual(
    new Set(['node-0 bad-answer']),
  )
})

test('[CN5] a node that answers in HTML, or more than is taken, keeps being asked until it is well', async () => {
  const rig = rigOf({ blocks: 12, pool: { maxAnswerBytes: 100_000 } })
  const [node] = rig.nodes
  if (node === undefined) return
  node.faults = { ...noNodeFaults, html: 1 }
  rig.sync.start()
  await rig.wait(30_000)
  expect(rig.replica.status.get().freshness.lastError).toMatchObject({
    code: 'raindex/node-unreachable',
    kind: 'remote',
    retryable: true,
  })
  node.faults = noNodeFaults
  await rig.wait(60_000)
  expect(rig.replica.position).toBe(rig.chain.head?.number)
})

test('[CN5] a log larger than is taken stops at its block by name', async () => {
  const chain = createFakeChain({ chainId: 1 })
  chain.mine([])
  chain.mine([{ address: storyBook.address, topics: [topics.ContextV2], data: `0x${'00'.repeat(40_000)}` }])
  const rig = rigOf({ chain, pool: { maxAnswerBytes: 20_000 } })
  rig.sync.start()
  await rig.wait(5_000)
  expect(rig.replica.status.get().freshness.lastError).toMatchObject({ code: 'raindex/answer-too-large' })
})

function withLog(change: object, isWhole = false) {
  return (method: string, result: unknown): unknown => {
    if (method !== 'eth_getLogs' || !Array.isArray(result)) return result
    const first = result.find(({ address }) => address === storyBook.address)
    if (isWhole && first === undefined) return result
    // A log that is consistent with its block but for what is changed.
    const place = isWhole ? { blockNumber: first?.blockNumber, blockHash: first?.blockHash } : {}
    return [...result, { ...log, ...place, ...change }]
  }
}

function header(change: object) {
  return (method: string, result: unknown): unknown =>
    method === 'eth_getBlockByNumber' && result !== null ? { ...(result as object), ...change } : result
}

test('[CN3] logs that a node lacks of its newest blocks are not missed where others have gone on', async () => {
  const chain = createFakeChain({ chainId: 31_337, firstBlock: 5 })
  // Behind one address stand two nodes. The one that is asked for logs lags by some blocks now and then.
  const lagging = createFakeNode({
    chain,
    random: createSeededRandom(3),
    fickleBlocks: 2,
  })
  lagging.faults = { ...noNodeFaults, lag: 0.5, dropLogs: 1 }
  const rig: ChainRig = rigOf({
    chain,
    blocks: 60,
    pool: {
      fetch: (input, init) => (isLogsCall(init) ? lagging : (rig.nodes[0] ?? lagging)).fetch(input, init),
    },
    source: { firstWindowBlocks: 3, maxWindowBlocks: 3, finalityDepth: 4 },
  })
  rig.sync.start()
  for (let round = 0; round < 20; round++) {
    rig.mine(12)
    await rig.wait(20_000)
  }
  await rig.wait(120_000)
  expect(rig.replica.position).toBe(chain.head?.number)
  expect(differingRows(replicaRows(rig.replica), naiveRows(chain, storyBook))).toEqual([])
})

function isLogsCall(init: RequestInit | undefined): boolean {
  return typeof init?.body === 'string' && init.body.includes('eth_getLogs')
}
