import type { Collection } from '@freshet/core'
import {
  createRaindexProjection,
  raindexTables,
  readRpcLog,
  replayLogs,
  type Address,
  type Mutation,
  type Orderbook,
} from '../engine/index.ts'
import type { FakeChain } from './fake-node-chain.ts'
import { createMapDraft } from './map-draft.ts'

/** Rows of a book as text, sorted, by table. */
export type BookRows = Readonly<Record<string, readonly string[]>>

/**
 * The rows that a fresh reading of a whole chain gives, the slow way: every log of the book, and of stores every word
 * whenever it was set.
 */
export function naiveRows(chain: FakeChain, orderbook: Orderbook): BookRows {
  const all = chain
    .blocks()
    .flatMap(({ logs, timestamp }) =>
      logs.map((log) => readRpcLog({ ...log, blockTimestamp: `0x${timestamp.toString(16)}` })),
    )
  const replay = (stores: ReadonlySet<Address>) => {
    const logs = all.filter(({ address }) => address === orderbook.address || stores.has(address))
    return replayLogs(logs, orderbook, { decimalsOf: (token) => chain.tokens.get(token) ?? 0, stores })
  }
  const added = replay(new Set()).blocks.flatMap(({ mutations }) =>
    mutations.flatMap((mutation) => (mutation.kind === 'setOrders' ? mutation.orders : [])),
  )
  const { blocks } = replay(new Set(added.map(({ evaluable }) => evaluable.store)))
  const draft = createMapDraft()
  const projection = createRaindexProjection(orderbook.version)
  for (const { mutations } of blocks) {
    projection.apply(
      draft,
      mutations.flatMap((mutation): readonly Mutation[] => {
        if (mutation.kind !== 'vaultDeltas') return [mutation]
        return [{ ...mutation, deltas: mutation.deltas.filter(({ token }) => chain.tokens.has(token)) }]
      }),
    )
  }
  const rows = (table: string): readonly string[] => draft.rows(table).map(textOf).toSorted()
  return Object.fromEntries(comparedTables.map((name) => [name, rows(name)]))
}

/** The rows of a replica in the same form. */
export function replicaRows(replica: { collection(table: string): Collection }): BookRows {
  const rows = (table: string): readonly string[] =>
    [...replica.collection(table).entries()].map(([, row]) => textOf(row)).toSorted()
  return Object.fromEntries(comparedTables.map((name) => [name, rows(name)]))
}

/** Rows that are in one and not in the other. */
export function differingRows(a: BookRows, b: BookRows): readonly string[] {
  return comparedTables.flatMap((name) => {
    const [inA, inB] = [new Set(a[name]), new Set(b[name])]
    return [
      ...[...inA].filter((row) => !inB.has(row)).map((row) => `only first, ${name}: ${row}`),
      ...[...inB].filter((row) => !inA.has(row)).map((row) => `only second, ${name}: ${row}`),
    ]
  })
}

/** The clock is a position and tokens are said with orders; both are compared by the tests that are about them. */
const comparedTables = raindexTables
  .map(({ name }) => name)
  .filter((name) => name !== 'env' && name !== 'tokens')

function textOf(row: Readonly<Record<string, unknown>>): string {
  const sorted = Object.entries(row).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return JSON.stringify(sorted, (_, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value))
}
