import { FreshetError } from '@freshet/core'
import {
  hashOrder,
  qualifiedNamespace,
  vaultRowId,
  type Address,
  type Bytes32,
  type Mutation,
  type Order,
} from '../../engine/index.ts'
import type { OrderEvent } from './order-event.ts'
import type { ReplayHistory } from './replay-history.ts'

/** Which orders are replayed. What no quote of them reads and no marker of them shows need not be remembered. */
export type ReplayScope = {
  readonly hashes: ReadonlySet<string>
  /** Whether all versions of a row are wanted; of others the newest is enough. */
  keepsRow(table: string, id: string): boolean
  keepsEvent(event: OrderEvent): boolean
}

/**
 * The scope of some orders. Those that are named by their hash are looked up in the history, which is read as far as
 * they are in it.
 *
 * @throws {FreshetError} `replay/unknown-order`: the history does not have one of them.
 */
export async function findReplayScope(
  history: ReplayHistory,
  orders: readonly (Bytes32 | Order)[],
  signal: AbortSignal | undefined,
): Promise<ReplayScope> {
  const wanted = new Set(orders.filter((order) => typeof order === 'string'))
  const found = orders.filter((order) => typeof order !== 'string')
  for await (const { mutations } of wanted.size === 0 ? [] : history.blocks()) {
    signal?.throwIfAborted()
    for (const order of addedOrders(mutations)) if (wanted.delete(hashOrder(order))) found.push(order)
    if (wanted.size === 0) break
  }
  const [missing] = wanted
  if (missing !== undefined) throw unknownOrder(missing)
  return createReplayScope(found, history.orderbook.address)
}

function createReplayScope(orders: readonly Order[], orderbook: Address): ReplayScope {
  const hashes = new Set<string>(orders.map(hashOrder))
  const vaults = new Set<string>()
  const namespaces = new Set<string>()
  for (const { owner, evaluable, validInputs, validOutputs } of orders) {
    for (const io of [...validInputs, ...validOutputs]) vaults.add(vaultRowId(owner, io.token, io.vaultId))
    namespaces.add(`${evaluable.store}/${qualifiedNamespace(owner, orderbook)}`)
  }
  return {
    hashes,
    keepsRow(table, id) {
      if (table === 'orders') return hashes.has(id)
      if (table === 'vaults') return vaults.has(id)
      return table !== 'store' || namespaces.has(id.slice(0, id.lastIndexOf('/')))
    },
    keepsEvent(event) {
      switch (event.kind) {
        case 'add':
        case 'remove':
        case 'take':
          return hashes.has(event.orderHash)
        case 'deposit':
        case 'withdraw':
          return vaults.has(vaultRowId(event.owner, event.token, event.vaultId))
        case 'clear':
          return hashes.has(event.alice.orderHash) || hashes.has(event.bob.orderHash)
        case 'store':
          return namespaces.has(`${event.store}/${event.fqn}`)
      }
    },
  }
}

function addedOrders(mutations: readonly Mutation[]): readonly Order[] {
  return mutations.flatMap((mutation) => {
    if (mutation.kind === 'batch') return addedOrders(mutation.mutations)
    return mutation.kind === 'setOrders' ? mutation.orders : []
  })
}

export function unknownOrder(order: string): FreshetError {
  const message = `The history has no order ${order}. Check the hash, or take a history that reaches further back.`
  return new FreshetError({ code: 'replay/unknown-order', kind: 'usage', message })
}
