import { afterEach, expect, test } from 'vitest'
import { createChainRig, type ChainRig } from '../../testing/chain-rig.ts'
import { storyBook } from '../../testing/fake-node-story.ts'
import { differingRows, naiveRows, replicaRows } from '../../testing/naive-rows.ts'
import { createWindowSize } from './window-size.ts'

const running: ChainRig[] = []
afterEach(async () => {
  await Promise.all(running.splice(0).map((rig) => rig.stop()))
})

test('[CN7] windows shrink where a node refuses, and grow back where little comes', () => {
  const size = createWindowSize({ initial: 1_000, most: 10_000, targetLogs: 100 })
  size.refused(1_000)
  expect(size.blocks).toBe(500)
  size.refused(500)
  expect(size.blocks).toBe(250)
  size.answered(250, 10)
  expect(size.blocks).toBe(500)
  size.answered(500, 400)
  expect(size.blocks).toBe(250)
  // A short end of a range says nothing.
  size.answered(3, 0)
  expect(size.blocks).toBe(250)
  for (let i = 0; i < 10; i++) size.answered(size.blocks, 0)
  expect(size.blocks).toBe(10_000)
})

test.each([
  ['a limit of blocks', { maxRangeBlocks: 3 }],
  ['a limit of logs', { maxLogs: 14 }],
])('[CN7] a node with %s is read whole, in the order of the chain', async (_, limits) => {
  const rig = createChainRig({ blocks: 60, nodes: [limits], source: { firstWindowBlocks: 40 } })
  running.push(rig)
  rig.sync.start()
  await rig.wait(20_000)
  expect(rig.replica.position).toBe(rig.chain.head?.number)
  expect(differingRows(replicaRows(rig.replica), naiveRows(rig.chain, storyBook))).toEqual([])
  const windows = rig.notices.flatMap((notice) => (notice.kind === 'window' ? [notice] : []))
  expect(windows.map(({ fromBlock }) => fromBlock)).toEqual([
    rig.chain.firstBlock,
    ...windows.slice(0, -1).map(({ toBlock }) => toBlock + 1),
  ])
})
