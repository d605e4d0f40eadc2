import { afterEach, expect, test } from 'vitest'
import type { RpcFetch } from './index.ts'
import { createChainRig, type ChainRig } from '../../testing/chain-rig.ts'
import { createFakeChain } from '../../testing/fake-node-chain.ts'
import { createFakeNode } from '../../testing/fake-node.ts'
import { storyBook } from '../../testing/fake-node-story.ts'
import { differingRows, naiveRows, replicaRows } from '../../testing/naive-rows.ts'

const running: ChainRig[] = []
afterEach(async () => {
  await Promise.all(running.splice(0).map((rig) => rig.stop()))
})

async function liveRig(blocks: number): Promise<ChainRig> {
  const rig = createChainRig({ blocks })
  running.push(rig)
  rig.sync.start()
  await rig.wait(5_000)
  expect(rig.replica.position).toBe(rig.chain.head?.number)
  return rig
}

test.each([1, 2, 3, 4, 5])(
  '[CN3] a fork of depth %s is undone to the newest block in common',
  async (depth) => {
    const rig = await liveRig(30)
    // One poll each, so that the replica can stand at every block.
    for (let i = 0; i < 6; i++) {
      rig.mine(1)
      await rig.wait(1_000)
    }
    const tipBlock = rig.chain.head?.number ?? 0
    rig.chain.reorg(depth, [])
    rig.mine(depth + 1)
    await rig.wait(3_000)
    expect(differingRows(replicaRows(rig.replica), naiveRows(rig.chain, storyBook))).toEqual([])
    expect(rig.notices.filter(({ kind }) => kind === 'reorg')).toEqual([
      { kind: 'reorg', tipBlock, ancestorBlock: tipBlock - depth, depth },
    ])
  },
)

test('[CN3] a fork deeper than what is kept builds the state again, and says so', async () => {
  const rig = await liveRig(30)
  rig.chain.reorg(20, [])
  rig.mine(22)
  await rig.wait(10_000)
  expect(rig.notices.filter(({ kind }) => kind === 'deep-reorg')).toHaveLength(1)
  expect(rig.replica.status.get().state).toBe('live')
  expect(differingRows(replicaRows(rig.replica), naiveRows(rig.chain, storyBook))).toEqual([])
})

test('[CN3] a node that is behind is no fork', async () => {
  const rig = await liveRig(20)
  const position = rig.replica.position
  const [node] = rig.nodes
  if (node) node.faults = { ...node.faults, lag: 1 }
  await rig.wait(10_000)
  expect(rig.replica.position).toBe(position)
  expect(rig.notices.some(({ kind }) => kind === 'reorg' || kind === 'deep-reorg')).toBe(false)
})

test('[CN3] logs that a node gives late are asked for by the hash of their block', async () => {
  const rig = await liveRig(20)
  const [node] = rig.nodes
  if (node) node.faults = { ...node.faults, dropLogs: 1 }
  rig.mine(4)
  await rig.wait(3_000)
  expect(differingRows(replicaRows(rig.replica), naiveRows(rig.chain, storyBook))).toEqual([])
  expect(rig.notices.some(({ kind }) => kind === 'missing-logs')).toBe(true)
})

test('[CN3] a node that gives blocks before their logs, and does not know them by hash for a while, leaves nothing out', async () => {
  const { rig, refused } = await forgetfulRig(3)
  expect(differingRows(replicaRows(rig.replica), naiveRows(rig.chain, storyBook))).toEqual([])
  expect(refused()).toBe(3)
})

test('[CN3] a node that never knows a block by its hash stops nothing', async () => {
  const { rig, refused } = await forgetfulRig(Infinity)
  expect(rig.replica.status.get().state).toBe('live')
  expect(refused()).toBeGreaterThan(3)
})

/** A chain that went on, on a node that gives no logs by number and so many times does not know a hash. */
async function forgetfulRig(refusals: number) {
  const chain = createFakeChain({ chainId: 31_337, firstBlock: 5 })
  const node = createFakeNode({ chain })
  let refused = 0
  const fetch: RpcFetch = async (input, init) => {
    const body = typeof init?.body === 'string' ? init.body : ''
    if (!body.includes('"blockHash"') || refused >= refusals) return node.fetch(input, init)
    refused++
    return Response.json(refusalOf(JSON.parse(body), { code: -32_000, message: 'unknown block' }))
  }
  const rig = createChainRig({ chain, blocks: 20, pool: { fetch } })
  running.push(rig)
  rig.sync.start()
  await rig.wait(5_000)
  refused = 0
  node.faults = { ...node.faults, dropLogs: 1 }
  rig.mine(4)
  await rig.wait(60_000)
  expect(rig.replica.position).toBe(chain.head?.number)
  return { rig, refused: () => refused }
}

/** A call, or several at once, refused. */
function refusalOf(call: unknown, error: object): unknown {
  if (Array.isArray(call)) return call.map((one: unknown) => refusalOf(one, error))
  // Sent by our own client.
  return { jsonrpc: '2.0', id: (call as { readonly id: number }).id, error }
}

test('[CN10] a token that tells no decimals is named, and has no vaults', async () => {
  const rig = await liveRig(80)
  const named = rig.notices.flatMap((notice) => (notice.kind === 'no-decimals' ? [notice.token] : []))
  expect(named).toEqual([`0x${'66'.repeat(20)}`])
  const vaults = [...rig.replica.collection('vaults').entries()].map(([, row]) => row)
  const withBalance = vaults.filter(({ token, balance }) => token === named[0] && balance !== 0n)
  expect(withBalance).toEqual([])
  expect(rig.replica.collection('tokens').get(named[0] ?? '')).toBe(undefined)
  expect(rig.replica.collection('tokens').size).toBe(2)
})

test('[CN5] a node that denies a contract which was read from stops nothing', async () => {
  const rig = await liveRig(20)
  rig.chain.code.delete(storyBook.address)
  const [node] = rig.nodes
  if (node === undefined) return
  // Long enough for the connection to be made anew.
  node.down = true
  await rig.wait(60_000)
  node.down = false
  rig.mine(3)
  await rig.wait(60_000)
  expect(rig.replica.status.get().state).toBe('live')
  expect(rig.replica.position).toBe(rig.chain.head?.number)
})
