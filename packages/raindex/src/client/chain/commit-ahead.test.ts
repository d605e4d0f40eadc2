import { delay } from '@freshet/core'
import { expect, onTestFinished, test } from 'vitest'
import { createChainRig } from '../../testing/chain-rig.ts'
import { storyBook } from '../../testing/fake-node-story.ts'
import { openLocalDatabase } from '../database/open-local-database.ts'
import { createChainHeads } from './chain-heads.ts'
import { createBookSync } from './create-book-sync.ts'
import type { Ledger, LedgerWindow } from './ledger.ts'

test('[CN7] while a stretch is written the next is made ready, and one after a failure is not kept', async () => {
  const rig = createChainRig({ blocks: 200 })
  const database = await openLocalDatabase({ path: ':memory:' })
  onTestFinished(() => database.close())
  const book = database.book({ chainId: rig.chain.chainId, orderbook: storyBook })
  const written: string[] = []
  let underway = 0
  let most = 0
  let failing = 3
  const never = new AbortController().signal
  let line: Promise<unknown> = Promise.resolve()
  // As a thread that is slow: calls in their order, and the third stretch finds the disk full.
  const slow: Ledger = {
    ...book,
    commit(window: LedgerWindow): Promise<void> {
      most = Math.max(most, ++underway)
      const before = line
      const commit = async (): Promise<void> => {
        await before
        await delay(rig.clock, 50, never)
        underway -= 1
        if (--failing === 0) throw new Error('the disk is full')
        await book.commit(window)
        written.push(`${window.from} to ${window.to}`)
      }
      const done = commit()
      line = done.catch(() => undefined)
      return done
    },
    tip: () => line.then(() => book.tip()),
  }
  const sync = createBookSync({
    pool: rig.pool,
    orderbook: storyBook,
    ledger: slow,
    fromBlock: rig.chain.firstBlock,
    finalityDepth: 6,
    firstWindowBlocks: 5,
    maxWindowBlocks: 5,
    clock: rig.clock,
    heads: createChainHeads({ pollMs: 1_000, clock: rig.clock }),
  })
  sync.start()
  await rig.wait(60_000)
  expect(sync.status.get().state).toBe('live')
  expect(await book.tip()).toEqual({ number: rig.chain.head?.number, hash: rig.chain.head?.hash })
  expect(most).toBe(2)
  // Each once and in order, the failed one among them when it came again.
  expect(written.length).toBeGreaterThan(35)
  const [first = '', ...rest] = written
  expect(first).toBe(`${rig.chain.firstBlock} to ${rig.chain.firstBlock + 4}`)
  let end = Number(first.split(' to ')[1])
  for (const stretch of rest) {
    const [from = 0, to = 0] = stretch.split(' to ').map(Number)
    expect(from).toBe(end + 1)
    end = to
  }
  const stopped = sync.stop()
  await rig.wait(2_000)
  await stopped
})
