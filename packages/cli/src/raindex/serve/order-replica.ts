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

/** @returns undefined where no such order is live. */
export async function orderReplica(
  { chainId, orderbook, raindex, kept }: ServedBook,
  hash: string,
): Promise<OrderReplica | undefined> {
  const { env, orders, vaultBalances, store, tokenDecimals } = raindex.live.snapshot()
  const order = orders.find((known) => known.hash === hash)?.order
  if (order === undefined) return undefined
  const { owner, evaluable, validInputs, validOutputs } = order
  const fqn = qualifiedNamespace(owner, orderbook.address)
  const own = [...validInputs, ...validOutputs]
  const holds = (token: Address, vaultId: Bytes32): boolean =>
    own.some((io) => io.token === token && io.vaultId === vaultId)
  const runsOn: readonly Address[] = [evaluable.interpreter, evaluable.store]
  return {
    ...{ chainId, orderbook, env },
    // By the hash that it was found with.
    order: { hash: hash as Bytes32, ...order },
    vaults: vaultBalances
      .filter((vault) => vault.owner === owner && holds(vault.token, vault.vaultId))
      .map(({ token, vaultId, balance }) => ({ token, vaultId, balance })),
    store: store.filter((word) => word.store === evaluable.store && word.fqn === fqn),
    tokens: tokenDecimals.filter(({ token }) => own.some((io) => io.token === token)),
    code: (await kept.code()).filter(({ kind, address }) => kind === 'Aux' || runsOn.includes(address)),
  }
}
