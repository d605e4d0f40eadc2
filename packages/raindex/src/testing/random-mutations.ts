import type { Random } from '@freshet/core'
import {
  createRaindexProjection,
  hashOrder,
  vaultRowId,
  type Artifact,
  type Mutation,
  type Order,
} from '../engine/index.ts'
import { isZero, minus, packLossless, type Float } from '../float/index.ts'
import type { Block } from './block-chain.ts'
import { addressOf, fixtureOrder, wordOf } from './fixture-order.ts'
import { createMapDraft } from './map-draft.ts'

/** Orders over shared vaults, each with an interpreter of its own. */
const orders: readonly Order[] = [0, 1, 2, 3].map((n) => ({
  ...fixtureOrder,
  evaluable: { ...fixtureOrder.evaluable, interpreter: addressOf(n + 1) },
  nonce: wordOf(n),
}))

/** The code one of the orders waits for. */
export function codeOf(which: number): readonly Artifact[] {
  const { interpreter, store } = (orders[which] ?? fixtureOrder).evaluable
  return [
    { kind: 'Interpreter', address: interpreter, bytecode: '0x01' },
    { kind: 'Store', address: store, bytecode: '0x02' },
  ]
}

/** What the logs of a next block could change: nothing that the chain before it would not allow. */
export function randomMutations(random: Random, before: readonly Block[]): readonly Mutation[] {
  const below = (bound: number): number => Math.floor(random.next() * bound)
  return Array.from({ length: below(4) }, (_, place): Mutation => {
    const order = orders[below(orders.length)] ?? fixtureOrder
    const kind = below(6)
    if (kind === 0) return { kind: 'setOrders', orders: [order] }
    if (kind === 1) return { kind: 'removeOrders', orderHashes: [hashOrder(order)] }
    if (kind === 2) {
      const kvs = [{ key: wordOf(below(3)), value: wordOf(below(200)) }]
      return { kind: 'applyStore', sets: [{ store: fixtureOrder.evaluable.store, fqn: wordOf(1), kvs }] }
    }
    const vault = 1 + below(2)
    // First in its block only: what the block before held may be gone after.
    const held = kind === 3 && place === 0 ? balanceBefore(before, vault) : undefined
    const delta = held ?? packLossless(BigInt(1 + below(9_999)), -below(19))
    return { kind: 'vaultDeltas', deltas: [{ ...vaultOf(vault), delta }] }
  })
}

/** All that a vault held at the end of the block before, to be taken out; undefined when that was nothing. */
function balanceBefore(blocks: readonly Block[], vault: number): Float | undefined {
  const draft = createMapDraft()
  for (const { mutations } of blocks) createRaindexProjection('v5').apply(draft, mutations)
  const { owner, token, vaultId } = vaultOf(vault)
  // Rows of vaults are written by the projection.
  const balance = draft.get('vaults', vaultRowId(owner, token, vaultId))?.['balance'] as Float | undefined
  return balance === undefined || isZero(balance) ? undefined : minus(balance)
}

function vaultOf(
  vault: number,
): Pick<Extract<Mutation, { kind: 'vaultDeltas' }>['deltas'][number], 'owner' | 'token' | 'vaultId'> {
  return { owner: fixtureOrder.owner, token: addressOf(vault * 0x10), vaultId: wordOf(vault) }
}
