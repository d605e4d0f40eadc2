import { expect, test } from 'vitest'
import type { ArtifactId } from '../../engine/index.ts'
import { createChainRig } from '../../testing/chain-rig.ts'
import { addressOf } from '../../testing/fixture-order.ts'
import type { StoredCode } from '../database/book-tables.ts'
import { createCodeFetcher, type CodeShelf } from './code-fetcher.ts'

const interpreter: ArtifactId = { kind: 'Interpreter', address: addressOf(0xa1) }
const later: ArtifactId = { kind: 'Store', address: addressOf(0xcc) }

function shelfOf(kept: readonly StoredCode[] = [], lowestRewind?: number): CodeShelf & { put: StoredCode[] } {
  const put: StoredCode[] = []
  return {
    put,
    code: async () => kept,
    putCode: async (code) => void put.push(code),
    lowestRewindSince: async () => lowestRewind,
  }
}

test('[CN9] code is fetched behind everything else, and asked for again until it is there', async () => {
  const rig = createChainRig({ blocks: 3 })
  const shelf = shelfOf()
  const fetcher = createCodeFetcher({ pool: rig.pool, shelf, clock: rig.clock, retryMs: 1_000 })
  let told = 0
  fetcher.subscribe(() => (told += 1))
  fetcher.want([interpreter, later, interpreter])
  expect(fetcher.pending()).toEqual([interpreter, later])
  await rig.wait(5_000)
  expect(fetcher.take()).toEqual([{ ...interpreter, bytecode: '0x6001' }])
  expect(fetcher.take()).toEqual([])
  expect(fetcher.pending()).toEqual([later])
  rig.chain.code.set(later.address, '0x6002')
  await rig.wait(2_000)
  expect(fetcher.take()).toEqual([{ ...later, bytecode: '0x6002' }])
  expect(fetcher.pending()).toEqual([])
  expect(told).toBe(2)
  expect(shelf.put.map(({ address, fetchedAtBlock }) => `${address} ${fetchedAtBlock}`)).toEqual([
    `${interpreter.address} 8`,
    `${later.address} 8`,
  ])
  await fetcher.close()
})

test.each([
  ['fresh', 10, undefined, false],
  ['older than 30 days', 31, undefined, true],
  ['read in a block that a fork took away', 10, 3, true],
] as const)(
  '[CN9] kept code that is %s is used at once and read again when stale',
  async (_, days, rewind, again) => {
    const rig = createChainRig({ blocks: 3 })
    const kept: StoredCode = {
      ...interpreter,
      bytecode: '0x6009',
      fetchedAtBlock: 6,
      fetchedAtUnixMs: rig.clock.now() - days * 86_400_000,
    }
    const shelf = shelfOf([kept], rewind)
    const changed: ArtifactId[] = []
    const onChanged = (artifact: ArtifactId): void => void changed.push(artifact)
    const fetcher = createCodeFetcher({ pool: rig.pool, shelf, clock: rig.clock, onChanged })
    fetcher.want([interpreter])
    await rig.wait(1_000)
    expect(fetcher.take()).toEqual([{ ...interpreter, bytecode: '0x6009' }])
    expect(shelf.put.map(({ bytecode }) => bytecode)).toEqual(again ? ['0x6001'] : [])
    expect(changed).toEqual(again ? [interpreter] : [])
    await fetcher.close()
  },
)
