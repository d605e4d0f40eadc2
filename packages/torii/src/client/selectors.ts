import type { Row } from '@freshet/core'
import type { TokenBalanceRow, TokenRow } from '../wire/record-rows.ts'
import { canonicalFelt } from '../values/felt.ts'
import type { QueryOptions } from './entity-query.ts'
import type { ReactiveClient } from './reactive-client.ts'
import { compileSelector, type EntitySelector } from './selector.ts'
import type { RowOf, Selected, TagOf, WorldSchema } from './world-schema.ts'

/** All models of an entity that are here, by tag, with pending changes folded in. */
export function selectEntity<S extends WorldSchema>(
  client: Pick<ReactiveClient<S>, 'tables' | 'get'>,
  entityId: string,
): { readonly [M in TagOf<S>]?: RowOf<S, M> } {
  const models: { [M in TagOf<S>]?: RowOf<S, M> } = {}
  for (const model of client.tables) {
    const row = client.get(model, entityId)
    if (row !== undefined) models[model] = row
  }
  return models
}

/** One model of an entity, with pending changes folded in, or what a selector leaves of it. */
export function selectComponent<S extends WorldSchema, M extends TagOf<S>, How extends EntitySelector = null>(
  client: Pick<ReactiveClient<S>, 'get'>,
  model: M,
  entityId: string,
  selector?: How,
): Selected<RowOf<S, M>, How> | undefined {
  const row: unknown = client.get(model, entityId)
  if (row === undefined) return undefined
  // The rows are the caller's word, see ReactiveClient; the selector leaves out what its type says.
  return compileSelector(selector ?? null)(row as Row) as unknown as Selected<RowOf<S, M>, How>
}

/** The rows of a model that match, with pending changes folded in unless asked otherwise. */
export function selectMany<S extends WorldSchema, M extends TagOf<S>>(
  client: Pick<ReactiveClient<S>, 'query'>,
  model: M,
  options?: QueryOptions,
): readonly RowOf<S, M>[] {
  return client.query(model, options).rows
}

/**
 * The tokens that are here, of some contracts or in the hands of an account.
 *
 * Needs the targets `tokens` and, for `account`, `tokenBalances`.
 */
export function listTokens<S extends WorldSchema>(
  client: Pick<ReactiveClient<S>, 'query'>,
  { contracts, account }: { readonly contracts?: readonly string[]; readonly account?: string } = {},
): readonly (TokenRow & { readonly balance?: bigint })[] {
  // Both tables are always there and hold what their names say, whatever the caller says of the world's models.
  const world = client as unknown as Pick<ReactiveClient, 'query'>
  const where = contracts
    ? [{ member: 'contractAddress', op: 'in' as const, value: contracts.map(canonicalFelt) }]
    : []
  const tokens = world.query('tokens', { filter: { where } }).rows as readonly TokenRow[]
  if (account === undefined) return tokens
  const holder = { member: 'accountAddress', op: 'eq' as const, value: canonicalFelt(account) }
  const held = world.query('tokenBalances', { filter: { where: [holder, ...where] } })
    .rows as readonly TokenBalanceRow[]
  const balances = new Map(held.map((row) => [tokenKey(row), row.balance]))
  return tokens.flatMap((token) => {
    const balance = balances.get(tokenKey(token)) ?? 0n
    return balance > 0n ? [{ ...token, balance }] : []
  })
}

function tokenKey({ contractAddress, tokenId }: TokenRow | TokenBalanceRow): string {
  return `${contractAddress}:${tokenId ?? ''}`
}
