import type { Value } from '@freshet/core'
import { createVirtualClock, type VirtualClock } from '@freshet/core/testing'
import { expect, test } from 'vitest'
import { createStaticCodeCache, hashOrder, type Mutation } from '../../engine/index.ts'
import { display } from '../../float/index.ts'
import { createStubSyncEngine, openLiveVirtualRaindex, type LiveVirtualRaindex } from '../../live/index.ts'
import { addressOf, fixtureOrder } from '../../testing/fixture-order.ts'
import { leaves, scriptedInterpreter } from '../../testing/scripted-interpreter.ts'
import { polledRaindex } from './registered-raindex.ts'
import {
  createVirtualRaindexRegistry,
  type RaindexId,
  type RegistryOptions,
} from './virtual-raindex-registry.ts'

const bookA: RaindexId = { chainId: 1, orderbook: addressOf(0x11) }
const bookB: RaindexId = { chainId: 1, orderbook: addressOf(0x12) }
const bookC: RaindexId = { chainId: 2, orderbook: addressOf(0x11) }
const code = [
  { kind: 'Interpreter', address: addressOf(0xaa), bytecode: '0x01' },
  { kind: 'Store', address: addressOf(0xbb), bytecode: '0x02' },
] as const

/** When virtual clocks start, in seconds. */
const startedAt = createVirtualClock().now() / 1000
const decimals = [...fixtureOrder.validInputs, ...fixtureOrder.validOutputs].map(({ token }) => ({
  token,
  decimals: 18,
}))

test('[SH4] who holds a book whose state is replaced reads the one it has now', async () => {
  const openState = async () =>
    openLiveVirtualRaindex<number>({
      ...{ chainId: 1, orderbook: { address: bookA.orderbook, version: 'v5' } },
      ...{ syncEngine: createStubSyncEngine(), codeCache: createStaticCodeCache(code) },
      host: scriptedInterpreter(() => leaves(['2', '1'])),
    })
  const [before, after] = [await openState(), await openState()]
  let now = before
  const registry = createVirtualRaindexRegistry({
    open: async () => ({
      ...polledRaindex(before),
      get live() {
        return now as unknown as LiveVirtualRaindex<Value>
      },
    }),
  })
  const handle = await registry.acquire(bookA)
  expect(handle.live).toBe(before)
  now = after
  expect(handle.live).toBe(after)
  await registry.close()
  await after.close()
})

test('[RG1] one instance serves all who ask, and closes when nobody has held it for a while', async () => {
  const { registry, clock, opened, closed } = scripted({ idleMs: 1_000 })
  const [first, second] = await Promise.all([registry.acquire(bookA), registry.acquire(bookA)])
  const other = await registry.acquire(bookC)
  expect(opened).toEqual([bookA, bookC])
  expect(first.live).toBe(second.live)
  expect(registry.metrics).toMatchObject({ open: 2, held: 2, opened: 2, reused: 1 })

  first.release()
  first.release()
  await clock.advance(5_000)
  expect(closed, 'held by the second').toEqual([])
  second.release()
  await clock.advance(500)
  // Held again before its time is over.
  const third = await registry.acquire(bookA)
  await clock.advance(5_000)
  expect(closed).toEqual([])
  third.release()
  await clock.advance(1_000)
  expect(closed).toEqual([bookA])
  expect(registry.metrics).toMatchObject({ open: 1, held: 1 })

  await registry.acquire(bookA)
  expect(opened).toEqual([bookA, bookC, bookA])
  other.release()
  await registry.close()
  expect(closed).toHaveLength(3)
  await expect(registry.acquire(bookA)).rejects.toThrow('The registry is closed.')
})

test('[RG8] what books have cost is summed up, of those that are closed again too', async () => {
  const { registry, clock } = scripted({ idleMs: 1_000 })
  expect(registry.metrics).toMatchObject({ bytecodeFetches: 0, snapshotLoads: 0 })
  const first = await registry.acquire(bookA)
  const second = await registry.acquire(bookC)
  expect(registry.metrics).toMatchObject({ bytecodeFetches: 4, snapshotLoads: 2 })
  first.release()
  await clock.advance(1_000)
  expect(registry.metrics).toMatchObject({ open: 1, bytecodeFetches: 4, snapshotLoads: 2 })
  const third = await registry.acquire(bookA)
  expect(registry.metrics).toMatchObject({ open: 2, bytecodeFetches: 6, snapshotLoads: 3 })
  third.release()
  second.release()
  await registry.close()
  expect(registry.metrics).toMatchObject({ open: 0, bytecodeFetches: 6, snapshotLoads: 3 })
})

test('[RG1] of the books that nobody holds the longest unheld goes first; what fails to open is tried again', async () => {
  let isBroken = true
  const { registry, clock, closed } = scripted({ maxIdle: 1 }, (id) => {
    if (id === bookB && isBroken) throw new Error('the disk is gone')
  })
  const a = await registry.acquire(bookA)
  const c = await registry.acquire(bookC)
  a.release()
  await clock.advance(1)
  c.release()
  await clock.advance(1)
  expect(closed).toEqual([bookA])

  const [one, two] = await Promise.allSettled([registry.acquire(bookB), registry.acquire(bookB)])
  expect([one.status, two.status]).toEqual(['rejected', 'rejected'])
  isBroken = false
  const b = await registry.acquire(bookB)
  expect(b.id).toBe(bookB)
  await registry.close()
})

test('[RG2] exclusive work runs one at a time in the order it was asked for, and readers never wait', async () => {
  const { registry, clock } = scripted()
  const handle = await registry.acquire(bookA)
  const seen: string[] = []
  let finish = (): void => undefined
  const first = handle.exclusive(async (live) => {
    seen.push('first begins')
    await live.syncOnce()
    await new Promise<void>((resolve) => (finish = resolve))
    seen.push('first ends')
  })
  const second = handle.exclusive(() => {
    seen.push('second')
    return Promise.reject(new Error('no luck'))
  })
  const third = handle.exclusive(async () => seen.push('third'))
  await clock.advance(50)
  expect(seen).toEqual(['first begins'])
  expect(registry.metrics).toMatchObject({ queueLength: 2, exclusive: 1 })
  const asked = {
    order: hashOrder(fixtureOrder),
    inputIOIndex: 0,
    outputIOIndex: 0,
    counterparty: addressOf(1),
  }
  expect((await handle.live.quote(asked)).kind).toBe('quote')
  finish()
  await expect(second).rejects.toThrow('no luck')
  await Promise.all([first, third])
  expect(seen).toEqual(['first begins', 'first ends', 'second', 'third'])
  expect(registry.metrics).toMatchObject({ queueLength: 0, exclusive: 3, waitMs: 100 })
})

test('[RG4] a quote takes in what there is first, and says of which block it is and how old that is', async () => {
  const { registry, clock } = scripted({ staleAfterMs: 60_000 })
  const handle = await registry.acquire(bookA)
  const order = handle.order(hashOrder(fixtureOrder))
  await clock.advance(30_000)
  const quote = await order.ensureVirtualSyncAndQuote({ counterparty: addressOf(9) })
  expect(quote).toMatchObject({
    block: { number: 7 },
    timestamp: startedAt,
    appliedEvents: 1,
    cache: { hit: true, missing: 0 },
    snapshotAge: 30_000,
    stale: false,
    // Nobody knows the chain here.
    rpc: undefined,
    comparable: false,
  })
  expect(quote.virtual.kind === 'quote' && display(quote.virtual.ioRatio)).toBe('2')
  await clock.advance(31_000)
  expect(await order.ensureVirtualSyncAndQuote()).toMatchObject({ appliedEvents: 0, stale: true })
  expect(registry.metrics).toMatchObject({ catchUps: 2, divergences: 0 })
})

function scripted(options: Partial<RegistryOptions> = {}, onOpen: (id: RaindexId) => void = () => undefined) {
  const clock: VirtualClock = createVirtualClock()
  const opened: RaindexId[] = []
  const closed: RaindexId[] = []
  const registry = createVirtualRaindexRegistry({
    clock,
    ...options,
    async open(id) {
      onOpen(id)
      opened.push(id)
      const raindex = polledRaindex(await openScripted(id))
      return {
        ...raindex,
        counts: () => ({ bytecodeFetches: 2, snapshotLoads: 1 }),
        async close() {
          closed.push(id)
          await raindex.close()
        },
      }
    },
  })
  return { registry, clock, opened, closed }
}

async function openScripted({ chainId, orderbook }: RaindexId): Promise<LiveVirtualRaindex<Value>> {
  const mutations: readonly Mutation[] = [
    { kind: 'setEnv', blockNumber: 7, timestamp: startedAt },
    { kind: 'setTokenDecimals', tokens: decimals },
    { kind: 'setOrders', orders: [fixtureOrder] },
  ]
  const step = {
    nextCursor: 7,
    mutationBatches: [{ mutations }],
    bytecode: code,
    pendingArtifacts: [],
    heartbeat: false,
  }
  const live = await openLiveVirtualRaindex({
    chainId,
    orderbook: { address: orderbook, version: 'v5' },
    syncEngine: createStubSyncEngine([step]),
    codeCache: createStaticCodeCache(),
    host: scriptedInterpreter(() => leaves(['2', '1'])),
  })
  // Scripts count their steps with numbers.
  return live as unknown as LiveVirtualRaindex<Value>
}
