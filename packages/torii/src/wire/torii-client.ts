import { BinaryReader, WireType } from '@bufbuild/protobuf/wire'
import { asFreshetError, FreshetError } from '@freshet/core'
import type { ModelSchema } from '../schema/model-type.ts'
import { readModelMembers } from '../schema/read-schema.ts'
import { parseModelTag } from '../values/model-tag.ts'
import { canonicalFelt, feltBytes, feltFromBytes } from '../values/felt.ts'
import { blockOfCursor, type Inflate } from './cursor-block.ts'
import { createGrpcWeb, type Fetch } from './grpc-web.ts'
import {
  idsClause,
  modelsClause,
  retrieveEntitiesRequest,
  retrieveEntitiesResponse,
  subscribeEntitiesRequest,
  subscribeEntityResponse,
  worldsRequest,
  worldsResponse,
  type ToriiEntity,
} from './messages.ts'

import {
  contractQueryRequest,
  subscribeIndexedContractsResponse,
  type IndexedContractMessage,
} from './record-messages.ts'
import { recordCalls, type RecordFilter, type RecordPage, type RecordPush } from './record-calls.ts'
import type { RecordKind } from './record-rows.ts'
import { decodeUtf8 } from './short-text.ts'

export type EntityPage = {
  readonly entities: readonly ToriiEntity[]
  /** Absent behind the last page. */
  readonly next: string | undefined
  /** The block of the last entity's latest change, where it was asked for and the cursor tells it. */
  readonly lastBlock: number | undefined
}

/** What a subscription tells: first that it stands, then each change after its commit. */
export type EntityPush =
  | { readonly kind: 'subscribed' }
  | { readonly kind: 'entity'; readonly entity: ToriiEntity }

/** Entities, or what models of events last told: the same messages by other calls. */
export type EntityKind = 'entities' | 'eventMessages'

/** A contract that is indexed, as the server tells it: how far the indexer is, and since when. */
export type ToriiContract = Omit<IndexedContractMessage, 'tps'>

export type WorldModels = {
  readonly known: readonly ModelSchema[]
  readonly broken: readonly { readonly tag: string; readonly fault: FreshetError }[]
}

/** A world as a Torii names it. */
export type IndexedWorld = {
  readonly address: string
  readonly models: readonly { readonly tag: string; readonly selector: string; readonly classHash: string }[]
}

/**
 * What the synchroniser asks of a Torii. Another transport can stand in for ours.
 *
 * Methods reject with a `FreshetError` of kind `remote` or `protocol`.
 */
export interface ReactiveToriiClient {
  /** The server's `version`, such as `1.8.16 (fe3ed0f)`. */
  version(signal: AbortSignal): Promise<string>
  /** The worlds that are indexed, with the names of their models. */
  worlds(signal: AbortSignal): Promise<readonly IndexedWorld[]>
  /** Models of a world by tag; one whose schema cannot be read does not take the others along. */
  schemas(world: string, models: readonly string[], signal: AbortSignal): Promise<WorldModels>
  /** Entities that hold some of the models, the newest change first. A page is one moment of the server. */
  entities(
    asked: {
      readonly world: string
      readonly models: readonly string[]
      readonly limit: number
      readonly cursor?: string | undefined
      /** Only these entities. */
      readonly ids?: readonly string[] | undefined
      /** Default `entities`. */
      readonly kind?: EntityKind | undefined
      /** Whether `lastBlock` is wanted, which takes some unpacking. Default false. */
      readonly withBlock?: boolean | undefined
      /** Told `next` of the page as soon as it is known, which may be before the rest of it is here. */
      readonly onNext?: ((cursor: string) => void) | undefined
    },
    signal: AbortSignal,
  ): Promise<EntityPage>
  /** @param kind - Default `entities`. */
  subscribeEntities(
    world: string,
    models: readonly string[],
    signal: AbortSignal,
    kind?: EntityKind,
  ): AsyncIterable<EntityPush>
  /** Tokens, balances, contracts or transactions, in an order that is stable while they come and go. */
  records(
    kind: RecordKind,
    asked: { readonly filter: RecordFilter; readonly limit: number; readonly cursor?: string | undefined },
    signal: AbortSignal,
  ): Promise<RecordPage>
  /** Each of them as it changes; undefined for a kind that the server does not push. */
  subscribeRecords(
    kind: RecordKind,
    filter: RecordFilter,
    signal: AbortSignal,
  ): AsyncIterable<RecordPush> | undefined
  /** The contract of the world now, and each time the indexer has moved. */
  subscribeWorld(world: string, signal: AbortSignal): AsyncIterable<ToriiContract>
  /** How many entities hold a model, for progress only; undefined where the server does not tell. */
  entityCount(world: string, selector: string, signal: AbortSignal): Promise<number | undefined>
  /** The hash of the transaction that last changed an entity's model; undefined where the server does not tell. */
  changedBy(world: string, model: string, entityId: string, signal: AbortSignal): Promise<string | undefined>
  /** The ids of all entities that hold a model, or undefined where the server does not tell. */
  entityIds(world: string, selector: string, signal: AbortSignal): Promise<ReadonlySet<string> | undefined>
}

export type ToriiClientOptions = {
  /** Such as `http://127.0.0.1:8080`. */
  readonly toriiUrl: string
  /** Default: the platform's own. */
  readonly fetch?: Fetch | undefined
  /** Default 16 MiB, the server's own limit. */
  readonly maxMessageBytes?: number | undefined
  /** Whether packed answers are asked for. Default: unless the server is on this machine. */
  readonly gzip?: boolean | undefined
  /** Unpacks raw deflate. Default: the platform's own. */
  readonly inflate?: Inflate | undefined
}

/** Ids read by one statement. */
const idsPerStatement = 10_000

/** A client of Torii over gRPC-web and its SQL door. */
export function createToriiClient(options: ToriiClientOptions): ReactiveToriiClient {
  const { maxMessageBytes = 16 * 2 ** 20, inflate } = options
  // Called as a method of nothing, as browsers demand of their fetch.
  const fetch: Fetch = options.fetch ?? ((url, init) => globalThis.fetch(url, init))
  const url = checkedUrl(options.toriiUrl)
  // On one machine packing takes longer than what it saves.
  const { gzip = !/^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(new URL(url).hostname) } = options
  const grpc = createGrpcWeb({ url, fetch, maxMessageBytes, gzip })
  // A fetch of the caller's own sends when it likes.
  const untilSent = options.fetch ? async () => {} : untilNodeHasSent

  return {
    async version(signal) {
      const root: unknown = await readJson(fetch, `${url}/`, signal)
      const isTorii =
        typeof root === 'object' && root !== null && 'service' in root && root.service === 'torii'
      if (isTorii && 'version' in root && typeof root.version === 'string') return root.version
      throw notTorii(url, 'an answer without service and version')
    },
    async worlds(signal) {
      const { worlds } = await grpc.unary(
        'Worlds',
        [worldsRequest, { worldAddresses: [] }],
        worldsResponse,
        signal,
      )
      return worlds.map(({ worldAddress, models }) => ({
        address: canonicalFelt(worldAddress),
        models: models.map(({ selector, namespace, name, classHash }) => ({
          tag: `${namespace}-${name}`,
          selector: feltFromBytes(selector),
          classHash: feltFromBytes(classHash),
        })),
      }))
    },
    async schemas(world, models, signal) {
      const asked = { worldAddresses: [feltBytes(world)] }
      const { worlds } = await grpc.unary('Worlds', [worldsRequest, asked], worldsResponse, signal)
      const found = worlds.find(({ worldAddress }) => isFelt(worldAddress, world))
      if (!found)
        throw unknownWorld(
          url,
          world,
          worlds.map(({ worldAddress }) => worldAddress),
        )
      const known: ModelSchema[] = []
      const broken: WorldModels['broken'][number][] = []
      for (const { selector, namespace, name, classHash, schema } of found.models) {
        const tag = `${namespace}-${name}`
        if (!models.includes(tag)) continue
        try {
          const members = readModelMembers(new TextDecoder().decode(schema), tag)
          known.push({ tag, selector: feltFromBytes(selector), classHash: feltFromBytes(classHash), members })
        } catch (error) {
          broken.push({ tag, fault: asFreshetError(error, { code: 'torii/bad-schema', kind: 'protocol' }) })
        }
      }
      return { known, broken }
    },
    async entities({ world, models, limit, cursor = '', ids, kind = 'entities', withBlock, onNext }, signal) {
      const query = {
        clause: ids && idsClause(ids),
        noHashedKeys: false,
        models,
        pagination: { cursor, limit, direction: 0 },
        historical: false,
        worldAddresses: [feltBytes(world)],
      }
      const { nextCursor, entities } = await grpc.unary(
        entityCalls[kind].retrieve,
        [retrieveEntitiesRequest, { query }],
        retrieveEntitiesResponse,
        signal,
        onNext &&
          (async (beginning) => {
            const next = readCursor(beginning)
            if (next === '') return
            onNext(next)
            await untilSent()
          }),
      )
      return {
        entities: ofWorld(entities, world),
        next: nextCursor === '' ? undefined : nextCursor,
        lastBlock: withBlock && nextCursor !== '' ? await blockOfCursor(nextCursor, inflate) : undefined,
      }
    },
    async *subscribeEntities(world, models, signal, kind = 'entities') {
      const asked = { clause: modelsClause(models), worldAddresses: [feltBytes(world)] }
      const pushes = grpc.stream(
        entityCalls[kind].subscribe,
        [subscribeEntitiesRequest, asked],
        subscribeEntityResponse,
        signal,
      )
      let first = true
      for await (const { entity } of pushes) {
        if (first) yield { kind: 'subscribed' }
        first = false
        for (const each of ofWorld(entity ? [entity] : [], world)) yield { kind: 'entity', entity: each }
      }
    },
    records: (kind, { filter, limit, cursor = '' }, signal) =>
      recordCalls[kind].page(grpc, filter, limit, cursor, signal),
    subscribeRecords: (kind, filter, signal) => recordCalls[kind].listen?.(grpc, filter, signal),
    async *subscribeWorld(world, signal) {
      const query = { contractAddresses: [feltBytes(world)], contractTypes: [0] }
      const pushes = grpc.stream(
        'SubscribeContracts',
        [contractQueryRequest, { query }],
        subscribeIndexedContractsResponse,
        signal,
      )
      for await (const { told } of pushes) {
        if (told && feltFromBytes(told.contractAddress) === canonicalFelt(world)) yield told
      }
    },
    async entityCount(world, selector, signal) {
      const statement = `SELECT count(*) AS count FROM entity_model WHERE model_id = '${modelId(world, selector)}'`
      const rows = await readSql(fetch, url, statement, signal)
      const count = rows?.[0]?.['count']
      return typeof count === 'number' ? count : undefined
    },
    async changedBy(world, model, entityId, signal) {
      parseModelTag(model)
      const id = `${databaseFelt(world)}:${databaseFelt(entityId)}`
      const statement = `SELECT internal_event_id FROM [${model}] WHERE internal_id = '${id}'`
      const [row] = (await readSql(fetch, url, statement, signal)) ?? []
      const eventId = row?.['internal_event_id']
      // Block, transaction, contract and index.
      const transaction = typeof eventId === 'string' ? eventId.split(':')[1] : undefined
      return transaction !== undefined && /^0x[0-9a-f]{1,64}$/i.test(transaction)
        ? canonicalFelt(transaction)
        : undefined
    },
    async entityIds(world, selector, signal) {
      const ids = new Set<string>()
      let after = ''
      for (;;) {
        const rows = await readIds(fetch, url, modelId(world, selector), after, signal)
        if (!rows) return undefined
        for (const id of rows) ids.add(canonicalFelt(id.slice(id.indexOf(':') + 1)))
        const last = rows.at(-1)
        if (rows.length < idsPerStatement || last === undefined) return ids
        after = last
      }
    },
  }
}

/** The cursor of a page, which is its first field; empty where it cannot be told yet. */
function readCursor(beginning: Uint8Array): string {
  const reader = new BinaryReader(beginning, decodeUtf8)
  try {
    const [no, wireType] = reader.tag()
    return no === 1 && wireType === WireType.LengthDelimited ? reader.string() : ''
  } catch {
    return ''
  }
}

/**
 * Node sends what its `fetch` was asked once its loop has come round, for a connection that is just free again
 * twice: unpacking a page before that would leave the server idle meanwhile. Browsers send at once.
 */
async function untilNodeHasSent(): Promise<void> {
  if (typeof setImmediate !== 'function') return
  for (let round = 0; round < 2; round++) await new Promise((resolve) => void setImmediate(resolve))
}

const entityCalls: { readonly [K in EntityKind]: { readonly retrieve: string; readonly subscribe: string } } =
  {
    entities: { retrieve: 'RetrieveEntities', subscribe: 'SubscribeEntities' },
    eventMessages: { retrieve: 'RetrieveEventMessages', subscribe: 'SubscribeEventMessages' },
  }

function modelId(world: string, selector: string): string {
  return `${databaseFelt(world)}:${databaseFelt(selector)}`
}

/** As Torii writes felts in its database: `0x` and at least 62 digits. */
function databaseFelt(felt: string): string {
  return `0x${BigInt(felt).toString(16).padStart(62, '0')}`
}

async function readIds(
  fetch: Fetch,
  url: string,
  model: string,
  after: string,
  signal: AbortSignal,
): Promise<readonly string[] | undefined> {
  // Both values are made of digits here, or were given by the server's own id column.
  const statement = `SELECT entity_id FROM entity_model WHERE model_id = '${model}' AND entity_id > '${after.replaceAll("'", "''")}' ORDER BY entity_id LIMIT ${idsPerStatement}`
  const rows = await readSql(fetch, url, statement, signal)
  const ids = rows?.flatMap(({ entity_id: id }) =>
    typeof id === 'string' && databaseId.test(id) ? [id] : [],
  )
  return ids?.length === rows?.length ? ids : undefined
}

const databaseId = /^(0x[0-9a-f]+:)?0x[0-9a-f]{1,64}$/i

/** Rows of a statement; undefined where the door is shut, or the tables of this version are other ones. */
async function readSql(
  fetch: Fetch,
  url: string,
  statement: string,
  signal: AbortSignal,
): Promise<readonly { readonly [column: string]: unknown }[] | undefined> {
  try {
    const rows = await readJson(fetch, `${url}/sql?query=${encodeURIComponent(statement)}`, signal)
    return Array.isArray(rows) ? rows : undefined
  } catch (error) {
    if (error instanceof FreshetError && error.code === 'torii/not-torii') return undefined
    throw error
  }
}

async function readJson(fetch: Fetch, url: string, signal: AbortSignal): Promise<unknown> {
  let response: Response
  let body: string
  try {
    response = await fetch(url, { method: 'GET', signal })
    body = await response.text()
  } catch (error) {
    signal.throwIfAborted()
    throw new FreshetError({
      code: 'torii/unreachable',
      kind: 'remote',
      retryable: true,
      message: `The Torii at ${url} cannot be reached: ${error instanceof Error ? error.message : String(error)}. It is tried again.`,
      cause: error,
    })
  }
  if (response.status >= 500) {
    throw new FreshetError({
      code: 'torii/unavailable',
      kind: 'remote',
      retryable: true,
      message: `The server at ${url} answered HTTP ${response.status}. It is tried again.`,
    })
  }
  try {
    if (response.status === 200) return JSON.parse(body)
  } catch {
    // Told below, with what came instead.
  }
  throw notTorii(
    url,
    `HTTP ${response.status} with ${response.headers.get('content-type') ?? 'no content type'}`,
  )
}

/** The server passes over the world it is asked for where no clause is given. */
function ofWorld(entities: readonly ToriiEntity[], world: string): readonly ToriiEntity[] {
  const address = canonicalFelt(world)
  if (entities.every(({ worldAddress }) => worldAddress === '' || worldAddress === address)) return entities
  return entities.filter(({ worldAddress }) => worldAddress === '' || worldAddress === address)
}

function isFelt(text: string, world: string): boolean {
  return /^0x[0-9a-f]{1,64}$/i.test(text) && canonicalFelt(text) === canonicalFelt(world)
}

function checkedUrl(text: string): string {
  const parsed = URL.canParse(text) ? new URL(text) : undefined
  if (parsed?.protocol === 'http:' || parsed?.protocol === 'https:') return text.replace(/\/+$/, '')
  throw new FreshetError({
    code: 'torii/bad-url',
    kind: 'usage',
    message: `${JSON.stringify(text.slice(0, 200))} is no URL of a Torii; give one such as http://127.0.0.1:8080.`,
  })
}

function notTorii(url: string, got: string): FreshetError {
  return new FreshetError({
    code: 'torii/not-torii',
    kind: 'remote',
    message: `Expected a Torii at ${url}, got ${got}. Check the URL.`,
  })
}

function unknownWorld(url: string, world: string, known: readonly string[]): FreshetError {
  return new FreshetError({
    code: 'torii/unknown-world',
    kind: 'remote',
    message: `The Torii at ${url} does not index world ${world}; it has ${known.slice(0, 3).join(', ') || 'none'}. Check worldAddress.`,
  })
}
