import { createIntake, createReplica, sourceSide, type Replica, type Row } from '@freshet/core'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { packLossless } from '../float/index.ts'
import { addressOf, fixtureOrder, wordOf } from '../testing/fixture-order.ts'
import { createMapDraft } from '../testing/map-draft.ts'
import type { Mutation } from './mutation.ts'
import { hashOrder, type Order } from './order.ts'
import { createRaindexProjection } from './projection.ts'
import { raindexTables } from './tables.ts'

const keepPositions = 6

/** Three orders over shared vaults, each with code of its own. */
const orders: readonly Order[] = [1, 2, 3].map((n) => ({
  ...fixtureOrder,
  evaluable: { ...fixtureOrder.evaluable, interpreter: addressOf(n) },
  nonce: wordOf(n),
}))

const arbitraryMutation: fc.Arbitrary<Mutation> = fc.oneof(
  fc.constantFrom(...orders).map((order): Mutation => ({ kind: 'setOrders', orders: [order] })),
  fc
    .constantFrom(...orders)
    .map((order): Mutation => ({ kind: 'removeOrders', orderHashes: [hashOrder(order)] })),
  fc
    .tuple(fc.constantFrom(1, 2), fc.integer({ min: 1, max: 999 }), fc.constantFrom(-18, -6, 0))
    .map(([vault, coefficient, exponent]): Mutation => {
      const token = addressOf(vault * 0x10)
      const delta = packLossless(BigInt(coefficient), exponent)
      return {
        kind: 'vaultDeltas',
        deltas: [{ owner: fixtureOrder.owner, token, vaultId: wordOf(vault), delta }],
      }
    }),
  fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 9 })).map(([key, value]): Mutation => {
    const kvs = [{ key: wordOf(key), value: wordOf(value) }]
    return { kind: 'applyStore', sets: [{ store: addressOf(0xbb), fqn: wordOf(5), kvs }] }
  }),
)

type Step =
  | { readonly kind: 'block'; readonly facts: readonly Mutation[] }
  /** Blocks from the end are replaced by one other. */
  | { readonly kind: 'reorganise'; readonly depth: number; readonly facts: readonly Mutation[] }
  /** The node sends the last blocks again. */
  | { readonly kind: 'repeat'; readonly count: number }
  | { readonly kind: 'code'; readonly order: number }

const facts = fc.array(arbitraryMutation, { maxLength: 4 })
const arbitraryStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('block' as const), facts }) },
  fc.record({ kind: fc.constant('reorganise' as const), depth: fc.integer({ min: 1, max: 4 }), facts }),
  fc.record({ kind: fc.constant('repeat' as const), count: fc.integer({ min: 1, max: 4 }) }),
  fc.record({ kind: fc.constant('code' as const), order: fc.nat(orders.length - 1) }),
)

test('[RX13] after any history of blocks, forks, repeats and late code the state is that of the canonical blocks', () => {
  fc.assert(
    fc.property(fc.array(arbitraryStep, { maxLength: 40 }), (steps) => {
      const code = new Set([`store:${addressOf(0xbb)}`])
      const replica = openBook(code)
      const canonical: (readonly Mutation[])[] = []
      for (const step of steps) play(step, replica, canonical, code)
      for (const { evaluable } of orders) code.add(`interpreter:${evaluable.interpreter}`)
      sourceSide(replica).retryDeferred()
      expect(rowsOf(replica)).toEqual(freshRows(canonical))
    }),
    { numRuns: 500, seed: 20_255 },
  )
})

function play(
  step: Step,
  replica: Replica<Mutation>,
  canonical: (readonly Mutation[])[],
  code: Set<string>,
): void {
  switch (step.kind) {
    case 'block':
      canonical.push(timed(step.facts, canonical.length))
      send(replica, canonical, canonical.length - 1)
      return
    case 'reorganise': {
      const kept = Math.max(0, canonical.length - step.depth)
      canonical.splice(kept)
      canonical.push(timed(step.facts, kept))
      send(replica, canonical, kept, kept - 1)
      return
    }
    case 'repeat':
      for (let block = Math.max(0, canonical.length - step.count); block < canonical.length; block++) {
        send(replica, canonical, block)
      }
      return
    case 'code': {
      const order = orders[step.order]
      if (order !== undefined) code.add(`interpreter:${order.evaluable.interpreter}`)
      sourceSide(replica).retryDeferred()
    }
  }
}

function timed(mutations: readonly Mutation[], blockNumber: number): readonly Mutation[] {
  return [{ kind: 'setEnv', blockNumber, timestamp: 12 * blockNumber }, ...mutations]
}

function send(
  replica: Replica<Mutation>,
  canonical: readonly (readonly Mutation[])[],
  block: number,
  rewindTo?: number,
): void {
  replica.apply({ kind: 'log', after: block - 1, upTo: block, rewindTo, facts: canonical[block] ?? [] })
}

function openBook(code: ReadonlySet<string>): Replica<Mutation> {
  const projection = createRaindexProjection('v5')
  const isReady = (need: string): boolean => code.has(need)
  const intake = createIntake({ projection, isReady, keepPositions })
  return createReplica<Mutation>({ name: 'book', tables: raindexTables, intake })
}

type Rows = Readonly<Record<string, readonly Row[]>>

function freshRows(canonical: readonly (readonly Mutation[])[]): Rows {
  const draft = createMapDraft()
  for (const block of canonical) createRaindexProjection('v5').apply(draft, block)
  return tablesOf((table) => draft.rows(table))
}

function rowsOf(replica: Replica<Mutation>): Rows {
  return tablesOf((table) => [...replica.collection(table).entries()].map(([, row]) => row))
}

function tablesOf(rows: (table: string) => readonly Row[]): Rows {
  const byText = (a: Row, b: Row): number => (textOf(a) < textOf(b) ? -1 : 1)
  return Object.fromEntries(raindexTables.map(({ name }) => [name, rows(name).toSorted(byText)]))
}

function textOf(row: Row): string {
  return JSON.stringify(row, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value))
}
