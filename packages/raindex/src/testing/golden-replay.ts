import { createIntake, createReplica, type Replica } from '@freshet/core'
import {
  createRaindexProjection,
  hashOrder,
  raindexTables,
  readRpcLog,
  replayLogs,
  storeRowId,
  vaultRowId,
  type LogReplay,
  type Mutation,
  type Orderbook,
} from '../engine/index.ts'
import { eq, floatToHex, hexToFloat, zero, type Float } from '../float/index.ts'
import type { GoldenCheck, GoldenResult } from './golden-check.ts'
import type { GoldenCheckpoint, GoldenRun, GoldenVault } from './golden-run.ts'

/** A recorded run replayed from its logs, block by block through a replica, and compared at every checkpoint. */
export function goldenReplay(name: string): GoldenCheck {
  return {
    title: '[RX8] a replay of recorded logs gives the vaults, orders and store words of the chain',
    file: `${name}.json`,
    compare(text) {
      // Recorded data of a documented shape; a field of another one comes out as a difference.
      return compareRun(JSON.parse(text) as GoldenRun)
    },
  }
}

/** The logs of a run as the changes they make. */
function replayOf(run: GoldenRun): LogReplay {
  const decimals = new Map(run.tokens.map((token): [string, number] => [token.address, token.decimals]))
  return replayLogs(run.logs.map(readRpcLog), orderbookOf(run), {
    decimalsOf: (token) => decimals.get(token),
    stores: new Set([run.store]),
  })
}

export function orderbookOf(run: GoldenRun): Orderbook {
  return { address: run.orderbook, version: run.format.startsWith('v6') ? 'v6' : 'v5' }
}

/** An empty replica of a run's order book, before the first block. */
function replicaOf(run: GoldenRun): Replica<Mutation> {
  return createReplica<Mutation>({
    name: run.name,
    tables: raindexTables,
    intake: createIntake({
      projection: createRaindexProjection(orderbookOf(run).version),
      isReady: () => true,
      origin: (run.blocks[0]?.number ?? 0) - 1,
      keepPositions: 1_000,
    }),
  })
}

async function compareRun(run: GoldenRun): Promise<GoldenResult> {
  const differences: string[] = []
  let checked = 0
  const expect = (what: string, got: unknown, expected: unknown): void => {
    checked++
    if (got !== expected)
      differences.push(`${run.name}: ${what} is ${String(got)} and not ${String(expected)}`)
  }
  for (const { orderHash, order } of run.orders) expect('an order hash', hashOrder(order), orderHash)
  const { counts } = replayOf(run)
  for (const [event, count] of Object.entries(run.counts.events)) {
    expect(`the number of ${event}`, new Map(Object.entries(counts)).get(event), count)
  }
  await replayRun(run, async (replica, checkpoint) => compareCheckpoint(run, replica, checkpoint, expect))
  return { checked, differences }
}

/** Replays a run block by block through a replica and stops at each checkpoint. */
export async function replayRun(
  run: GoldenRun,
  atCheckpoint: (replica: Replica<Mutation>, checkpoint: GoldenCheckpoint) => Promise<void>,
): Promise<void> {
  const replica = replicaOf(run)
  const changes = new Map(replayOf(run).blocks.map((block) => [block.blockNumber, block]))
  const checkpoints = new Map(run.checkpoints.map((checkpoint) => [checkpoint.blockNumber, checkpoint]))
  for (const { number, hash } of run.blocks) {
    const facts = changes.get(number)?.mutations ?? []
    const { kind } = replica.apply({ kind: 'log', after: number - 1, upTo: number, mark: hash, facts })
    if (kind !== 'applied') throw new Error(`Block ${number} of ${run.name} is ${kind}.`)
    const checkpoint = checkpoints.get(number)
    if (checkpoint !== undefined) await atCheckpoint(replica, checkpoint)
  }
}

type Expect = (what: string, got: unknown, expected: unknown) => void

function compareCheckpoint(
  run: GoldenRun,
  replica: Replica<Mutation>,
  checkpoint: GoldenCheckpoint,
  expect: Expect,
): void {
  const at = `at block ${checkpoint.blockNumber}`
  for (const vault of checkpoint.vaults) compareVault(run, replica, vault, at, expect)
  for (const { orderHash, exists } of checkpoint.orders) {
    expect(`order ${orderHash} ${at}`, replica.collection('orders').get(orderHash) !== undefined, exists)
  }
  const words = checkpoint.store.flatMap(({ store, fqn, words: set }) =>
    Object.entries(set).map(([key, value]) => ({ store, fqn, key, value })),
  )
  for (const { store, fqn, key, value } of words) {
    // Keys of a record of words are words.
    const row = replica.collection('store').get(storeRowId(store, fqn, key as `0x${string}`))
    expect(`word ${key} of ${fqn} ${at}`, row?.['value'], value)
  }
  expect(`the number of words ${at}`, replica.collection('store').size, words.length)
}

/** By value, as the README of the data says; where it holds the bits of a replay, by those too. */
function compareVault(
  run: GoldenRun,
  replica: Replica<Mutation>,
  vault: GoldenVault,
  at: string,
  expect: Expect,
): void {
  const id = vaultRowId(vault.owner, vault.token, vault.vaultId)
  const row = replica.collection('vaults').get(id)
  if (vault.vaultless === true) return expect(`vault ${id} ${at}`, row, undefined)
  // Rows of vaults are written by the projection.
  const balance = (row?.['balance'] as Float | undefined) ?? zero
  const bits = vault.eventReplay ?? vault.balance
  expect(`the bits of vault ${id} ${at}`, floatToHex(balance), bits)
  if (vault.eventReplaySameValue !== false) {
    return expect(`vault ${id} ${at}`, eq(balance, hexToFloat(vault.balance)), true)
  }
  const lossy = run.lossyDeposits.some(
    ({ owner, token, vaultId }) =>
      owner === vault.owner && token === vault.token && vaultId === vault.vaultId,
  )
  expect(`whether vault ${id} had a deposit that was no whole number ${at}`, lossy, true)
}
