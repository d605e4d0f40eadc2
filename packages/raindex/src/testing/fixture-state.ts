import {
  createRaindexProjection,
  rowState,
  type Mutation,
  type Order,
  type Orderbook,
  type OrderbookState,
  type Wallet,
} from '../engine/index.ts'
import { parse } from '../float/index.ts'
import { fixtureOrder } from './fixture-order.ts'
import { createMapDraft } from './map-draft.ts'

/** A state with orders, their tokens of 18 decimals, and something in their output vaults. */
export function fixtureState({
  orders = [fixtureOrder],
  balance = '5',
  version = 'v5',
  mutations = [],
  wallet,
}: {
  readonly orders?: readonly Order[]
  readonly balance?: string
  readonly version?: Orderbook['version']
  readonly mutations?: readonly Mutation[]
  readonly wallet?: Wallet
} = {}): OrderbookState {
  const draft = createMapDraft()
  const ios = orders.flatMap(({ owner, validInputs, validOutputs }) =>
    [...validInputs, ...validOutputs].map((io) => ({ owner, ...io })),
  )
  const vaults = orders.flatMap(({ owner, validOutputs }) => validOutputs.map((io) => ({ owner, ...io })))
  const first = new Map(vaults.map((vault) => [JSON.stringify(vault), vault]))
  createRaindexProjection(version).apply(draft, [
    { kind: 'setOrders', orders },
    { kind: 'setTokenDecimals', tokens: ios.map(({ token }) => ({ token, decimals: 18 })) },
    {
      kind: 'vaultDeltas',
      deltas: [...first.values()].map((vault) => ({ ...vault, delta: parse(balance) })),
    },
    ...mutations,
  ])
  return rowState(draft.get, () => wallet)
}
