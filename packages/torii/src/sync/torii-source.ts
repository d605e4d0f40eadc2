import {
  FreshetError,
  isRecord,
  type Clock,
  type Resume,
  type RowFact,
  type Source,
  type StreamItem,
  type Value,
} from '@freshet/core'
import { computeSchemaHash } from '../schema/manifest.ts'
import type { ModelSchema } from '../schema/model-type.ts'
import { modelSelector } from '../values/model-tag.ts'
import type { ToriiEntity } from '../wire/messages.ts'
import type { ReactiveToriiClient } from '../wire/torii-client.ts'
import { checkpointToValue, readCheckpoint, type ToriiCheckpoint } from './checkpoint.ts'
import { pushedFacts, readFacts } from './entity-facts.ts'
import { walkOn, walkStart, type WalkPlace } from './head-walk.ts'
import { readFitting } from './read-fitting.ts'
import { hearHeartbeat, type Pulse } from './heartbeat.ts'
import { createMailbox, type Mailbox } from './mailbox.ts'
import type { ToriiRules } from './torii-rules.ts'

/** What a server says of itself when a connection begins. */
export type ServerIdentity = {
  readonly serverVersion: string
  readonly schemas: readonly ModelSchema[]
  readonly schemaHashes: { readonly [tag: string]: string }
  readonly epoch: number
}

export type ToriiSourceOptions = {
  readonly client: ReactiveToriiClient
  readonly world: string
  /** Tags; each is a table. */
  readonly models: readonly string[]
  readonly manifestHash: string
  readonly clock: Clock
  /** Rows asked for in one page while closing a gap. */
  readonly pageRows: number
  /** How long the heartbeat may be silent before it is doubted. */
  readonly silenceMs: number
  readonly rules: ToriiRules
  /** The checkpoint that covers what is held. */
  stored(): Value | undefined
  /** Ids of the confirmed rows of a table. */
  heldIds(table: string): Iterable<string>
  /** Judges a server before anything of it is applied; what it throws ends the connection, or halts. */
  onIdentity(identity: ServerIdentity, checkpoint: ToriiCheckpoint | undefined): void
  onPulse(pulse: Pulse): void
  /** Told of each answer with rows, for progress. */
  onRows(table: string, rows: number, latestUnixS: number): void
}

/** Models in one query: more are asked for in several, as the server mixes up larger ones. */
const modelsPerQuery = 64

/** Entities told to the replica in one batch. */
const batchEntities = 1_000

/**
 * A world of Torii as a source: one table for each model, rows by entity id.
 *
 * A connection subscribes first [TO14], then either closes the gap since the
 * checkpoint (what changed since, by time; what was deleted, by id [TO17, TO18])
 * or leaves it to the kernel to page everything.
 */
export function createToriiSource(options: ToriiSourceOptions): Source<RowFact> {
  const { client, world, models, rules } = options
  const tables = new Set(models)

  const walkPage = async (of: readonly string[], place: WalkPlace, limit: number, signal: AbortSignal) => {
    const { page, next } = await walkOn({ client, world, models: of, rules }, place, limit, signal)
    const latest = Math.max(0, ...page.entities.slice(0, 1).map(({ executedAt }) => executedAt))
    for (const tag of of) options.onRows(tag, page.entities.length, latest)
    return { facts: readFacts(page.entities, tables), next }
  }

  async function* stream(resume: Resume | null, outer: AbortSignal): AsyncGenerator<StreamItem<RowFact>> {
    const leaving = new AbortController()
    const signal = AbortSignal.any([outer, leaving.signal])
    const mailbox = createMailbox<ToriiEntity>()
    try {
      const schemas = await knownSchemas(options, signal)
      const { subscribed, pulse, head } = openStreams(options, mailbox, signal)
      const [{ epoch }, serverVersion] = await Promise.all([pulse, client.version(signal), subscribed])
      const schemaHashes = Object.fromEntries(
        schemas.map((schema) => [schema.tag, computeSchemaHash([schema])]),
      )
      const stored = readCheckpoint(options.stored())
      options.onIdentity({ serverVersion, schemas, schemaHashes, epoch }, stored)
      const newest = await client.entities({ world, models, limit: 1 }, signal)
      const highWater = newest.entities[0]?.executedAt ?? 0
      const { manifestHash } = options
      let checkpoint: ToriiCheckpoint = {
        world,
        epoch,
        head: head(),
        highWater,
        manifestHash,
        schemas: schemaHashes,
        serverVersion,
      }
      if (resume && stored && isContinued(stored, checkpoint))
        yield* closeGap(stored.highWater, schemas, signal)
      yield { kind: 'facts', facts: [], checkpoint: checkpointToValue(checkpoint) }
      yield { kind: 'live' }
      const byTag = new Map(schemas.map((schema) => [schema.tag, schema]))
      for (;;) {
        const pushed = await mailbox.take()
        for (let from = 0; from < pushed.length; from += batchEntities) {
          const entities = pushed.slice(from, from + batchEntities)
          const latest = Math.max(checkpoint.highWater, ...entities.map(({ executedAt }) => executedAt))
          checkpoint = { ...checkpoint, head: head(), highWater: latest }
          const facts = pushedFacts(entities, byTag, rules)
          for (const { table } of facts) options.onRows(table, 1, latest)
          yield { kind: 'facts', facts, checkpoint: checkpointToValue(checkpoint) }
        }
      }
    } catch (error) {
      throw outer.aborted ? error : asPassing(error, options.stored() !== undefined)
    } finally {
      leaving.abort()
    }
  }

  /** Everything that changed since, then what came or went without a trace; says `resumed` if it could. */
  async function* closeGap(
    highWater: number,
    schemas: readonly ModelSchema[],
    signal: AbortSignal,
  ): AsyncGenerator<StreamItem<RowFact>> {
    if (rules.resume) {
      for (let from = 0; from < models.length; from += modelsPerQuery) {
        const asked = models.slice(from, from + modelsPerQuery)
        let place: WalkPlace | undefined = { ...walkStart, floorTime: highWater }
        while (place) {
          const { facts, next } = await walkPage(asked, place, options.pageRows, signal)
          yield { kind: 'facts', facts }
          place = next
        }
      }
      for (const schema of rules.reconcileIds ? schemas : []) {
        const touched = await differingIds(options, schema, signal)
        if (!touched) return
        yield { kind: 'facts', facts: touched.map((id) => ({ kind: 'touched', table: schema.tag, id })) }
      }
    }
    yield { kind: 'resumed' }
  }

  return {
    // The stream says nothing of what the network swallowed: everything is compared from time to time [S5].
    capabilities: { kind: 'state', lossless: false, resumable: true },
    async page({ table, cursor, limit }, signal) {
      const place =
        cursor === undefined
          ? { ...walkStart, total: await countOf(options, table, signal) }
          : readPlace(cursor)
      const { facts, next } = await walkPage([table], place, limit, signal)
      return { facts, ...(next && { next }), ...(place.total > 0 && { total: place.total }) }
    },
    async get(table, ids, signal) {
      const found: RowFact[] = []
      let count = ids.length
      for (let from = 0; from < ids.length; from += count) {
        const { entities, rows } = await readFitting(count, (limit) => {
          const asked = ids.slice(from, from + limit)
          return client.entities({ world, models: [table], limit, ids: asked }, signal)
        })
        count = rows
        found.push(...readFacts(entities, new Set([table])))
      }
      const present = new Set(found.map(({ id }) => id))
      const gone = ids.filter((id) => !present.has(id)).map((id): RowFact => ({ kind: 'delete', table, id }))
      return [...found, ...gone]
    },
    stream,
  }
}

/** @throws {FreshetError} `torii/unknown-model` */
async function knownSchemas(
  { client, world, models }: ToriiSourceOptions,
  signal: AbortSignal,
): Promise<readonly ModelSchema[]> {
  const schemas = await client.schemas(world, models, signal)
  const missing = models.filter((tag) => !schemas.some((schema) => schema.tag === tag))
  if (missing.length === 0) return schemas
  throw new FreshetError({
    code: 'torii/unknown-model',
    kind: 'remote',
    message: `World ${world} has no model ${missing.join(', ')} that this Torii indexes. Check the tags in models, or wait until the model is registered.`,
  })
}

/** Both subscriptions; whatever ends one ends the mailbox. */
function openStreams(options: ToriiSourceOptions, mailbox: Mailbox<ToriiEntity>, signal: AbortSignal) {
  const { client, world, models, clock, silenceMs } = options
  const subscribed = Promise.withResolvers<void>()
  const firstPulse = Promise.withResolvers<Pulse>()
  const fail = (error: unknown): void => {
    mailbox.fail(error)
    subscribed.reject(error)
    firstPulse.reject(error)
  }
  const hear = async (): Promise<never> => {
    for await (const push of client.subscribeEntities(world, models, signal)) {
      if (push.kind === 'subscribed') subscribed.resolve()
      else mailbox.put(push.entity)
    }
    throw new FreshetError({
      code: 'torii/stream-ended',
      kind: 'remote',
      retryable: true,
      message:
        'The server ended the subscription, as it does with readers that are too slow. What was missed is read.',
    })
  }
  let head = 0
  const onPulse = (pulse: Pulse): void => {
    head = pulse.head
    firstPulse.resolve(pulse)
    options.onPulse(pulse)
  }
  // Whether the connections hear of it or not.
  signal.addEventListener('abort', () => fail(signal.reason), { once: true })
  hear().catch(fail)
  hearHeartbeat({ client, world, clock, silenceMs, signal, onPulse }).catch(fail)
  // Whoever awaits them is told; nobody may be by then.
  subscribed.promise.catch(() => {})
  firstPulse.promise.catch(() => {})
  return { subscribed: subscribed.promise, pulse: firstPulse.promise, head: () => head }
}

/** A proxy or a portal may stand where a Torii was and will be again: that is waited for. */
function asPassing(error: unknown, wasTorii: boolean): unknown {
  if (!wasTorii || !(error instanceof FreshetError) || error.code !== 'torii/not-torii') return error
  const { code, kind, message } = error
  return new FreshetError({
    code,
    kind,
    message: `${message} It is tried again.`,
    retryable: true,
    cause: error,
  })
}

/** Whether what is held goes on under this server: same world, models and schemas, and an indexer that has not gone back. */
function isContinued(stored: ToriiCheckpoint, now: ToriiCheckpoint): boolean {
  const tags = Object.keys(now.schemas)
  return (
    stored.world === now.world &&
    stored.epoch === now.epoch &&
    stored.head <= now.head &&
    tags.length === Object.keys(stored.schemas).length &&
    tags.every((tag) => stored.schemas[tag] === now.schemas[tag])
  )
}

/** Progress is worth one question, and no error. */
async function countOf(
  { client, world }: ToriiSourceOptions,
  tag: string,
  signal: AbortSignal,
): Promise<number> {
  try {
    return (await client.entityCount(world, modelSelector(tag), signal)) ?? 0
  } catch {
    return 0
  }
}

/** Ids held and not there, or there and not held; undefined where the server does not tell its ids. */
async function differingIds(
  { client, world, heldIds }: ToriiSourceOptions,
  { tag, selector }: ModelSchema,
  signal: AbortSignal,
): Promise<readonly string[] | undefined> {
  const there = await client.entityIds(world, selector, signal)
  if (!there) return undefined
  const held = new Set(heldIds(tag))
  return [...held].filter((id) => !there.has(id)).concat([...there].filter((id) => !held.has(id)))
}

function readPlace(cursor: Value | undefined): WalkPlace {
  if (!isRecord(cursor)) return walkStart
  const numberOf = (value: Value | undefined): number => (typeof value === 'number' ? value : 0)
  return {
    pass: numberOf(cursor['pass']),
    pages: numberOf(cursor['pages']),
    cursor: typeof cursor['cursor'] === 'string' ? cursor['cursor'] : '',
    floorBlock: numberOf(cursor['floorBlock']),
    floorTime: numberOf(cursor['floorTime']),
    headBlock: numberOf(cursor['headBlock']),
    headTime: numberOf(cursor['headTime']),
    total: numberOf(cursor['total']),
  }
}
