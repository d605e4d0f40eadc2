import type { Store } from '@freshet/core'
import { expect, test } from 'vitest'
import {
  createStaticCodeCache,
  vaultRowId,
  type Artifact,
  type Mutation,
  type Order,
} from '../engine/index.ts'
import { floatToHex, parse, sub } from '../float/index.ts'
import { openLiveVirtualRaindex, type LiveVirtualRaindex, type PollResult } from '../live/index.ts'
import { addressOf, fixtureOrder, wordOf } from './fixture-order.ts'

/**
 * A live order book on a real store, closed in the middle of its work and opened again.
 *
 * @param open - Opens the store of this name, as it was left.
 */
export function restartSuite(name: string, open: (storeName: string) => Promise<Store>): void {
  test(`[RX31] on ${name} everything is there again, bit for bit, and what waited goes on`, async () => {
    const before = await openBook(await open('restart'), [state, waiting])
    await before.syncOnce()
    expect((await before.syncOnce()).phase).toBe('PendingArtifacts')
    const snapshot = JSON.stringify(before.snapshot())
    await before.close()

    const after = await openBook(await open('restart'), [fork, code])
    expect(JSON.stringify(after.snapshot())).toBe(snapshot)
    expect([after.status.phase, after.cursor]).toEqual(['PendingArtifacts', { block: 2, hash: wordOf(2) }])
    await after.syncOnce()
    const settled = await after.syncOnce()
    expect([settled.phase, after.orders.size]).toEqual(['Syncing', 1])
    expect(after.vaults.get(vaultRowId(owner, token, wordOf(2)))?.['balance']).toBe(parse('0.25'))
    await after.close()
  })

  test(`[RX12] [RX31] on ${name} what waited before a restart is applied when its code comes`, async () => {
    const before = await openBook(await open('waiting'), [waiting])
    await before.syncOnce()
    await before.close()
    const after = await openBook(await open('waiting'), [code])
    expect((await after.syncOnce()).phase).toBe('Syncing')
    expect(after.orders.size).toBe(1)
    expect(after.vaults.get(vaultRowId(owner, token, wordOf(2)))?.['balance']).toBe(parse('1.5'))
    expect(after.snapshot().pending).toEqual([])
    await after.close()
  })

  test(`[RX34] on ${name} a balance of full length keeps its bits`, async () => {
    const third = sub(parse('1e-14'), parse('2e-15'))
    const deltas = [{ owner, token, vaultId: wordOf(2), delta: third }]
    const before = await openBook(await open('bits'), [poll(1, [{ kind: 'vaultDeltas', deltas }])])
    await before.syncOnce()
    await before.close()
    const after = await openBook(await open('bits'), [])
    const { vaultBalances } = after.snapshot()
    expect(vaultBalances.map(({ balance }) => balance)).toEqual([floatToHex(third)])
    await after.close()
  })
}

type Cursor = { readonly block: number; readonly hash: string }

const { owner } = fixtureOrder
const token = addressOf(0x20)
const order: Order = fixtureOrder
const vaultDelta = (amount: string): Mutation => {
  return { kind: 'vaultDeltas', deltas: [{ owner, token, vaultId: wordOf(2), delta: parse(amount) }] }
}

const state = poll(1, [
  { kind: 'setEnv', blockNumber: 1, timestamp: 1_000 },
  { kind: 'setTokenDecimals', tokens: [{ token, decimals: 18 }] },
  {
    kind: 'applyStore',
    sets: [{ store: addressOf(0xbb), fqn: wordOf(1), kvs: [{ key: wordOf(2), value: wordOf(3) }] }],
  },
])
const waiting = poll(2, [{ kind: 'setOrders', orders: [order] }, vaultDelta('1.5')])
/** Another block 3 over block 1: block 2 with its waiting order is gone, a new one brings it again. */
const fork: PollResult<Cursor> = {
  ...poll(3, [{ kind: 'setOrders', orders: [order] }, vaultDelta('0.25')]),
  rewindTo: { blockNumber: 1 },
}
const code: PollResult<Cursor> = {
  ...poll(4, []),
  bytecode: [
    { kind: 'Interpreter', address: addressOf(0xaa), bytecode: '0x01' },
    { kind: 'Store', address: addressOf(0xbb), bytecode: '0x02' },
  ] satisfies Artifact[],
}

function poll(block: number, mutations: readonly Mutation[]): PollResult<Cursor> {
  const position = { blockNumber: block, logIndex: 0, blockHash: wordOf(block) }
  return {
    nextCursor: { block, hash: wordOf(block) },
    mutationBatches: [{ mutations, position }],
    bytecode: [],
    pendingArtifacts: [],
    heartbeat: false,
  }
}

function openBook(store: Store, polls: readonly PollResult<Cursor>[]): Promise<LiveVirtualRaindex<Cursor>> {
  const left = [...polls]
  return openLiveVirtualRaindex<Cursor>({
    chainId: 1,
    orderbook: { address: addressOf(0x99), version: 'v5' },
    syncEngine: { poll: async () => left.shift() ?? poll(9, []) },
    codeCache: createStaticCodeCache(),
    host: { evaluate: () => ({ kind: 'ok', stack: [], writes: [] }) },
    store,
  })
}
