import { afterEach, expect, test } from 'vitest'
import { createChainRig, type ChainRig } from '../../testing/chain-rig.ts'
import { storyBook } from '../../testing/fake-node-story.ts'
import { differingRows, naiveRows, replicaRows } from '../../testing/naive-rows.ts'
import type { Ledger } from './ledger.ts'
import { createTransientLedger } from './transient-ledger.ts'
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

test('[CN11] a long range is written stretch by stretch: no more is read ahead than asked for', async () => {
  const ledger = createTransientLedger(null)
  const gate = Promise.withResolvers<void>()
  const commits: number[] = []
  const asked = (): number => rig.nodes[0]?.calls.get('eth_getLogs') ?? 0
  let askedAtFirst = 0
  const slow: Ledger = {
    ...ledger,
    async commit(window) {
      commits.push(window.logs.length)
      if (commits.length === 1) askedAtFirst = asked()
      if (commits.length === 2) await gate.promise
      await ledger.commit(window)
    },
  }
  const rig = createChainRig({
    blocks: 400,
    source: { ledger: slow, firstWindowBlocks: 5, maxWindowBlocks: 5, windowsAhead: 3 },
  })
  running.push(rig)
  rig.sync.start()
  await rig.wait(10_000)
  expect(commits).toHaveLength(2)
  // The first is read alone, with what stores of its orders held: later ones are asked for those at once.
  expect(askedAtFirst).toBeLessThanOrEqual(2)
  // The one that is written, those ahead of it, and what stores held.
  expect(asked() - askedAtFirst).toBeLessThanOrEqual(1 + 3 + 2)
  gate.resolve()
  await rig.wait(10_000)
  expect(rig.replica.position).toBe(rig.chain.head?.number)
  expect(commits.length).toBeGreaterThan(70)
  expect(Math.max(...commits)).toBeLessThan(60)
})
