import type { Collection } from '@freshet/core'
import { floatToHex } from '@freshet/raindex/float'
import {
  qualifiedNamespace,
  type Address,
  type Artifact,
  type Bytes32,
  type EnvRow,
  type Orderbook,
  type OrderRow,
  type StoreRow,
  type TokenRow,
  type VaultRow,
} from '@freshet/raindex/engine'
import type { ServedBook } from './served-book.ts'

/** All that an order's quotes are computed from, to compute with elsewhere. Plain JSON. */
export type OrderReplica = {
  readonly chainId: number
  readonly orderbook: Orderbook
  readonly env: EnvRow
  readonly order: OrderRow
  /** Its vaults; the balance is the float's 32 bytes. */
  readonly vaults: readonly {
    readonly token: Address
    readonly vaultId: Bytes32
    readonly balance: Bytes32
  }[]
  readonly store: readonly StoreRow[]
  readonly tokens: readonly TokenRow[]
  readonly code: readonly Artifact[]
}

/**
 * Looks up what belongs to the order alone: a copy of a large book would hold up everybody else.
 *
 * @returns undefined where no such order is live.
 */
export async function orderReplica(
  { chainId, orderbook, raindex, kept }: ServedBook,
  hash: string,
): Promise<OrderReplica | undefined> {
  const { live } = raindex
  // Written by the projection, here and below.
  const order = live.orders.get(hash) as OrderRow | undefined
  if (order === undefined) return undefined
  const { owner, evaluable, validInputs, validOutputs } = order
  const own = [...validInputs, ...validOutputs]
  const vaultIds = new Set(own.map(({ token, vaultId }) => `${owner}/${token}/${vaultId}`))
  const namespace = `${evaluable.store}/${qualifiedNamespace(owner, orderbook.address)}/`
  const runsOn: readonly string[] = [evaluable.interpreter, evaluable.store]
  const replica = {
    ...{ chainId, orderbook, env: live.state.env, order },
    vaults: rowsOf<VaultRow>(live.vaults, [...vaultIds].toSorted()).map(({ token, vaultId, balance }) => {
      return { token, vaultId, balance: floatToHex(balance) }
    }),
    store: rowsOf<StoreRow>(
      live.words,
      [...live.words.ids()].filter((id) => id.startsWith(namespace)).toSorted(),
    ),
    tokens: [...new Set(own.map(({ token }) => token))].toSorted().flatMap((token) => {
      const decimals = live.state.tokenDecimals(token)
      return decimals === undefined ? [] : [{ token, decimals }]
    }),
  }
  const code = await kept.code()
  return { ...replica, code: code.filter(({ kind, address }) => kind === 'Aux' || runsOn.includes(address)) }
}

function rowsOf<R>(collection: Collection, ids: readonly string[]): readonly R[] {
  return ids.flatMap((id) => {
    const row = collection.get(id)
    // As above.
    return row === undefined ? [] : [row as R]
  })
}
