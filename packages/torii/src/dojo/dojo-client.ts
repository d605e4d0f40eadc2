import type { Row } from '@freshet/core'
import type { ReactiveClient } from '../client/reactive-client.ts'
import type { WorldSchema } from '../client/world-schema.ts'
import type { RecordRows } from '../wire/record-rows.ts'
import { compileClause, type DojoClause } from './dojo-clause.ts'
import { pageOf, type DojoPage, type DojoPagination } from './dojo-page.ts'
import { createDojoSubscriptions, type DojoSubscription } from './dojo-subscriptions.ts'
import {
  compileTokenFilter,
  toDojoBalance,
  toDojoToken,
  toDojoTokenContract,
  type DojoToken,
  type DojoTokenBalance,
  type DojoTokenContract,
  type DojoTokenFilter,
} from './dojo-tokens.ts'
import { notReplicated, notServed, unservedBy, type Unserved } from './dojo-unserved.ts'
import { toDojoMembers, type DojoMembers } from './dojo-values.ts'

/** What the SDK's `ToriiQueryBuilder` builds. */
export type DojoQuery = {
  readonly pagination: DojoPagination
  readonly clause?: DojoClause | null | undefined
  readonly models: readonly string[]
  readonly historical?: boolean | undefined
}

/** An entity as the SDK takes it in. When it changed, and in which world, the SDK does not look at. */
export type DojoMessage = {
  readonly hashed_keys: string
  readonly models: { readonly [tag: string]: DojoMembers }
  readonly world_address: string
  readonly created_at: number
  readonly updated_at: number
  readonly executed_at: number
}

type Tokens = readonly (string | number | bigint)[] | null | undefined
type Ids = readonly string[] | null | undefined

/** The SDK's `GrpcClientInterface`, answered by a replica. */
export interface DojoGrpcClient extends Unserved {
  getEntities(query: DojoQuery): Promise<DojoPage<DojoMessage>>
  getEventMessages(query: DojoQuery): Promise<DojoPage<DojoMessage>>
  onEntityUpdated(
    clause: DojoClause | null | undefined,
    worlds: Ids,
    callback: (entity: DojoMessage) => void,
  ): Promise<DojoSubscription>
  onEventMessageUpdated(
    clause: DojoClause | null | undefined,
    worlds: Ids,
    callback: (entity: DojoMessage) => void,
  ): Promise<DojoSubscription>
  updateEntitySubscription(subscription: object, clause?: DojoClause | null, worlds?: Ids): Promise<void>
  updateEventMessageSubscription(
    subscription: object,
    clause?: DojoClause | null,
    worlds?: Ids,
  ): Promise<void>
  getTokens(asked: DojoTokenFilter & { readonly pagination?: DojoPagination }): Promise<DojoPage<DojoToken>>
  getTokenContracts(
    asked: DojoTokenFilter & { readonly pagination?: DojoPagination },
  ): Promise<DojoPage<DojoTokenContract>>
  getTokenBalances(
    asked: DojoTokenFilter & { readonly pagination?: DojoPagination },
  ): Promise<DojoPage<DojoTokenBalance>>
  onTokenUpdated(
    contracts: Ids,
    tokens: Tokens,
    callback: (token: DojoToken) => void,
  ): Promise<DojoSubscription>
  onTokenBalanceUpdated(
    contracts: Ids,
    accounts: Ids,
    tokens: Tokens,
    callback: (balance: DojoTokenBalance) => void,
  ): Promise<DojoSubscription>
  updateTokenBalanceSubscription(
    subscription: object,
    contracts: Ids,
    accounts: Ids,
    tokens: Tokens,
  ): Promise<void>
}

/**
 * A world as the `grpcClient` of the Dojo SDK: `init({ …, grpcClient: createDojoClient(world) })`.
 *
 * What the SDK asks is answered by the replica, pending changes folded in, and what it subscribes to it is told
 * without gaps. It is asked nothing of the server: each call waits until the world is here. Pages are ordered by
 * entity id, since when an entity changed the replica does not keep.
 *
 * Calls for what is not synchronised reject with `torii/not-replicated`, unless there is a client that answers them
 * otherwise.
 *
 * @param options.events - The tags that are models of events.
 * @param options.otherwise - Another client of that shape, such as the SDK's own, for what a replica does not hold.
 */
export function createDojoClient<S extends WorldSchema>(
  client: ReactiveClient<S>,
  options: { readonly events?: readonly string[]; readonly otherwise?: object } = {},
): DojoGrpcClient {
  // The SDK knows tags alone, whatever the caller says of the world.
  const world = client as unknown as ReactiveClient
  const isEvent = new Set(options.events)
  const allTags = (event: boolean): readonly string[] =>
    world.tables.filter((tag) => tag.includes('-') && isEvent.has(tag) === event && isActive(world, tag))
  const subscriptions = createDojoSubscriptions(world)

  const retrieve = async (query: DojoQuery, event: boolean): Promise<DojoPage<DojoMessage>> => {
    const { clause, models, pagination, historical = false } = query
    if (historical || (pagination.order_by ?? []).length > 0) throw notServed('history and order_by')
    await world.ready
    const tags = models.length > 0 ? models : allTags(event)
    await schemasOf(world, tags)
    const test = compileClause(clause, world.schemas)
    const found = new Set<string>()
    for (const tag of tags) {
      for (const id of world.query(tag).ids) if (test(id, (of) => world.get(of, id))) found.add(id)
    }
    return pageOf([...found], pagination, (id) => messageOf(world, id, tags))
  }
  const subscribe = async (
    clause: DojoClause | null | undefined,
    event: boolean,
    callback: (entity: DojoMessage) => void,
  ): Promise<DojoSubscription> => {
    await world.ready
    const tags = allTags(event)
    await schemasOf(world, tags)
    return subscriptions.entities(tags, clause, (id, tag) => callback(messageOf(world, id, [tag], true)))
  }
  const records = async <K extends 'tokens' | 'tokenContracts' | 'tokenBalances', T>(
    kind: K,
    { pagination = {}, ...filter }: DojoTokenFilter & { readonly pagination?: DojoPagination },
    make: (row: RecordRows[K]) => T,
  ): Promise<DojoPage<T>> => {
    await world.ready
    if (!isActive(world, kind)) throw notReplicated(kind)
    const test = compileTokenFilter(filter)
    // The table holds what its name says.
    const rowOf = (id: string) => world.get(kind, id) as unknown as RecordRows[K]
    const ids = world.query(kind).ids.filter((id) => test(rowOf(id)))
    return pageOf(ids, pagination, (id) => make(rowOf(id)))
  }

  return {
    ...unservedBy(options.otherwise),
    getEntities: (query) => retrieve(query, false),
    getEventMessages: (query) => retrieve(query, true),
    onEntityUpdated: (clause, _, callback) => subscribe(clause, false, callback),
    onEventMessageUpdated: (clause, _, callback) => subscribe(clause, true, callback),
    updateEntitySubscription: async (subscription, clause) => subscriptions.narrow(subscription, clause),
    updateEventMessageSubscription: async (subscription, clause) =>
      subscriptions.narrow(subscription, clause),
    getTokens: (asked) => records('tokens', asked, toDojoToken),
    getTokenContracts: (asked) => records('tokenContracts', asked, toDojoTokenContract),
    getTokenBalances: (asked) => records('tokenBalances', asked, toDojoBalance),
    onTokenUpdated: async (contracts, tokens, callback) =>
      subscriptions.records('tokens', filterOf(contracts, undefined, tokens), (row) =>
        callback(toDojoToken(row)),
      ),
    onTokenBalanceUpdated: async (contracts, accounts, tokens, callback) =>
      subscriptions.records('tokenBalances', filterOf(contracts, accounts, tokens), (row) =>
        callback(toDojoBalance(row)),
      ),
    updateTokenBalanceSubscription: async (subscription, contracts, accounts, tokens) =>
      subscriptions.filter(subscription, filterOf(contracts, accounts, tokens)),
  }
}

function filterOf(contracts: Ids, accounts: Ids, tokens: Tokens): DojoTokenFilter {
  return {
    contract_addresses: contracts ?? [],
    account_addresses: accounts ?? [],
    token_ids: tokens ?? [],
  }
}

/** @param withGone - Whether a model that the entity does not have is told as one without members. */
function messageOf(
  world: ReactiveClient,
  id: string,
  tags: readonly string[],
  withGone = false,
): DojoMessage {
  const models = tags.flatMap((tag): [string, DojoMembers][] => {
    const row: Row | undefined = world.get(tag, id)
    const members = world.schemas.get(tag)?.members
    if (row && members) return [[tag, toDojoMembers(members, row)]]
    return withGone ? [[tag, {}]] : []
  })
  return {
    hashed_keys: id,
    models: Object.fromEntries(models),
    ...{ world_address: '0x0', created_at: 0, updated_at: 0, executed_at: 0 },
  }
}

function isActive(world: ReactiveClient, table: string): boolean {
  return world.getSyncStatus().models.some(({ model }) => model === table)
}

/** Waits until the server has declared the models; after a reload offline, it has not yet. */
async function schemasOf(world: ReactiveClient, tags: readonly string[]): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const look = (): void => {
    const left = tags.find((tag) => !isActive(world, tag))
    const { state, lastError } = world.getSyncStatus().overall
    if (left !== undefined) reject(notReplicated(left))
    else if (tags.every((tag) => world.schemas.has(tag))) resolve()
    else if (state === 'halted')
      reject(notServed(`models whose schema is unknown (${lastError?.message ?? ''})`))
  }
  const stop = world.syncStatus.subscribe(look)
  look()
  await promise.finally(stop)
}
